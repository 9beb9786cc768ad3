#include "late.h"

#include <dogs/os.h>
#include <microhttpd.h>
#include <stdarg.h>

/* Result, name after MHD_, parameters, the same as arguments. */
#define CALLS(X)                                                                                   \
    X(void, stop_daemon, (struct MHD_Daemon * daemon), (daemon))                                   \
    X(size_t, http_unescape, (char *text), (text))                                                 \
    X(enum MHD_Result, lookup_connection_value_n,                                                  \
      (struct MHD_Connection * conn, enum MHD_ValueKind kind, const char *key, size_t key_len,     \
       const char **value, size_t *len),                                                           \
      (conn, kind, key, key_len, value, len))                                                      \
    X(struct MHD_Response *, create_response_from_buffer,                                          \
      (size_t len, void *bytes, enum MHD_ResponseMemoryMode mode), (len, bytes, mode))             \
    X(struct MHD_Response *, create_response_from_callback,                                        \
      (uint64_t len, size_t block, MHD_ContentReaderCallback read, void *ctx,                      \
       MHD_ContentReaderFreeCallback done),                                                        \
      (len, block, read, ctx, done))                                                               \
    X(enum MHD_Result, add_response_header,                                                        \
      (struct MHD_Response * response, const char *name, const char *value),                       \
      (response, name, value))                                                                     \
    X(enum MHD_Result, queue_response,                                                             \
      (struct MHD_Connection * conn, unsigned status, struct MHD_Response *response),              \
      (conn, status, response))                                                                    \
    X(void, destroy_response, (struct MHD_Response * response), (response))

static struct {
#define X(result, name, ...) __typeof__(&MHD_##name) name;
    CALLS(X)
#undef X
    __typeof__(&MHD_start_daemon_va) start_daemon_va;
} real;

bool late_mhd(struct err *e)
{
    static const char *const names[] = {DOGS_LATE_MHD, NULL};
    static const struct os_symbol symbols[] = {
#define X(result, name, ...) {"MHD_" #name, &real.name},
        CALLS(X)
#undef X
            {"MHD_start_daemon_va", &real.start_daemon_va},
        {0}};
    static struct os_library library = {.names = names, .symbols = symbols};
    if (os_load(&library, e))
        return true;
    err_wrap(e, "load libmicrohttpd");
    return err_hint(e, "install libmicrohttpd (Debian, Ubuntu: apt install libmicrohttpd12)");
}

#define X(result, name, parameters, arguments)                                                     \
    result MHD_##name parameters                                                                   \
    {                                                                                              \
        return real.name arguments;                                                                \
    }
CALLS(X)
#undef X

struct MHD_Daemon *MHD_start_daemon(unsigned flags, uint16_t port, MHD_AcceptPolicyCallback accept,
                                    void *accept_ctx, MHD_AccessHandlerCallback handler,
                                    void *handler_ctx, ...)
{
    va_list args;
    va_start(args, handler_ctx);
    struct MHD_Daemon *daemon =
        real.start_daemon_va(flags, port, accept, accept_ctx, handler, handler_ctx, args);
    va_end(args);
    return daemon;
}
