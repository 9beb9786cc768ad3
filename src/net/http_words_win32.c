#include "http_call.h"

#include <winsock2.h>

const char *http_os_words(long os_code)
{
    static const struct {
        long code;
        const char *words;
    } known[] = {{WSAECONNREFUSED, "connection refused"},
                 {WSAENETUNREACH, "network is unreachable"},
                 {WSAEHOSTUNREACH, "no route to the host"},
                 {WSAETIMEDOUT, "no answer"},
                 {WSAECONNRESET, "connection reset"}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].code == os_code)
            return known[i].words;
    return NULL;
}
