#include "client.h"
#include "sleeper.h"
#include <dogs/awake.h>
#include <dogs/http.h>
#include <dogs/log.h>
#include <dogs/os.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    PER_PAGE = 200,
    LIST_READS = 4,    /* of a list whose count does not fit */
    BACKOFF_MS = 1000, /* doubles with each try */
    BACKOFF_MAX_MS = 20000,
    LIMIT_STEP_MS = 60000,        /* longest single wait for the hourly limit, or after a 5xx */
    RETRY_AFTER_MAX_MS = 900000,  /* and where a 429 names the time */
    LIMIT_TOTAL_MS = 2 * 3600000, /* the hourly window twice: then something else is wrong */
};

struct cloud {
    struct http *http;
    char *base_url, *token;
    struct cancel *cancel;
    double speed;
    bool is_sandbox;
    struct sleeper sleeper;
    int64_t stepped_ms; /* where its clock is stepped: what it said last; 0 = it has not yet */
    int64_t date, date_mono_ms; /* newest Date header and when it came; 0 = none yet */
    int64_t mono_ms, mono_at;   /* the cloud's clock when its speed was last learnt, and when */
    int64_t skew;
    long calls;
    int64_t end_ms; /* see cloud_set_end */
    uint64_t random;
};

struct cloud *cloud_new(const struct cloud_opts *opts, struct err *e)
{
    bool own_ca = opts->ca_file && *opts->ca_file;
    struct http *http = http_new(&(struct http_opts){.user_agent = "dogs/" DOGS_VERSION,
                                                     .ca_file = own_ca ? opts->ca_file : NULL},
                                 e);
    if (!http)
        return NULL;
    log_secret(opts->token);
    struct cloud *c = xcalloc(1, sizeof *c);
    *c = (struct cloud){.http = http,
                        .base_url = xstrdup(opts->base_url),
                        .token = xstrdup(opts->token),
                        .cancel = opts->cancel,
                        .speed = 1,
                        .mono_at = os_mono_ms()};
    os_random(&c->random, sizeof c->random);
    return c;
}

void cloud_free(struct cloud *c)
{
    if (!c)
        return;
    sleeper_leave(&c->sleeper, c->http, c->base_url);
    http_free(c->http);
    free(c->base_url);
    free(c->token);
    free(c);
}

int64_t cloud_now(const struct cloud *c)
{
    if (!c->date)
        return os_unix_ms() / 1000;
    return c->date + (int64_t)((double)(os_mono_ms() - c->date_mono_ms) * c->speed / 1000);
}

int64_t cloud_answered_at(const struct cloud *c)
{
    return c->date ? c->date : cloud_now(c);
}

int64_t cloud_clock_skew(const struct cloud *c)
{
    return c->skew;
}

double cloud_speed(const struct cloud *c)
{
    return c->speed;
}

int64_t cloud_mono_ms(const struct cloud *c)
{
    return c->mono_ms + (int64_t)((double)(os_mono_ms() - c->mono_at) * c->speed);
}

/* The stepped clock of a sandbox says where it is. */
static void note_step(struct cloud *c, int64_t now_ms)
{
    if (c->stepped_ms && now_ms > c->stepped_ms)
        c->mono_ms += now_ms - c->stepped_ms;
    c->stepped_ms = now_ms;
    c->date = now_ms / 1000;
}

bool cloud_sleep(struct cloud *c, int64_t ms)
{
    if (c->speed <= 0) {
        int64_t now_ms = c->stepped_ms;
        bool cancelled = sleeper_sleep(&c->sleeper, c->http, c->base_url, ms, c->cancel, &now_ms);
        note_step(c, now_ms);
        return cancelled;
    }
    return cancel_sleep(c->cancel, (int64_t)ceil((double)ms / c->speed));
}

void cloud_set_end(struct cloud *c, int64_t mono_ms)
{
    c->end_ms = mono_ms;
}

long cloud_calls(const struct cloud *c)
{
    return c->calls;
}

