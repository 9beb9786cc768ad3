/* sleeper: this client of a sandbox whose clock moves only while its clients sleep (speed 0; see
 * tests/sandbox.md). Private to this folder. */
#ifndef CLOUD_SLEEPER_H
#define CLOUD_SLEEPER_H

#include <dogs/http.h>
#include <stdint.h>

struct sleeper {
    char who[64]; /* "" until it has joined */
};

/* Each does nothing where there is nothing to do; failures show in the next call to the API. */
void sleeper_join(struct sleeper *s, struct http *http, const char *base_url);
void sleeper_leave(struct sleeper *s, struct http *http, const char *base_url);
/* True if cancelled. *now_ms: the sandbox's time then; left alone where it did not tell. */
bool sleeper_sleep(struct sleeper *s, struct http *http, const char *base_url, int64_t ms,
                   struct cancel *cancel, int64_t *now_ms);

#endif
