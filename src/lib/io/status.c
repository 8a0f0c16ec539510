#include "lib/io/inside.h"

static const struct {
    int status;
    enum kn_code code;
} meanings[] = {
    { 0, KN_OK },
    { UV_ECONNREFUSED, KN_E_REFUSED },
    { UV_ETIMEDOUT, KN_E_TIMEOUT },
    { UV_EHOSTUNREACH, KN_E_UNREACHABLE },
    { UV_ENETUNREACH, KN_E_UNREACHABLE },
    { UV_EADDRNOTAVAIL, KN_E_UNREACHABLE },
    { UV_EADDRINUSE, KN_E_BUSY },
    { UV_EACCES, KN_E_DENIED },
    { UV_EPERM, KN_E_DENIED },
    { UV_EOF, KN_E_CLOSED },
    { UV_ECONNRESET, KN_E_CLOSED },
    { UV_EPIPE, KN_E_CLOSED },
    { UV_ECANCELED, KN_E_CANCELLED },
    { UV_EAI_CANCELED, KN_E_CANCELLED },
    { UV_ENOMEM, KN_E_NO_MEMORY },
    { UV_EAI_MEMORY, KN_E_NO_MEMORY },
    { UV_EAI_NONAME, KN_E_NOT_FOUND },
    { UV_EAI_NODATA, KN_E_NOT_FOUND },
    { UV_EAI_ADDRFAMILY, KN_E_NOT_FOUND },
};

enum kn_code kn_code_from_uv(int status)
{
    for (size_t i = 0; i < KN_COUNT(meanings); i++) {
        if (meanings[i].status == status)
            return meanings[i].code;
    }
    return KN_E_IO;
}
