#include "network/petals/survey.h"

#include <math.h>
#include <stdio.h>

#include "lib/base/memory.h"
#include "lib/codec/msgpack.h"
#include "lib/codec/peer_id.h"
#include "network/petals/model_info.h"
#include "network/petals/survey_parts.h"

enum { FIRST_ROWS = 16, FIRST_RECORDS = 256 };

struct kn_survey *kn_survey_new(double now)
{
    struct kn_survey *survey = kn_try_alloc(sizeof(*survey));

    if (survey == NULL)
        return NULL;
    survey->now = now;
    survey->arena = kn_arena_new();
    if (survey->arena == NULL) {
        kn_free(survey);
        return NULL;
    }
    return survey;
}

void kn_survey_free(struct kn_survey *survey)
{
    if (survey == NULL)
        return;
    kn_names_done(&survey->prefixes);
    kn_names_done(&survey->peers);
    kn_names_done(&survey->public_names);
    kn_free(survey->name_of);
    kn_free(survey->rows);
    kn_free(survey->order);
    kn_arena_free(survey->arena);
    kn_free(survey->slots);
    kn_free(survey->records);
    kn_free(survey);
}

static void count_malformed(struct kn_survey *survey, enum kn_malformed kind)
{
    survey->totals.malformed++;
    survey->totals.kinds[kind]++;
}

/* False: it is counted as what it is, and nothing more needs to be known of it. */
static bool is_alive(struct kn_survey *survey, double expiration)
{
    if (!isfinite(expiration))
        count_malformed(survey, KN_MALFORMED_EXPIRATION);
    else if (expiration <= survey->now)
        survey->totals.expired++;
    else
        return true;
    return false;
}

/* Bytes in place of text are no subkey: who looks for the text would not find them. */
static bool read_subkey(struct kn_span bytes, struct kn_span *out)
{
    struct kn_reader reader = kn_reader_of(bytes);
    struct kn_msgpack item;

    if (!kn_msgpack_next(&reader, &item) || item.kind != KN_MSGPACK_TEXT ||
        !kn_reader_at_end(&reader))
        return false;
    *out = item.bytes;
    return true;
}

static struct kn_span span_or_none(const char *text)
{
    return text != NULL ? kn_span_text(text) : kn_span(NULL, 0);
}

/* Registered before told, then the later one; the rest only makes the choice independent of the
 * order in which they came. */
static bool is_better(const struct survey_claim *claim, const struct survey_row *row)
{
    struct kn_span theirs = span_or_none(row->model.repository);
    size_t n = claim->repository.n < theirs.n ? claim->repository.n : theirs.n;
    int order = n > 0 ? memcmp(claim->repository.at, theirs.at, n) : 0;

    if (claim->registered != row->model.registered)
        return claim->registered;
    if (claim->expiration != row->expiration)
        return claim->expiration > row->expiration;
    if (claim->num_blocks != row->model.num_blocks)
        return claim->num_blocks > row->model.num_blocks;
    return order != 0 ? order > 0 : claim->repository.n > theirs.n;
}

static enum kn_code take_claim(struct kn_survey *survey, const struct survey_claim *claim,
                               struct survey_row *row)
{
    const char *repository = NULL;

    if (claim->repository.n > 0) {
        repository =
            kn_arena_dup_n(survey->arena, (const char *)claim->repository.at, claim->repository.n);
        if (repository == NULL)
            return KN_E_NO_MEMORY;
    }
    row->model.repository = repository;
    row->model.num_blocks = claim->num_blocks;
    row->model.registered = claim->registered;
    row->expiration = claim->expiration;
    return KN_OK;
}

/* A node keeps what it read: room for all that could be would be most of it. */
static bool grow_rows(struct kn_survey *survey)
{
    uint32_t room = survey->rows_room > 0 ? 2 * survey->rows_room : FIRST_ROWS;
    struct survey_row *rows;

    if (survey->rows_n < survey->rows_room)
        return true;
    rows = kn_try_realloc(survey->rows, room * sizeof(*rows));
    if (rows == NULL)
        return false;
    survey->rows = rows;
    survey->rows_room = room;
    return true;
}

