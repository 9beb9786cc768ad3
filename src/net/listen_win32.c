#include "listen.h"

#include <stdio.h>
#include <string.h>
#include <winsock2.h>
#include <ws2tcpip.h>

enum { BACKLOG = 128 };

static bool fail(struct err *e, int code, const char *address, int port)
{
    err_os(e, ERR_NETWORK, code, "listen at %s port %d", address, port);
    /* A port that another program holds for itself alone gives WSAEACCES. */
    if (code == WSAEADDRINUSE || code == WSAEACCES)
        err_hint(e, "another program listens there; choose another --port, or --port 0 for any "
                    "free one");
    else if (code == WSAEADDRNOTAVAIL)
        err_hint(e, "%s is no address of this machine", address);
    return false;
}

static int port_of(SOCKET s)
{
    struct sockaddr_storage at = {0};
    int size = sizeof at;
    if (getsockname(s, (struct sockaddr *)&at, &size) != 0)
        return -1;
    if (at.ss_family == AF_INET6)
        return ntohs(((struct sockaddr_in6 *)&at)->sin6_port);
    return ntohs(((struct sockaddr_in *)&at)->sin_port);
}

/* 0, or the system's code. */
static int open_at(const struct addrinfo *to, SOCKET *out)
{
    const DWORD yes = 1;
    SOCKET s = WSASocketW(to->ai_family, to->ai_socktype, to->ai_protocol, NULL, 0,
                          WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);
    if (s == INVALID_SOCKET)
        return WSAGetLastError();
    /* SO_REUSEADDR here would let another program take the port over. */
    bool ok = setsockopt(s, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, (const char *)&yes, sizeof yes) == 0;
    /* Without this "::" would take IPv4 as well, which is wider than asked. */
    if (ok && to->ai_family == AF_INET6)
        ok = setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, (const char *)&yes, sizeof yes) == 0;
    if (ok && bind(s, to->ai_addr, (int)to->ai_addrlen) == 0 && listen(s, BACKLOG) == 0) {
        *out = s;
        return 0;
    }
    int code = WSAGetLastError();
    closesocket(s);
    return code;
}

bool listen_open(const char *address, int port, int *fd, int *bound, struct err *e)
{
    const char *numeric = strcmp(address, "localhost") == 0 ? "127.0.0.1" : address;
    const struct addrinfo want = {.ai_family = AF_UNSPEC,
                                  .ai_socktype = SOCK_STREAM,
                                  .ai_flags = AI_NUMERICHOST | AI_PASSIVE};
    struct addrinfo *found = NULL;
    SOCKET s = INVALID_SOCKET;
    char service[16];
    WSADATA ignored;

    if (port < 0 || port > 65535)
        return err_set(e, ERR_CONFIG, "port %d is not between 0 and 65535", port);
    int code = WSAStartup(MAKEWORD(2, 2), &ignored);
    if (code)
        return err_os(e, ERR_NETWORK, code, "Windows' sockets do not start");
    snprintf(service, sizeof service, "%d", port);
    /* An empty text would mean "everywhere" to getaddrinfo. */
    if (!*numeric || getaddrinfo(numeric, service, &want, &found) != 0)
        return err_set(e, ERR_CONFIG, "'%s' is not a numeric address to listen at", address);
    code = open_at(found, &s);
    freeaddrinfo(found);
    if (code)
        return fail(e, code, address, port);
    /* Handles of the kernel have 32 significant bits. */
    *fd = (int)s;
    *bound = port_of(s);
    return true;
}
