#include "http_call.h"
#include "late.h"

#include <dogs/os.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MAX_HOSTS = 256 };

struct http_host {
    char *name;
    enum http_speaks speaks;
    struct http_host *next;
};

static void take_share(CURL *easy, curl_lock_data what, curl_lock_access access, void *ctx)
{
    struct http *h = ctx;
    (void)easy;
    (void)access;
    lock_take(h->share_locks[what]);
}

static void drop_share(CURL *easy, curl_lock_data what, void *ctx)
{
    struct http *h = ctx;
    (void)easy;
    lock_drop(h->share_locks[what]);
}

/* Connections are not shared: libcurl's documentation has it that they cannot be between threads.
 */
static void share_open(struct http *h)
{
    static const curl_lock_data shared[] = {CURL_LOCK_DATA_DNS, CURL_LOCK_DATA_SSL_SESSION};

    for (size_t i = 0; i < sizeof h->share_locks / sizeof *h->share_locks; i++)
        h->share_locks[i] = lock_new();
    h->share = curl_share_init();
    if (!h->share)
        abort();
    curl_share_setopt(h->share, CURLSHOPT_LOCKFUNC, take_share);
    curl_share_setopt(h->share, CURLSHOPT_UNLOCKFUNC, drop_share);
    curl_share_setopt(h->share, CURLSHOPT_USERDATA, h);
    for (size_t i = 0; i < sizeof shared / sizeof *shared; i++)
        curl_share_setopt(h->share, CURLSHOPT_SHARE, shared[i]);
}

static bool has_netrc(void)
{
    static const char *const names[] = {".netrc", "_netrc"};
    const char *home = getenv("HOME");
    bool has = !home; /* libcurl knows other ways to find it */
    for (size_t i = 0; home && i < sizeof names / sizeof *names; i++) {
        char *path = os_path_join(home, names[i]);
        has = has || os_exists(path);
        free(path);
    }
    return has;
}

struct http *http_new(const struct http_opts *opts, struct err *e)
{
    if (!late_curl(e))
        return NULL;
    CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (code != CURLE_OK) {
        err_set(e, ERR_FAILED, "libcurl does not start: %s", curl_easy_strerror(code));
        return NULL;
    }
    struct http *h = xcalloc(1, sizeof *h);
    h->user_agent = xstrdup(opts->user_agent ? opts->user_agent : "dogs");
    h->ca_file = opts->ca_file && *opts->ca_file ? xstrdup(opts->ca_file) : NULL;
    h->netrc = has_netrc();
    h->lock = lock_new();
    share_open(h);
    return h;
}

static void host_free(struct http_host *host)
{
    free(host->name);
    free(host);
}

void http_free(struct http *h)
{
    if (!h)
        return;
    http_slots_free(h);
    curl_share_cleanup(h->share);
    for (size_t i = 0; i < sizeof h->share_locks / sizeof *h->share_locks; i++)
        lock_free(h->share_locks[i]);
    for (struct http_host *host = h->hosts, *next; host; host = next) {
        next = host->next;
        host_free(host);
    }
    lock_free(h->lock);
    free(h->user_agent);
    free(h->ca_file);
    free(h);
    curl_global_cleanup();
}

/* Where the pointer to a host stands: to its entry, or to the NULL at the end. */
static struct http_host **host_place(struct http *h, const char *name)
{
    struct http_host **at = &h->hosts;
    while (*at && strcasecmp((*at)->name, name) != 0)
        at = &(*at)->next;
    return at;
}

enum http_speaks http_host_speaks(struct http *h, const char *host)
{
    lock_take(h->lock);
    const struct http_host *found = *host_place(h, host);
    enum http_speaks speaks = found ? found->speaks : HTTP_SPEAKS_UNKNOWN;
    lock_drop(h->lock);
    return speaks;
}

void http_host_spoke(struct http *h, const char *host, enum http_speaks speaks)
{
    lock_take(h->lock);
    struct http_host **at = host_place(h, host);
    if (!*at && h->n_hosts == MAX_HOSTS) {
        struct http_host *oldest = h->hosts;
        h->hosts = oldest->next;
        host_free(oldest);
        h->n_hosts--;
        at = host_place(h, host);
    }
    if (!*at) {
        *at = xcalloc(1, sizeof **at);
        (*at)->name = xstrdup(host);
        h->n_hosts++;
    }
    (*at)->speaks = speaks;
    lock_drop(h->lock);
}
