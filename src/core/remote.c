#include "remote.h"
#include <dogs/os.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_WORDS = 64, SSH_FAILED = 255 };

static const char usual[] = "ssh -l root -o BatchMode=yes -o ConnectTimeout=15 "
                            "-o StrictHostKeyChecking=accept-new";

/* Words at blanks; what stands between two '"' is kept together. Cuts `text` up. */
static bool split(char *text, char **words, size_t *n, struct err *e)
{
    char *to = text;
    for (*n = 0;;) {
        bool quoted = false;
        text += strspn(text, " \t");
        if (!*text)
            return *n > 0 || err_set(e, ERR_CONFIG, "ssh_command is empty");
        if (*n == MAX_WORDS)
            return err_set(e, ERR_CONFIG, "ssh_command has more than %d words", MAX_WORDS);
        words[(*n)++] = to;
        for (; *text && (quoted || !strchr(" \t", *text)); text++) {
            if (*text == '"')
                quoted = !quoted;
            else
                *to++ = *text;
        }
        bool more = *text != '\0';
        if (quoted)
            return err_set(e, ERR_CONFIG, "ssh_command: a '\"' is not closed");
        *to++ = '\0';
        text += more;
        if (!more)
            return true;
    }
}

/* The last line that says something, without what a terminal would obey. */
static void last_words(const struct str *errors, char *out, size_t size)
{
    const char *text = str_text(errors), *end = text + strlen(text);
    while (end > text && strchr(" \t\r\n", end[-1]))
        end--;
    const char *line = end;
    while (line > text && line[-1] != '\n')
        line--;
    size_t n = 0;
    for (; line < end && n + 1 < size; line++)
        out[n++] = (unsigned char)*line < 0x20 || *line == 0x7F ? ' ' : *line;
    out[n] = '\0';
}

static bool not_reached(const char *host, const struct str *errors, const char *words,
                        struct err *e)
{
    err_set(e, ERR_NETWORK, "ssh did not get to %s%s%s", host, *words ? ": " : "", words);
    e->retryable = e->ambiguous = true;
    if (strstr(str_text(errors), "HOST IDENTIFICATION HAS CHANGED"))
        return err_hint(e, "another droplet had this address before? `ssh-keygen -R %s` forgets it",
                        host);
    return err_hint(e,
                    "`ssh root@%s true` shows why; `ssh_command:` in the config says how to get "
                    "there",
                    host);
}

static bool judge(const char *host, int status, const struct str *errors, struct err *e)
{
    char words[512];
    if (status == 0)
        return true;
    last_words(errors, words, sizeof words);
    if (status == SSH_FAILED)
        return not_reached(host, errors, words, e);
    if (*words)
        return err_set(e, ERR_FAILED, "%s: %s", host, words);
    return err_set(e, ERR_FAILED, "%s: the command ended with status %d", host, status);
}

static bool missing(const char *program, struct err *e)
{
    if (e->code != ERR_NOT_FOUND)
        return false;
    return err_hint(e, strcmp(program, "ssh") == 0
                           ? "install OpenSSH's client (on Debian: apt install openssh-client)"
                           : "`ssh_command:` in the config names it");
}

bool remote_sh(const struct config *cfg, const char *host, const char *script, int64_t timeout_ms,
               size_t max, struct str *out, struct cancel *cancel, struct err *e)
{
    bool set = cfg->ssh_command && *cfg->ssh_command;
    char *text = xstrdup(set ? cfg->ssh_command : usual);
    char *words[MAX_WORDS + 4] = {NULL};
    size_t n = 0;
    struct str printed = {0}, errors = {0};
    int status = 0;
    /* As one group it is read whole before any of it runs: half of one that was cut off on the way
     * does nothing, and what it starts cannot read it. */
    char *whole = xasprintf("{ :\n%s\n}\n", script);
    bool ok = split(text, words, &n, e);
    if (ok && (!*host || *host == '-'))
        ok = err_set(e, ERR_FAILED, "'%s' is no address to reach by ssh", host);
    if (ok) {
        words[n] = (char *)host;
        words[n + 1] = "sh";
        words[n + 2] = "-s";
        ok = os_run_program(&(struct os_program){.argv = words,
                                                 .input = whole,
                                                 .input_len = strlen(whole),
                                                 .timeout_ms = timeout_ms,
                                                 .max_output = max,
                                                 .cancel = cancel},
                            &printed, &errors, &status, e) ||
             missing(words[0], e);
        ok = ok && judge(host, status, &errors, e);
    }
    if (ok && out)
        *out = printed;
    else
        str_release(&printed);
    str_release(&errors);
    free(whole);
    free(text);
    return ok;
}

void remote_quote(struct str *out, const char *text)
{
    str_add(out, "'");
    for (; *text; text++) {
        if (*text == '\'')
            str_add(out, "'\\''");
        else
            str_addn(out, text, 1);
    }
    str_add(out, "'");
}
