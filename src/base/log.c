#include <dogs/log.h>
#include <dogs/str.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SECRETS = 64, LINE_MAX_BYTES = 4096, SECRET_MIN = 8 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct {
    enum log_level level; /* written before the first thread starts */
    log_sink *sink;
    void *ctx;
    char *secrets[MAX_SECRETS]; /* under mutex */
    size_t n_secrets;           /* under mutex */
} state;

void log_open(enum log_level level, log_sink *sink, void *ctx)
{
    state.level = level;
    state.sink = sink;
    state.ctx = ctx;
}

bool log_wants(enum log_level level)
{
    return state.sink && level <= state.level;
}

void log_secret(const char *secret)
{
    if (!secret || strlen(secret) < SECRET_MIN)
        return;
    pthread_mutex_lock(&mutex);
    bool known = false;
    for (size_t i = 0; i < state.n_secrets; i++)
        known = known || strcmp(state.secrets[i], secret) == 0;
    if (!known && state.n_secrets < MAX_SECRETS) {
        /* Longest first: one secret may be the beginning of another. */
        size_t at = state.n_secrets++;
        for (; at > 0 && strlen(state.secrets[at - 1]) < strlen(secret); at--)
            state.secrets[at] = state.secrets[at - 1];
        state.secrets[at] = xstrdup(secret);
    }
    pthread_mutex_unlock(&mutex);
}

static void blot(char *at, size_t len)
{
    memmove(at + 3, at + len, strlen(at + len) + 1);
    memcpy(at, "***", 3);
}

/* dop_v1_, doo_v1_, dor_v1_ and the hex digits behind it: a token that nobody registered, for
 * example one pasted into the wrong key of the configuration. */
static void mask_token_shapes(char *text)
{
    for (char *p = text; (p = strstr(p, "_v1_")); p += 4) {
        size_t len = strspn(p + 4, "0123456789abcdefABCDEF");
        if (p - text >= 3 && p[-3] == 'd' && p[-2] == 'o' && len >= SECRET_MIN)
            blot(p + 4, len);
    }
}

void log_mask(char *text)
{
    pthread_mutex_lock(&mutex);
    for (size_t i = 0; i < state.n_secrets; i++)
        for (char *at; (at = strstr(text, state.secrets[i]));)
            blot(at, strlen(state.secrets[i]));
    pthread_mutex_unlock(&mutex);
    mask_token_shapes(text);
}

void log_line(enum log_level level, const char *fmt, ...)
{
    if (!log_wants(level))
        return;
    va_list ap;
    va_start(ap, fmt);
    char *line = xvasprintf(fmt, ap);
    va_end(ap);
    /* Masked before it is cut, so that no half of a secret is left at the cut. */
    log_mask(line);
    if (strlen(line) > LINE_MAX_BYTES)
        line[LINE_MAX_BYTES] = '\0';
    state.sink(state.ctx, level, line);
    free(line);
}