/* Between half of ms and the whole, so that clients that failed together do not return together. */
static int64_t jittered(struct cloud *c, int64_t ms)
{
    c->random = c->random * 6364136223846793005u + 1442695040888963407u;
    return ms / 2 + (int64_t)((c->random >> 33) % (uint64_t)(ms / 2 + 1));
}

static void note_time(struct cloud *c, const struct http_resp *r)
{
    const char *speed = http_header(r, "x-sandbox-speed");
    if (speed && http_is_loopback(c->base_url)) {
        double v = strtod(speed, NULL);
        c->mono_ms = cloud_mono_ms(c);
        c->mono_at = os_mono_ms();
        c->is_sandbox = true;
        int64_t now_ms;
        const char *now = http_header(r, "x-sandbox-now");
        bool steps = strcmp(speed, "0") == 0 && now && str_int64(now, 1, INT64_MAX, &now_ms);
        c->speed = steps ? 0 : v > 0 && v <= 1e6 ? v : 1;
        if (steps) {
            sleeper_join(&c->sleeper, c->http, c->base_url);
            note_step(c, now_ms);
        }
    }
    const char *date = http_header(r, "date");
    int64_t t;
    if (!date || !when_from_http(date, &t))
        return;
    c->date = t;
    c->date_mono_ms = os_mono_ms();
    c->skew = c->is_sandbox ? 0 : os_unix_ms() / 1000 - t;
}

/* The words of an error answer. Seen in the wild: message as text, as an object, `messages` as a
 * list, an HTML page of the edge, nothing at all (reference §2.1). */
static void add_reason(struct str *out, const cJSON *body, const struct http_resp *r)
{
    const char *message = json_text(body, "message", json_text(body, "messages[0]", NULL));
    const cJSON *object = json_at(body, "message");
    if (message && *message) {
        char cut[301];
        str_copy(cut, sizeof cut, message);
        str_addf(out, ": %s", cut);
    } else if (cJSON_IsObject(object)) {
        char *text = json_print(object);
        str_addf(out, ": %.300s", text);
        free(text);
    } else if (json_text(body, "id", NULL)) {
        str_addf(out, ": %.100s", json_text(body, "id", ""));
    } else if (r->body.len) {
        str_addf(out, " with %s instead of JSON",
                 str_has(str_text(&r->body), "<html") ? "an HTML page" : "unreadable text");
    } else {
        str_add(out, " without a reason");
    }
    const char *id = json_text(body, "request_id", http_header(r, "x-request-id"));
    if (id && *id)
        str_addf(out, " (request %.60s)", id);
}

static bool mentions_pending(const char *text)
{
    return str_has(text, "pending event") || str_has(text, "blocking event");
}

/* One line, and nothing that a terminal would obey. */
static void make_plain(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7F)
            *text = ' ';
}

static bool answer_error(const struct call *call, const struct http_resp *r, struct err *e)
{
    struct err ignored;
    cJSON *body = json_parse(str_text(&r->body), r->body.len, &ignored);
    struct str text = STR(sizeof e->text - 1);
    str_addf(&text, "HTTP %d", r->status);
    add_reason(&text, body, r);
    enum err_code code = r->status == 401 || r->status == 403 ? ERR_AUTH
                         : r->status == 404                   ? ERR_NOT_FOUND
                         : r->status == 429                   ? ERR_RATE_LIMIT
                                                              : ERR_REFUSED;
    make_plain(text.p);
    err_set(e, code, "%s", str_text(&text));
    e->http_status = r->status;
    bool is_get = strcmp(call->method, "GET") == 0;
    e->ambiguous = r->status >= 500 && !is_get;
    e->retryable = r->status == 429 || r->status >= 500 ||
                   (r->status == 422 && mentions_pending(str_text(&text)));
    if (r->status == 401)
        err_hint(e, "the token is wrong, expired or revoked: make a new one in the control panel "
                    "(API, Tokens) and put it where the old one was");
    else if (r->status == 403)
        err_hint(e, "the token must have the scope %s for this; make one that has it", call->scope);
    else if (r->status >= 500)
        err_hint(e, "the API has trouble; try again in some minutes");
    str_release(&text);
    cJSON_Delete(body);
    return false;
}