enum kn_code kn_survey_claim(struct kn_survey *survey, const struct survey_claim *claim,
                             uint32_t rows_max)
{
    uint32_t at = kn_names_find(&survey->prefixes, claim->prefix);
    struct survey_row *row;
    enum kn_code rc;

    if (at != KN_NAMES_NONE) {
        row = &survey->rows[at];
        return is_better(claim, row) ? take_claim(survey, claim, row) : KN_OK;
    }
    if (survey->rows_n >= rows_max)
        return KN_E_LIMIT;
    if (!grow_rows(survey))
        return KN_E_NO_MEMORY;
    row = &survey->rows[survey->rows_n];
    *row = (struct survey_row){ 0 };
    rc = take_claim(survey, claim, row);
    if (rc != KN_OK)
        return rc;
    at = kn_names_add(&survey->prefixes, survey->arena, claim->prefix);
    if (at == KN_NAMES_NONE)
        return KN_E_NO_MEMORY;
    row->model.prefix = survey->prefixes.texts[at];
    survey->rows_n++;
    return KN_OK;
}

static void note(struct kn_survey *survey, enum kn_code rc)
{
    if (rc == KN_E_NO_MEMORY)
        survey->failed = true;
    else if (rc == KN_E_LIMIT)
        survey->totals.dropped++;
}

static enum kn_malformed read_model(const struct kn_survey_entry *entry, struct survey_claim *out)
{
    struct kn_model_info info;
    enum kn_malformed kind;

    *out = (struct survey_claim){ .expiration = entry->expiration, .registered = true };
    if (!read_subkey(entry->subkey, &out->prefix) || !kn_prefix_is_legal(out->prefix))
        return KN_MALFORMED_PREFIX;
    kind = kn_model_info_decode(entry->value, &info);
    if (kind == KN_MALFORMED_NOT) {
        out->num_blocks = info.num_blocks;
        out->repository = info.repository;
    }
    return kind;
}

void kn_survey_prefer(struct kn_survey *survey,
                      bool (*prefers)(void *arg, const char *prefix, const char *repository),
                      void *arg)
{
    survey->prefers = prefers;
    survey->prefers_arg = arg;
}

bool kn_survey_prefers(const struct kn_survey *survey, struct kn_span prefix,
                       struct kn_span repository)
{
    char name[KN_PREFIX_MAX + 1], from[KN_REPOSITORY_MAX + 1];

    if (survey->prefers == NULL || prefix.n >= sizeof(name) || repository.n >= sizeof(from))
        return false;
    (void)snprintf(name, sizeof(name), "%.*s", (int)prefix.n, (const char *)prefix.at);
    (void)snprintf(from, sizeof(from), "%.*s", (int)repository.n, (const char *)repository.at);
    return survey->prefers(survey->prefers_arg, name, repository.n > 0 ? from : NULL);
}

/* Nothing is counted here: the same entry comes again. */
void kn_survey_add_preferred(struct kn_survey *survey, const struct kn_survey_entry *entry)
{
    struct survey_claim claim;

    if (survey->planned || !isfinite(entry->expiration) || entry->expiration <= survey->now ||
        read_model(entry, &claim) != KN_MALFORMED_NOT ||
        !kn_survey_prefers(survey, claim.prefix, claim.repository))
        return;
    if (kn_survey_claim(survey, &claim, KN_SURVEY_MODELS_MAX) == KN_E_NO_MEMORY)
        survey->failed = true;
}

void kn_survey_add_model(struct kn_survey *survey, const struct kn_survey_entry *entry)
{
    struct survey_claim claim;
    enum kn_malformed kind;

    if (survey->planned || !is_alive(survey, entry->expiration))
        return;
    kind = read_model(entry, &claim);
    if (kind == KN_MALFORMED_NOT)
        note(survey, kn_survey_claim(survey, &claim, KN_SURVEY_MODELS_MAX));
    else
        count_malformed(survey, kind);
}

enum kn_code kn_survey_add_known(struct kn_survey *survey, const char *prefix, uint32_t num_blocks,
                                 const char *repository)
{
    struct survey_claim claim = {
        .prefix = kn_span_text(prefix),
        .repository = span_or_none(repository),
        .num_blocks = num_blocks,
        .expiration = (double)INFINITY,
    };

    if (survey->planned || !kn_prefix_is_legal(claim.prefix) || num_blocks < 1 ||
        num_blocks > KN_BLOCKS_MAX || claim.repository.n > KN_REPOSITORY_MAX)
        return KN_E_INVALID;
    return kn_survey_claim(survey, &claim, KN_SURVEY_MODELS_MAX);
}

