#include "http_flows.h"

#include <dogs/log.h>
#include <dogs/os.h>
#include <stdlib.h>
#include <strings.h>

enum {
    SLICE_MS = 200, /* between looks at a cancel object that poll() cannot see */
    AWAY_MS = 250,  /* more than this between two waits was not the peers' fault */
    BLIND_MS = 20,  /* between looks at sockets that poll() was not told of */
    BUFFER = 512 * 1024,
    BUFFER_LEAST = 64 * 1024,
    BUFFER_2 = 64 * 1024,       /* there are as many as streams */
    BUFFERS = 16 * 1024 * 1024, /* of all connections together, unless told otherwise */
    EXTRAS = 64,
};

static size_t usual_buffer(int connections)
{
    size_t each = (size_t)BUFFERS / (size_t)connections;
    return each > BUFFER ? BUFFER : each < BUFFER_LEAST ? BUFFER_LEAST : each;
}

struct http_flows *http_flows_new(struct http *h, const struct http_flows_opts *opts, struct err *e)
{
    struct http_flows *fs = xcalloc(1, sizeof *fs);
    (void)e;
    fs->http = h;
    fs->opts = *opts;
    if (fs->opts.connections < 1)
        fs->opts.connections = 1;
    fs->limit = fs->opts.connections;
    if (!fs->opts.buffer)
        fs->opts.buffer = usual_buffer(fs->opts.connections);
    fs->seen_ms = os_mono_ms();
    struct http_flow *probe = flow_take(fs);
    fs->can_2 = curl_easy_setopt(probe->call.easy, CURLOPT_HTTP_VERSION,
                                 (long)CURL_HTTP_VERSION_2TLS) == CURLE_OK;
    flow_give(probe);
    for (int i = 0; i < LANES; i++) {
        CURLM *multi = curl_multi_init();
        if (!multi)
            abort();
        curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)fs->opts.connections);
        curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS,
                          i == LANE_2 ? (long)STREAM_CONNECTIONS : 0L);
        fs->lane[i].multi = multi;
    }
    return fs;
}

static void end_all(struct http_flow_list *list)
{
    while (list->first)
        http_flow_cancel(list->first);
}

void http_flows_free(struct http_flows *fs)
{
    if (!fs)
        return;
    fs->closing = true;
    end_all(&fs->running);
    for (int i = 0; i < LANES; i++)
        end_all(&fs->lane[i].waiting);
    while (fs->spare.first)
        flow_free(fs->spare.first);
    for (int i = 0; i < LANES; i++)
        curl_multi_cleanup(fs->lane[i].multi);
    free(fs);
}

void http_flows_limit(struct http_flows *fs, int connections)
{
    int most = fs->opts.connections;
    fs->limit = connections < 1 ? 1 : connections > most ? most : connections;
}

size_t http_flows_active(const struct http_flows *fs)
{
    return fs->active;
}

int64_t http_flows_bytes(const struct http_flows *fs)
{
    return fs->bytes;
}

void http_flows_wake(struct http_flows *fs)
{
    for (int i = 0; i < LANES; i++)
        curl_multi_wakeup(fs->lane[i].multi);
}

/* For what comes; libcurl allocates it for each connection. */
static long buffer_of(const struct http_flow *f)
{
    size_t usual = f->flows->opts.buffer;
    if (f->lane == LANE_2)
        return BUFFER_2;
    return f->req.source && usual > BUFFER_LEAST ? BUFFER_LEAST : (long)usual;
}

