#include "report.h"
#include <dogs/os.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool ask_somebody(const struct cli *cli, const char *flag, const char *about, struct err *e)
{
    if (!cli->g.no_input && os_is_terminal(OS_STDIN))
        return true;
    size_t first_line = strcspn(about, "\n");
    err_set(e, ERR_USAGE, "%.*s: nobody can be asked here", (int)first_line, about);
    return err_hint(e, "say it in advance with %s", flag);
}

/* One line from the terminal; INTERRUPTED at Ctrl-C, CANCELLED at the end of input. */
static bool read_line(struct cli *cli, const char *prompt, bool echo, struct str *out,
                      struct err *e)
{
    progress_end(cli);
    char *clean = report_clean(prompt, true);
    bool got = os_ask_line(clean, echo, cli->cancel, out);
    free(clean);
    if (got)
        return true;
    str_release(out);
    /* The cursor still stands behind the prompt. */
    fputc('\n', stderr);
    if (cancel_is(cli->cancel))
        return err_set(e, ERR_INTERRUPTED, "interrupted at a question");
    return err_set(e, ERR_CANCELLED, "no answer");
}

bool ask_text(struct cli *cli, const char *prompt, const char *def, bool echo, char **out,
              struct err *e)
{
    char *shown = def && *def ? xasprintf("%s [%s]: ", prompt, def) : xasprintf("%s: ", prompt);
    struct str line = STR(4096);
    bool ok;
    while ((ok = read_line(cli, shown, echo, &line, e)) && !line.len && !def)
        str_release(&line);
    if (ok)
        *out = line.len ? str_take(&line) : xstrdup(def);
    str_release(&line);
    free(shown);
    return ok;
}

static bool is_yes(const char *text)
{
    return strcmp(text, "y") == 0 || strcmp(text, "Y") == 0 || strcmp(text, "yes") == 0;
}

bool ask_question(void *ctx, const struct question *q, struct err *e)
{
    struct cli *cli = ctx;
    if (cli->g.yes)
        return true;
    if (q->kind == ASK_NAME && cli->confirm)
        return strcmp(cli->confirm, q->expect) == 0 ||
               err_set(e, ERR_USAGE, "--confirm %s does not name %s", cli->confirm, q->expect);
    char *flag = q->kind == ASK_NAME ? xasprintf("--confirm %s, or %s", q->expect, q->flag)
                                     : xstrdup(q->flag);
    bool somebody = ask_somebody(cli, flag, q->text, e);
    free(flag);
    if (!somebody)
        return false;
    progress_end(cli);
    char *text = report_clean(q->text, true);
    fprintf(stderr, "%s\n", text);
    free(text);
    char *prompt =
        q->kind == ASK_NAME ? xasprintf("Type %s to go on", q->expect) : xstrdup("Go on? y/n");
    char *answer = NULL;
    bool ok = ask_text(cli, prompt, "", true, &answer, e);
    if (ok && !(q->kind == ASK_NAME ? strcmp(answer, q->expect) == 0 : is_yes(answer)))
        ok = err_set(e, ERR_CANCELLED, "cancelled: the answer was not %s",
                     q->kind == ASK_NAME ? q->expect : "yes");
    free(answer);
    free(prompt);
    return ok;
}
