#include "lib/io/dns_message.h"

#include <arpa/nameser.h>

/* One record's data: strings, each behind a byte of length. false: not whole. */
static bool join(const uint8_t *at, size_t n, char out[KN_RESOLVE_TXT_TEXT_MAX + 1], size_t *out_n)
{
    const uint8_t *end = at + n;

    *out_n = 0;
    while (at < end) {
        size_t length = *at++;

        if (length > (size_t)(end - at))
            return false;
        if (*out_n + length <= KN_RESOLVE_TXT_TEXT_MAX && length > 0)
            memcpy(out + *out_n, at, length);
        *out_n += length;
        at += length;
    }
    return true;
}

/* A record of another type, a name that points on for instance, is passed over. */
static bool take(const ns_rr *record, struct kn_dns_texts *out)
{
    char *text = out->text[out->n];
    size_t n;

    if (ns_rr_type(*record) != ns_t_txt || ns_rr_class(*record) != ns_c_in)
        return true;
    if (!join(ns_rr_rdata(*record), ns_rr_rdlen(*record), text, &n))
        return false;
    if (n > KN_RESOLVE_TXT_TEXT_MAX || memchr(text, '\0', n) != NULL)
        return true;
    text[n] = '\0';
    out->n++;
    return true;
}

static enum kn_code judge_header(ns_msg *message)
{
    if (ns_msg_getflag(*message, ns_f_qr) == 0) /* a question */
        return KN_E_SYNTAX;
    if (ns_msg_getflag(*message, ns_f_rcode) == ns_r_nxdomain)
        return KN_E_NOT_FOUND;
    return ns_msg_getflag(*message, ns_f_rcode) == ns_r_noerror ? KN_OK : KN_E_IO;
}

static enum kn_code read_answers(ns_msg *message, struct kn_dns_texts *out)
{
    int n = ns_msg_count(*message, ns_s_an);

    for (int i = 0; i < n && out->n < KN_RESOLVE_TXT_MAX; i++) {
        ns_rr record;

        if (ns_parserr(message, ns_s_an, i, &record) != 0 || !take(&record, out)) {
            out->n = 0;
            return KN_E_SYNTAX;
        }
    }
    return out->n > 0 ? KN_OK : KN_E_NOT_FOUND;
}

enum kn_code kn_dns_txt_read(struct kn_span message, struct kn_dns_texts *out)
{
    enum kn_code rc;
    ns_msg parsed;

    out->n = 0;
    if (message.n > KN_DNS_MESSAGE_MAX || message.n < NS_HFIXEDSZ)
        return KN_E_SYNTAX;
    if (ns_initparse(message.at, (int)message.n, &parsed) != 0)
        return KN_E_SYNTAX;
    rc = judge_header(&parsed);
    return rc == KN_OK ? read_answers(&parsed, out) : rc;
}
