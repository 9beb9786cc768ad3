/* cmd: what a command is, and what it is given.
 *
 * Each family of commands is one cmd_<family>.c with a const table of struct cmd; cmd.c lists the
 * families. Parsing, preconditions, help, completion and the JSON frame all come from the entry:
 * a new command is an entry and a run function.
 *
 * A run function prints its data (report.h) or puts it into cli->doc, and returns false with e set
 * where it failed; it prints no error itself and never exits.
 */
#ifndef DOGS_CLI_CMD_H
#define DOGS_CLI_CMD_H

#include "opt.h"
#include <dogs/core.h>
#include <dogs/json.h>
#include <dogs/sandbox.h>

struct cli;

enum cmd_group { GROUP_RUN, GROUP_VIEW, GROUP_MOVE, GROUP_SETUP, GROUP_COUNT };

enum cmd_flags {
    NEED_CONFIG = 1,   /* cli->cfg is loaded before run */
    NEED_CORE = 2,     /* and a token found and cli->core made */
    NEED_SERVER = 4,   /* the first word is a server of the config */
    READS = 8,         /* changes nothing: a prefix of a server's name will do, a config file is not
                        * needed, --dry-run is the same as without */
    NO_FILE = 32,      /* a config file is not needed */
    DRY = 16,          /* understands --dry-run; other changing commands refuse it */
    RUNS_COMMAND = 64, /* the first word and all behind it are a command line: line.argv */
};

struct cmd {
    const char *name, *alias;          /* alias may be NULL */
    const char *usage;                 /* "SERVER on|off": see opt_check_words */
    const char *summary;               /* one line */
    const char *examples;              /* one command line per line, what it does behind " # " */
    const char *help;                  /* what is worth knowing, lines of at most 80 columns */
    void (*add_help)(struct str *out); /* more of it, from a table; may be NULL */
    const struct opt *opts;            /* may be NULL */
    size_t opts_size;                  /* of the struct that opts set */
    bool (*run)(struct cli *cli, struct err *e);
    enum cmd_group group;
    unsigned flags;
    int what; /* for families that share a run: which of them */
};

enum cli_mode { MODE_TEXT, MODE_JSON, MODE_LINES };

struct globals {
    const char *config;
    int64_t timeout_s;
    int verbose;
    bool json, json_lines, quiet, debug, yes, no_input, dry_run, no_color, sandbox, version, help;
};

/* One run of the program. */
struct cli {
    char *const *typed;    /* the words behind "dogs" */
    const struct cmd *cmd; /* NULL until the line named one */
    struct globals g;
    struct opt_parser line; /* words behind the command's name in line.words */
    void *opts;             /* the command's own struct */
    enum cli_mode mode;
    bool colour_out, colour_err, live; /* live: one line on stderr is redrawn */
    cJSON *doc;          /* what the command has to say, as members of the JSON document */
    const char *confirm; /* the name given in advance for ASK_NAME; NULL = none */
    bool reported;       /* the JSON document is out already */
    int status;          /* of a command that was run: ours too, unless something failed here */
    char *afterword;     /* one more line for people under an error; NULL = none */
    struct cancel *cancel;
    struct progress {
        bool open; /* the live line stands unfinished at the cursor */
        int64_t drawn_ms, said_ms;
        char label[256];
    } progress;
    /* session.c */
    struct config *loaded, effective;
    const struct config *cfg;
    struct server_cfg *made_up;
    struct sandbox *sandbox;
    struct core *core;
    struct core_opts core_opts; /* what it was made of */
};

/* cmd.c */
int cli_main(int argc, char **argv);
/* One command line, without its "dogs", from parsing to its exit status. */
int cli_run(char *const *typed, struct cancel *cancel);
const struct cmd *cmd_next(const struct cmd *after); /* NULL begins; NULL ends */
const struct cmd *cmd_find(const char *name, struct err *e);
extern const struct opt cli_globals[];

/* cmd_run.c: a run of the engine and what it prints at its end */
bool run_request(struct cli *cli, const struct request *req, struct err *e);

/* cmd_help.c: what no command at all prints */
void help_short(const struct cli *cli);

/* The families. Each ends with a NULL name. */
extern const struct cmd cmds_run[];
extern const struct cmd cmds_watch[];
extern const struct cmd cmds_view[];
extern const struct cmd cmds_query[];
extern const struct cmd cmds_worlds[];
extern const struct cmd cmds_transfer[];
extern const struct cmd cmds_schedule[];
extern const struct cmd cmds_setup[];
extern const struct cmd cmds_login[];
extern const struct cmd cmds_sandbox[];
extern const struct cmd cmds_awake[];
extern const struct cmd cmds_load[];
extern const struct cmd cmds_help[];

/* session.c: configuration, sandbox and engine of this run */
bool session_config(struct cli *cli, struct err *e);
void session_take_config(struct cli *cli, struct config *take_cfg);
bool session_core(struct cli *cli, const char *token, struct err *e); /* token NULL: the config's */
void session_close(struct cli *cli);
/* Adds to an AUTH error where the token came from. */
void session_blame_token(const struct cli *cli, struct err *e);
/* Yours to free. */
char *session_sandbox_dir(const struct cli *cli);
char *session_sandbox_state_dir(const struct cli *cli);
/* In the sandbox without a config file every well-formed name is a server: adds it. */
bool session_make_up_server(struct cli *cli, const char *name, struct err *e);

/* progress.c and ask.c: the listeners given to core; ctx is the struct cli */
void progress_event(void *ctx, const struct event *ev);
void progress_end(struct cli *cli); /* closes the live line */
/* For what is not core's: progress_begin, then progress_line as often as one likes with what there
 * is to say now. It is shown from time to time. */
void progress_begin(struct cli *cli);
void progress_line(struct cli *cli, const char *text);
/* The head of a JSON event: yours to complete and to give to progress_event_end. */
cJSON *progress_event_begin(const char *name);
void progress_event_end(cJSON *take_event);
bool ask_question(void *ctx, const struct question *q, struct err *e);
/* USAGE naming `flag` where nobody can be asked. */
bool ask_somebody(const struct cli *cli, const char *flag, const char *about, struct err *e);
/* One line; def where it is empty (NULL: asked again). Yours to free. */
bool ask_text(struct cli *cli, const char *prompt, const char *def, bool echo, char **out,
              struct err *e);

#endif
