#include "http_call.h"

#include <errno.h>

const char *http_os_words(long os_code)
{
    static const struct {
        long code;
        const char *words;
    } known[] = {{ECONNREFUSED, "connection refused"},
                 {ENETUNREACH, "network is unreachable"},
                 {EHOSTUNREACH, "no route to the host"},
                 {ETIMEDOUT, "no answer"},
                 {ECONNRESET, "connection reset"}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].code == os_code)
            return known[i].words;
    return NULL;
}
