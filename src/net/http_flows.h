/* http_flows: what a flow and the loop that drives it know of each other. Private to net. */
#ifndef DOGS_NET_HTTP_FLOWS_H
#define DOGS_NET_HTTP_FLOWS_H

#include "http_call.h"

/* HTTP/1.1 and HTTP/2 have a libcurl loop each: libcurl 7.88 keeps one verdict for all connections
 * to a host whether they take several requests at a time (connectbundle.multiuse), so that a
 * request that must be HTTP/1.1 would spoil the multiplexing of the others. */
enum lane { LANE_1, LANE_2, LANES };

enum {
    STREAMS_MOST = 100,     /* HTTP/2 requests under way at once */
    STREAM_CONNECTIONS = 2, /* that they share: one in use, one that the server wants to end */
    COLLECT_MOST = 64 * 1024,
    LOOK_MS = 500, /* between looks at which flows have gone silent */
};

struct http_flow {
    struct http_flows *flows;
    struct http_flow_list *list; /* the one that it is in */
    struct http_flow *prev, *next;
    struct http_call call;
    struct http_resp resp;
    struct http_flow_req req; /* of its texts nothing but the callbacks and numbers is valid */
    enum lane lane;
    bool on_loop; /* libcurl has it */
    bool headed;  /* `head` was asked */
    bool failed;  /* err says why, by a callback */
    int repeats;
    bool ended; /* `end` was called; libcurl has yet to let go */
    enum http_body body;
    int64_t unsent; /* bytes of the source's that are yet to come */
    uint64_t moved; /* at the last look */
    int64_t moved_clock, began_clock;
    struct err err;
};

struct http_flow_list {
    struct http_flow *first, *last;
};

struct http_flows {
    struct http *http;
    struct http_flows_opts opts;
    bool can_2; /* libcurl was built with HTTP/2 */
    bool has_2; /* some host has it: a connection is kept in the second lane */
    int limit;  /* of connections */
    struct {
        CURLM *multi;
        size_t running;
        struct http_flow_list waiting;
    } lane[LANES];
    struct http_flow_list running, dead, spare;
    size_t active, n_spare;
    bool inside;      /* libcurl is at work, and its handles must not be taken from it */
    bool closing;     /* no flow is started any more */
    bool met_1;       /* a host that was asked for HTTP/2 does not have it */
    int64_t clock_ms; /* time that this loop has lived through (see pass_time) */
    int64_t seen_ms;  /* the system's clock then */
    int64_t looked_clock;
    int64_t bytes;
};

void flow_move(struct http_flow *f, struct http_flow_list *to); /* to its end; NULL: to none */

/* Requests to this host (NULL: to those that lack HTTP/2) that still wait for a connection in the
 * second lane go by the first. */
void flows_leave_2(struct http_flows *fs, const char *host);

void flow_leave_loop(struct http_flow *f);
/* libcurl is done with it; `end` is called. */
void flow_done(struct http_flow *f, CURLcode code);
/* We are, by call.stop; `end` is called. */
void flow_give_up(struct http_flow *f);
/* A handle that another flow may use. */
struct http_flow *flow_take(struct http_flows *fs);
void flow_give(struct http_flow *f);
void flow_free(struct http_flow *f);

#endif