static void put_on_loop(struct http_flows *fs, struct http_flow *f)
{
    bool second = f->lane == LANE_2;
    curl_easy_setopt(f->call.easy, CURLOPT_HTTP_VERSION,
                     (long)(second ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(f->call.easy, CURLOPT_PIPEWAIT, second ? 1L : 0L);
    curl_easy_setopt(f->call.easy, CURLOPT_BUFFERSIZE, buffer_of(f));
    log_line(LOG_DEBUG, "http: %s %s", f->call.method, f->call.url.shown);
    f->call.began_ms = fs->seen_ms;
    f->began_clock = f->moved_clock = fs->clock_ms;
    if (curl_multi_add_handle(fs->lane[f->lane].multi, f->call.easy) != CURLM_OK)
        abort();
    f->on_loop = true;
    fs->lane[f->lane].running++;
    flow_move(f, &fs->running);
}

void flows_leave_2(struct http_flows *fs, const char *host)
{
    for (struct http_flow *f = fs->running.first, *next; f; f = next) {
        const char *its = f->call.url.host;
        next = f->next;
        if (f->lane != LANE_2 || f->call.sent || f->ended ||
            (host ? strcasecmp(its, host) != 0 : http_host_speaks(fs->http, its) != HTTP_SPEAKS_1))
            continue;
        flow_leave_loop(f);
        f->lane = LANE_1;
        flow_move(f, &fs->lane[LANE_1].waiting);
    }
}

static size_t places(const struct http_flows *fs)
{
    bool shared = fs->has_2 || fs->lane[LANE_2].running;
    return (size_t)fs->limit - (shared && fs->limit > 1);
}

/* True if there is something that libcurl has not seen yet. */
static bool launch(struct http_flows *fs)
{
    struct http_flow *f;
    bool any = false;

    while ((f = fs->lane[LANE_2].waiting.first) && fs->lane[LANE_2].running < STREAMS_MOST) {
        if (http_host_speaks(fs->http, f->call.url.host) == HTTP_SPEAKS_1) {
            f->lane = LANE_1;
            flow_move(f, &fs->lane[LANE_1].waiting);
            continue;
        }
        put_on_loop(fs, f);
        any = true;
    }
    while ((f = fs->lane[LANE_1].waiting.first) && fs->lane[LANE_1].running < places(fs)) {
        put_on_loop(fs, f);
        any = true;
    }
    return any;
}

/* The loop's own clock goes on by what has passed since, but by no more than `most`: whoever does
 * not turn the loop does not make the peers silent. */
static void pass_time(struct http_flows *fs, int64_t most)
{
    int64_t now = os_mono_ms(), passed = now - fs->seen_ms;
    fs->clock_ms += passed < most ? passed : most;
    fs->seen_ms = now;
}

/* The sockets of one loop, for another to wait for; *ms is made shorter by its timers. */
static size_t sockets_of(CURLM *multi, struct curl_waitfd *to, size_t room, int *ms)
{
    fd_set in, out, odd;
    int highest = -1;
    long timer = -1;
    size_t n = 0;

    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_ZERO(&odd);
    curl_multi_fdset(multi, &in, &out, &odd, &highest);
    for (int fd = 0; fd <= highest && n < room; fd++) {
        short events = (short)((FD_ISSET(fd, &in) ? CURL_WAIT_POLLIN : 0) |
                               (FD_ISSET(fd, &out) ? CURL_WAIT_POLLOUT : 0));
        if (events)
            to[n++] = (struct curl_waitfd){.fd = (curl_socket_t)fd, .events = events};
    }
    curl_multi_timeout(multi, &timer);
    if (timer >= 0 && timer < *ms)
        *ms = (int)timer;
    if ((highest < 0 || n == room) && *ms > BLIND_MS)
        *ms = BLIND_MS;
    return n;
}

static CURLMcode wait_for(struct http_flows *fs, int ms, struct cancel *cancel)
{
    struct curl_waitfd extra[EXTRAS];
    size_t n = 0;
    int fd = cancel_fd(cancel);
    bool second = fs->lane[LANE_2].running > 0, first = fs->lane[LANE_1].running > 0;

    if (fs->active && ms > LOOK_MS)
        ms = LOOK_MS;
    if (cancel && fd < 0 && ms > SLICE_MS)
        ms = SLICE_MS;
    if (fd >= 0)
        extra[n++] = (struct curl_waitfd){.fd = (curl_socket_t)fd, .events = CURL_WAIT_POLLIN};
    if (first && second)
        n += sockets_of(fs->lane[LANE_2].multi, extra + n, EXTRAS - n, &ms);
    CURLM *multi = fs->lane[second && !first ? LANE_2 : LANE_1].multi;
    CURLMcode code = curl_multi_poll(multi, extra, (unsigned)n, ms, NULL);
    pass_time(fs, (int64_t)ms + AWAY_MS);
    return code;
}

static CURLMcode perform(struct http_flows *fs)
{
    CURLMcode code = CURLM_OK;
    int running;

    fs->inside = true;
    for (int i = 0; i < LANES && code == CURLM_OK; i++)
        if (fs->lane[i].running)
            code = curl_multi_perform(fs->lane[i].multi, &running);
    fs->inside = false;
    return code;
}

static void reap(struct http_flows *fs)
{
    struct http_flow *f;
    int queued;

    while ((f = fs->dead.first)) {
        flow_leave_loop(f);
        flow_give(f);
    }
    if (fs->met_1)
        flows_leave_2(fs, NULL);
    fs->met_1 = false;
    for (int i = 0; i < LANES; i++)
        for (const CURLMsg *m; (m = curl_multi_info_read(fs->lane[i].multi, &queued));)
            if (m->msg == CURLMSG_DONE) {
                CURLcode code = m->data.result;
                char *owner = NULL;
                curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &owner);
                flow_done((struct http_flow *)(void *)owner, code);
            }
}

/* While a connection is made, and while a request waits for a place on one, libcurl watches. */
static enum http_stop judge(struct http_flow *f, int64_t clock)
{
    const struct http_call *c = &f->call;
    uint64_t moved = http_moved(c);
    bool streamed = f->req.source || (f->headed && f->body == HTTP_BODY_STREAM);

    if (moved != f->moved || !c->sent) {
        f->moved = moved;
        f->moved_clock = clock;
    }
    int head_ms = f->req.head_ms && !f->headed ? f->req.head_ms : c->idle_ms;
    if (clock - f->moved_clock >= head_ms) {
        f->call.idle_ms = head_ms; /* which the error will name */
        return HTTP_SILENT;
    }
    return !streamed && clock - f->began_clock >= c->total_ms ? HTTP_TOO_LONG : HTTP_GO;
}

static void look(struct http_flows *fs)
{
    struct http_flow *f;
    size_t wrong = 0;

    fs->looked_clock = fs->clock_ms;
    for (f = fs->running.first; f; f = f->next) {
        f->call.stop = judge(f, fs->clock_ms);
        wrong += f->call.stop != HTTP_GO;
    }
    /* Each `end` may change the list. */
    while (wrong--) {
        for (f = fs->running.first; f && f->call.stop == HTTP_GO;)
            f = f->next;
        if (f)
            flow_give_up(f);
    }
}

static bool interrupted(struct err *e)
{
    return err_set(e, ERR_INTERRUPTED, "interrupted");
}

bool http_flows_turn(struct http_flows *fs, int wait_ms, struct cancel *cancel, struct err *e)
{
    CURLMcode code = CURLM_OK;

    if (cancel_is(cancel))
        return interrupted(e);
    pass_time(fs, AWAY_MS);
    if (!launch(fs))
        code = wait_for(fs, wait_ms, cancel);
    if (cancel_is(cancel))
        return interrupted(e);
    if (code == CURLM_OK)
        code = perform(fs);
    pass_time(fs, AWAY_MS);
    reap(fs);
    if (fs->clock_ms - fs->looked_clock >= LOOK_MS)
        look(fs);
    if (code != CURLM_OK)
        return err_set(e, ERR_FAILED, "libcurl's loop broke (its code is %d)", (int)code);
    return true;
}