/* One request, one answer, no second try. */
static bool send_once(struct cloud *c, const struct call *call, cJSON **out, int64_t *wait_ms,
                      struct err *e)
{
    char *url = xasprintf("%s%s", c->base_url, call->path);
    struct http_resp r = {0};
    struct http_req req = {.method = call->method,
                           .url = url,
                           .bearer = c->token,
                           .body = call->body,
                           .body_len = call->body ? strlen(call->body) : 0};
    c->calls++;
    *wait_ms = 0;
    bool ok = http_do(c->http, &req, &r, c->cancel, e);
    if (ok) {
        note_time(c, &r);
        const char *after = http_header(&r, "retry-after");
        const char *reset = http_header(&r, "ratelimit-reset");
        int64_t v;
        if (after && str_int64(after, 0, 86400, &v))
            *wait_ms = v * 1000 + 250;
        else if (r.status == 429 && reset && str_int64(reset, 0, INT64_MAX / 1000, &v))
            *wait_ms = (v - cloud_now(c)) * 1000;
        if (!after && *wait_ms > LIMIT_STEP_MS)
            *wait_ms = LIMIT_STEP_MS;
        if (r.status < 200 || r.status > 299) {
            ok = answer_error(call, &r, e);
        } else if (r.body.len > 0 && r.status != 204) {
            *out = json_parse(str_text(&r.body), r.body.len, e);
            ok = *out != NULL;
        } else if (strcmp(call->method, "GET") == 0) {
            ok = err_set(e, ERR_PROTOCOL, "HTTP %d with an empty body", r.status);
        }
        if (!ok && e->code == ERR_PROTOCOL) {
            e->retryable = true;
            e->ambiguous = strcmp(call->method, "GET") != 0;
        }
    }
    http_resp_release(&r);
    free(url);
    return ok;
}

bool client_call(struct cloud *c, const struct call *call, cJSON **out, struct err *e)
{
    bool is_get = strcmp(call->method, "GET") == 0;
    int64_t limited_ms = 0;
    *out = NULL;
    for (int tries = 1;;) {
        int64_t wait_ms;
        struct err why = {0};
        if (send_once(c, call, out, &wait_ms, &why))
            return true;
        bool limited = why.http_status == 429 && limited_ms < LIMIT_TOTAL_MS && !call->once;
        bool again = limited || (tries < CLOUD_TRIES && why.retryable && !call->once &&
                                 why.http_status != 422 && (is_get || !why.ambiguous) &&
                                 why.http_status != 429);
        if (!again) {
            *e = why;
            return err_wrap(e, "%s %s", call->method, call->path);
        }
        int64_t backoff = (int64_t)BACKOFF_MS << (tries - 1);
        backoff = jittered(c, backoff < BACKOFF_MAX_MS ? backoff : BACKOFF_MAX_MS);
        if (limited) {
            wait_ms = wait_ms < BACKOFF_MS ? BACKOFF_MS : wait_ms;
            wait_ms = wait_ms < RETRY_AFTER_MAX_MS ? wait_ms : RETRY_AFTER_MAX_MS;
            limited_ms += wait_ms;
        } else {
            wait_ms = wait_ms ? wait_ms : backoff;
            wait_ms = wait_ms < LIMIT_STEP_MS ? wait_ms : LIMIT_STEP_MS;
            tries++;
        }
        int64_t real_ms = c->speed > 0 ? (int64_t)((double)wait_ms / c->speed) : 0;
        if (c->end_ms && os_mono_ms() + real_ms >= c->end_ms) {
            *e = why;
            e->code = ERR_TIMEOUT;
            return err_wrap(e, "%s %s: no answer in time", call->method, call->path);
        }
        log_line(LOG_INFO, "%s %s: %s; again in %lld ms", call->method, call->path, why.text,
                 (long long)wait_ms);
        int64_t slept_ms = awake_slept_ms();
        if (cloud_sleep(c, wait_ms))
            return err_set(e, ERR_INTERRUPTED, "interrupted");
        /* What was right to ask for before this computer slept may not be so any more. */
        if (!is_get && awake_slept_ms() - slept_ms >= AWAKE_SLEPT_MS) {
            *e = why;
            return err_wrap(e, "%s %s: not repeated after a sleep", call->method, call->path);
        }
    }
}

