#include "late.h"

#include <curl/curl.h>
#include <dogs/os.h>
#include <stdarg.h>

/* Result, name after curl_, parameters, the same as arguments. */
#define CALLS(X)                                                                                   \
    X(CURLcode, global_init, (long flags), (flags))                                                \
    X(void, global_cleanup, (void), ())                                                            \
    X(void, free, (void *p), (p))                                                                  \
    X(CURL *, easy_init, (void), ())                                                               \
    X(void, easy_reset, (CURL * easy), (easy))                                                     \
    X(void, easy_cleanup, (CURL * easy), (easy))                                                   \
    X(const char *, easy_strerror, (CURLcode code), (code))                                        \
    X(CURLM *, multi_init, (void), ())                                                             \
    X(CURLMcode, multi_cleanup, (CURLM * multi), (multi))                                          \
    X(CURLMcode, multi_add_handle, (CURLM * multi, CURL * easy), (multi, easy))                    \
    X(CURLMcode, multi_remove_handle, (CURLM * multi, CURL * easy), (multi, easy))                 \
    X(CURLMcode, multi_perform, (CURLM * multi, int *running), (multi, running))                   \
    X(CURLMcode, multi_poll,                                                                       \
      (CURLM * multi, struct curl_waitfd fds[], unsigned n, int ms, int *ready),                   \
      (multi, fds, n, ms, ready))                                                                  \
    X(CURLMcode, multi_wakeup, (CURLM * multi), (multi))                                           \
    X(CURLMcode, multi_timeout, (CURLM * multi, long *ms), (multi, ms))                            \
    X(CURLMcode, multi_fdset,                                                                      \
      (CURLM * multi, fd_set * in, fd_set * out, fd_set * odd, int *highest),                      \
      (multi, in, out, odd, highest))                                                              \
    X(CURLMsg *, multi_info_read, (CURLM * multi, int *queued), (multi, queued))                   \
    X(struct curl_slist *, slist_append, (struct curl_slist * list, const char *text),             \
      (list, text))                                                                                \
    X(void, slist_free_all, (struct curl_slist * list), (list))                                    \
    X(CURLSH *, share_init, (void), ())                                                            \
    X(CURLSHcode, share_cleanup, (CURLSH * share), (share))                                        \
    X(CURLU *, url, (void), ())                                                                    \
    X(void, url_cleanup, (CURLU * url), (url))                                                     \
    X(CURLUcode, url_get, (CURLU * url, CURLUPart what, char **part, unsigned flags),              \
      (url, what, part, flags))                                                                    \
    X(CURLUcode, url_set, (CURLU * url, CURLUPart what, const char *part, unsigned flags),         \
      (url, what, part, flags))                                                                    \
    X(const char *, url_strerror, (CURLUcode code), (code))

#define VARIADIC_CALLS(X)                                                                          \
    X(CURLcode, easy_setopt)                                                                       \
    X(CURLcode, easy_getinfo)                                                                      \
    X(CURLMcode, multi_setopt)                                                                     \
    X(CURLSHcode, share_setopt)

static struct {
#define X(result, name, ...) __typeof__(&curl_##name) name;
    CALLS(X)
    VARIADIC_CALLS(X)
#undef X
} real;

bool late_curl(struct err *e)
{
    static const char *const names[] = {DOGS_LATE_CURL, NULL};
    static const struct os_symbol symbols[] = {
#define X(result, name, ...) {"curl_" #name, &real.name},
        CALLS(X) VARIADIC_CALLS(X){0}
#undef X
    };
    static struct os_library library = {.names = names, .symbols = symbols};
    if (os_load(&library, e))
        return true;
    err_wrap(e, "load libcurl");
    return err_hint(e, "install libcurl (Debian, Ubuntu: apt install libcurl4)");
}

#define X(result, name, parameters, arguments)                                                     \
    result curl_##name parameters                                                                  \
    {                                                                                              \
        return real.name arguments;                                                                \
    }
CALLS(X)
#undef X

/* An option's number tells the type of its value (curl.h: CURLOPTTYPE_*). The brackets around the
 * names keep curl.h's macros, which check that type where the option is set, from these. */
#define PASS_ON(call, handle, option, args)                                                        \
    ((int)(option) < CURLOPTTYPE_OBJECTPOINT ? call(handle, option, va_arg(args, long))            \
     : (int)(option) >= CURLOPTTYPE_OFF_T && (int)(option) < CURLOPTTYPE_BLOB                      \
         ? call(handle, option, va_arg(args, curl_off_t))                                          \
         : call(handle, option, va_arg(args, void *)))

CURLcode(curl_easy_setopt)(CURL *easy, CURLoption option, ...)
{
    va_list args;
    va_start(args, option);
    CURLcode code = PASS_ON(real.easy_setopt, easy, option, args);
    va_end(args);
    return code;
}

CURLMcode(curl_multi_setopt)(CURLM *multi, CURLMoption option, ...)
{
    va_list args;
    va_start(args, option);
    CURLMcode code = PASS_ON(real.multi_setopt, multi, option, args);
    va_end(args);
    return code;
}

/* Of its options those before the functions are numbers. */
CURLSHcode(curl_share_setopt)(CURLSH *share, CURLSHoption option, ...)
{
    va_list args;
    va_start(args, option);
    CURLSHcode code = option < CURLSHOPT_LOCKFUNC
                          ? real.share_setopt(share, option, va_arg(args, int))
                          : real.share_setopt(share, option, va_arg(args, void *));
    va_end(args);
    return code;
}

CURLcode(curl_easy_getinfo)(CURL *easy, CURLINFO info, ...)
{
    va_list args;
    va_start(args, info);
    CURLcode code = real.easy_getinfo(easy, info, va_arg(args, void *));
    va_end(args);
    return code;
}