/* The base58 form alone: a peer that spelled itself otherwise would be two. */
static bool is_peer_id(struct kn_span text)
{
    char again[KN_PEER_ID_TEXT_SIZE];
    struct kn_peer_id id;

    if (text.n > KN_PEER_ID_TEXT_MAX ||
        kn_peer_id_parse((const char *)text.at, text.n, &id, NULL) != KN_OK)
        return false;
    kn_peer_id_print(&id, again);
    return kn_span_equal(text, kn_span_text(again));
}

static bool grow_records(struct kn_survey *survey)
{
    uint32_t room = survey->records_room > 0 ? 2 * survey->records_room : FIRST_RECORDS;
    struct survey_record *records;

    if (survey->records_n < survey->records_room)
        return true;
    records = kn_try_realloc(survey->records, room * sizeof(*records));
    if (records == NULL)
        return false;
    survey->records = records;
    survey->records_room = room;
    return true;
}

/* Who says it, what it says, and what is wrong with it. */
struct reading {
    struct kn_span peer;
    uint32_t known_peer; /* KN_NAMES_NONE: met for the first time */
    struct kn_server_info info;
    enum kn_malformed kind;
};

static void read_server(const struct kn_survey *survey, uint32_t slot,
                        const struct kn_survey_entry *entry, struct reading *out)
{
    out->kind = KN_MALFORMED_PEER;
    if (!read_subkey(entry->subkey, &out->peer))
        return;
    out->known_peer = kn_names_find(&survey->peers, out->peer);
    if (out->known_peer == KN_NAMES_NONE && !is_peer_id(out->peer))
        return;
    out->kind = kn_server_info_decode(entry->value, &out->info);
    if (out->kind == KN_MALFORMED_NOT &&
        !kn_server_info_holds(&out->info, survey->slots[slot].index))
        out->kind = KN_MALFORMED_RANGE;
}

/* What a provider calls itself, for whoever looks for a name that is free. */
static enum kn_code keep_name(struct kn_survey *survey, uint32_t peer,
                              const struct kn_server_text *name)
{
    uint32_t room = survey->name_of_room > 0 ? survey->name_of_room : FIRST_RECORDS;
    uint32_t *name_of = survey->name_of;

    while (room <= peer)
        room *= 2;
    if (room != survey->name_of_room) {
        name_of = kn_try_realloc(name_of, room * sizeof(*name_of));
        if (name_of == NULL)
            return KN_E_NO_MEMORY;
        for (uint32_t i = survey->name_of_room; i < room; i++)
            name_of[i] = KN_NAMES_NONE;
        survey->name_of = name_of;
        survey->name_of_room = room;
    }
    if (!name->given || name->at[0] == '\0')
        return KN_OK;
    name_of[peer] = kn_names_add(&survey->public_names, survey->arena, kn_span_text(name->at));
    return name_of[peer] != KN_NAMES_NONE ? KN_OK : KN_E_NO_MEMORY;
}

static enum kn_code add_record(struct kn_survey *survey, uint32_t slot,
                               const struct reading *reading, double expiration)
{
    uint32_t peer = reading->known_peer;

    if (survey->records_n >= KN_SURVEY_RECORDS_MAX ||
        (peer == KN_NAMES_NONE && survey->peers.n >= KN_SURVEY_PROVIDERS_MAX))
        return KN_E_LIMIT;
    if (peer == KN_NAMES_NONE)
        peer = kn_names_add(&survey->peers, survey->arena, reading->peer);
    if (peer == KN_NAMES_NONE || !grow_records(survey))
        return KN_E_NO_MEMORY;
    survey->records[survey->records_n++] = (struct survey_record){
        .slot = slot,
        .peer = peer,
        .state = reading->info.state,
        .throughput = reading->info.throughput,
        .expiration = expiration,
    };
    return keep_name(survey, peer, &reading->info.public_name);
}

void kn_survey_add_server(struct kn_survey *survey, uint32_t slot,
                          const struct kn_survey_entry *entry)
{
    struct reading reading;

    if (slot >= survey->slots_n || !is_alive(survey, entry->expiration))
        return;
    survey->slots[slot].unanswered = false;
    read_server(survey, slot, entry, &reading);
    if (reading.kind != KN_MALFORMED_NOT)
        count_malformed(survey, reading.kind);
    else
        note(survey, add_record(survey, slot, &reading, entry->expiration));
}

void kn_survey_unanswered(struct kn_survey *survey, uint32_t slot)
{
    if (slot < survey->slots_n)
        survey->slots[slot].unanswered = true;
}