struct pages {
    char *bytes; /* n elements of list->size */
    size_t n, cap;
};

static int by_id(const void *a, const void *b)
{
    int64_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x < y ? -1 : x > y;
}

static bool add_page(const struct list *list, const cJSON *page, struct pages *all, struct err *e)
{
    const cJSON *elements, *one;
    if (!json_need_array(page, list->member, &elements, e))
        return false;
    cJSON_ArrayForEach(one, elements)
    {
        if (all->n == all->cap) {
            all->cap = all->cap ? all->cap * 2 : 32;
            all->bytes = xrealloc(all->bytes, all->cap * list->size);
        }
        void *element = all->bytes + all->n * list->size;
        memset(element, 0, list->size);
        if (!list->parse(one, element, e))
            return err_wrap(e, "%s", list->member);
        all->n++;
    }
    return true;
}

/* An element that slid from one page to the next while they were read stands there twice. */
static void drop_repeated(const struct list *list, struct pages *all)
{
    if (list->no_id || all->n == 0)
        return;
    qsort(all->bytes, all->n, list->size, by_id);
    size_t kept = 1;
    for (size_t i = 1; i < all->n; i++) {
        char *at = all->bytes + i * list->size;
        if (by_id(at, at - list->size) != 0)
            memmove(all->bytes + kept++ * list->size, at, list->size);
    }
    all->n = kept;
}

static bool read_pages(struct cloud *c, const struct list *list, struct pages *all, int64_t *total,
                       struct err *e)
{
    bool more = true;
    for (int page = 1; more; page++) {
        if (page > CLOUD_MAX_PAGES)
            return err_set(e, ERR_PROTOCOL, "more than %d pages", CLOUD_MAX_PAGES);
        char path[512];
        snprintf(path, sizeof path, "%s?per_page=%d&page=%d%s%s", list->path, PER_PAGE, page,
                 list->filter ? "&" : "", list->filter ? list->filter : "");
        cJSON *json;
        if (!client_call(c, &(struct call){.method = "GET", .path = path, .scope = list->scope},
                         &json, e))
            return false;
        size_t before = all->n;
        bool ok = add_page(list, json, all, e);
        int64_t told = json_int(json, "meta.total", -1);
        *total = told > *total ? told : *total;
        more = json_text(json, "links.pages.next", NULL) != NULL && all->n > before;
        cJSON_Delete(json);
        if (!ok)
            return err_wrap(e, "GET %s", path);
    }
    return true;
}

bool client_list(struct cloud *c, const struct list *list, void **out, size_t *n, struct err *e)
{
    int64_t total = -1;
    struct pages all = {0};
    for (int read = 1; read <= LIST_READS; read++) {
        all.n = 0;
        total = -1;
        if (!read_pages(c, list, &all, &total, e))
            goto fail;
        drop_repeated(list, &all);
        if (total >= 0 && (int64_t)all.n >= total) {
            *out = all.bytes ? all.bytes : xmalloc(1);
            *n = all.n;
            return true;
        }
        if (read < LIST_READS && cloud_sleep(c, BACKOFF_MS)) {
            err_set(e, ERR_INTERRUPTED, "interrupted");
            goto fail;
        }
    }
    if (total < 0)
        err_set(e, ERR_PROTOCOL, "GET %s: the API does not say how many there are", list->path);
    else
        err_set(e, ERR_PROTOCOL, "GET %s: the API counts %lld and shows %zu; the rest is unknown",
                list->path, (long long)total, all.n);
    e->retryable = true;
    err_hint(e, "try again in some minutes");
fail:
    free(all.bytes);
    return false;
}
