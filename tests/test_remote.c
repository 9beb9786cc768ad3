/* The script over a stand-in for ssh, and over OpenSSH's own server where that is there. */
#include "../src/core/remote.h"
#include "unit.h"
#include <dogs/os.h>
#include <dogs/work.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { LONG_MS = 60000, START_MS = 30000, LOOK_MS = 50 };

static void write_file(const char *name, const char *text, mode_t mode)
{
    struct err e = {0};
    OK(os_replace_file(in_dir(name), text, strlen(text), &e), e);
    assert_int_equal(chmod(in_dir(name), mode), 0);
}

/* Says how it was called, then does as ssh would on the place itself. */
static const char stand_in[] = "#!/bin/sh\n"
                               "for word; do printf '<%s>' \"$word\" >&2; done; echo >&2\n"
                               "case $1 in\n"
                               "refuse) echo 'Connection refused' >&2; exit 255;;\n"
                               "changed) echo 'REMOTE HOST IDENTIFICATION HAS CHANGED!' >&2\n"
                               "    echo 'Host key verification failed.' >&2; exit 255;;\n"
                               "cut) shift 2; head -c 20 | \"$@\"; exit 9;;\n"
                               "esac\n"
                               "while [ $# -gt 2 ]; do shift; done\n"
                               "exec \"$@\"\n";

static bool sh(const char *more, const char *host, const char *script, int64_t timeout_ms,
               struct str *out, struct err *e)
{
    char *command = xasprintf("\"%s\"%s", in_dir("an ssh"), more);
    struct config cfg = {.ssh_command = command};
    bool ok = remote_sh(&cfg, host, script, timeout_ms, 1000, out, NULL, e);
    free(command);
    return ok;
}

static void test_script(void **state)
{
    static const struct {
        const char *more, *host, *script, *out;
        enum err_code code;
        const char *text, *hint;
    } rows[] = {
        {"", "192.0.2.1", "echo hello; cat", "hello\n", ERR_OK, "", ""},
        {"", "192.0.2.1", "exit 3", "", ERR_FAILED, "<192.0.2.1><sh><-s>", ""},
        {" -l  root\t-o \"a b\"c", "::1", "exit 3", "", ERR_FAILED,
         "<-l><root><-o><a bc><::1><sh><-s>", ""},
        {"", "h", "echo why >&2; exit 1", "", ERR_FAILED, "h: why", ""},
        {"", "h", "printf 'a\\n\\033[31mb\\001\\n \\n' >&2; exit 1", "", ERR_FAILED, "h:  [31mb",
         ""},
        {" refuse", "h", "true", "", ERR_NETWORK, "did not get to h: Connection refused",
         "`ssh root@h true` shows why"},
        {" changed", "h", "true", "", ERR_NETWORK, "verification failed", "ssh-keygen -R h"},
        {" cut", "h", "echo half >&2\nsleep 0", "", ERR_FAILED, "nexpected", ""},
        {"", "h", "head -c 2000 /dev/zero", "", ERR_FAILED, "more than 1000 bytes", ""},
        {"", "-oProxyCommand=x", "true", "", ERR_FAILED, "no address", ""},
        {"", "", "true", "", ERR_FAILED, "no address", ""},
        {" \"open", "h", "true", "", ERR_CONFIG, "not closed", ""},
    };
    (void)state;
    write_file("an ssh", stand_in, 0755);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct err e = {0};
        struct str out = {0};
        bool ok = sh(rows[i].more, rows[i].host, rows[i].script, LONG_MS, &out, &e);
        if (ok != (rows[i].code == ERR_OK) || e.code != rows[i].code ||
            !strstr(e.text, rows[i].text) || !strstr(e.hint, rows[i].hint))
            fail_msg("row %zu: %s: %s (%s)", i, err_name(e.code), e.text, e.hint);
        if (ok)
            ROW_TEXT(i, str_text(&out), rows[i].out);
        str_release(&out);
    }
    struct err e = {0};
    assert_false(sh("", "h", "sleep 60", 300, NULL, &e));
    assert_int_equal(e.code, ERR_TIMEOUT);
    e = (struct err){0};
    struct config none = {.ssh_command = "/nowhere/ssh"};
    assert_false(remote_sh(&none, "h", "true", LONG_MS, 10, NULL, NULL, &e));
    assert_int_equal(e.code, ERR_NOT_FOUND);
    assert_non_null(strstr(e.hint, "ssh_command"));
}

static void test_quote(void **state)
{
    static const char *const words[] = {"",      "plain",  "a b",      "it's", "''",
                                        "$(id)", "a\nb\\", "-n \"x\"", "`id`", "grüße*?[a]~"};
    (void)state;
    write_file("an ssh", stand_in, 0755);
    for (size_t i = 0; i < COUNT(words); i++) {
        struct err e = {0};
        struct str script = STR(1000), out = {0};
        str_add(&script, "printf '%s' ");
        remote_quote(&script, words[i]);
        OK(sh("", "h", str_text(&script), LONG_MS, &out, &e), e);
        ROW_TEXT(i, str_text(&out), words[i]);
        str_release(&script);
        str_release(&out);
    }
}

/* The real server, on loopback, with keys of its own. */

static bool shell(const char *fmt, ...) PRINTF(1, 2);
static bool shell(const char *fmt, ...)
{
    struct str out;
    struct err e = {0};
    va_list ap;
    va_start(ap, fmt);
    char *command = xvasprintf(fmt, ap);
    va_end(ap);
    bool ok = os_run(command, LONG_MS, 10000, &out, &e);
    if (ok)
        str_release(&out);
    free(command);
    return ok;
}

static const char *server_program(void)
{
    static const char *const places[] = {"/usr/sbin/sshd", "/usr/local/sbin/sshd"};
    for (size_t i = 0; i < COUNT(places); i++)
        if (access(places[i], X_OK) == 0)
            return places[i];
    return NULL;
}

static pid_t start_server(const char *program, int port)
{
    char *config = xasprintf("Port %d\nListenAddress 127.0.0.1\nHostKey %s/host\nPidFile none\n"
                             "AuthorizedKeysFile %s/mine.pub\nStrictModes no\nUsePAM no\n"
                             "PasswordAuthentication no\nPermitRootLogin yes\n",
                             port, unit_dir, unit_dir);
    write_file("sshd_config", config, 0600);
    free(config);
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    int log = open(in_dir("sshd.log"), O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(log, STDERR_FILENO);
    execl(program, program, "-D", "-e", "-f", in_dir("sshd_config"), (char *)NULL);
    _exit(127);
}

static bool reach(const char *ssh, const char *script, struct str *out, struct err *e)
{
    struct config cfg = {.ssh_command = (char *)ssh};
    *e = (struct err){0};
    return remote_sh(&cfg, "127.0.0.1", script, LONG_MS, 3 << 20, out, NULL, e);
}

static void with_server(const char *ssh)
{
    struct err e;
    struct str out = {0}, script = STR(3 << 20);
    int64_t end = os_mono_ms() + START_MS;
    while (!reach(ssh, "true", NULL, &e) && e.code == ERR_NETWORK && os_mono_ms() < end)
        cancel_sleep(NULL, LOOK_MS);
    OK(reach(ssh, "echo hello; echo there >&2", &out, &e), e);
    assert_string_equal(str_text(&out), "hello\n");
    str_release(&out);
    assert_false(reach(ssh, "echo a reason >&2; exit 7", NULL, &e));
    assert_int_equal(e.code, ERR_FAILED);
    assert_non_null(strstr(e.text, "a reason"));
    /* Much to read and much to hear, at the same time. */
    for (int i = 0; i < 20000; i++)
        str_addf(&script, "echo line %d of many that fill every pipe there is\n", i);
    OK(reach(ssh, str_text(&script), &out, &e), e);
    assert_non_null(strstr(out.p, "\nline 19999 of"));
    str_release(&out);
    str_release(&script);
}

static void test_real_server(void **state)
{
    const char *program = server_program();
    struct passwd *me = getpwuid(getuid());
    (void)state;
    if (!program || !me || !shell("command -v ssh ssh-keygen"))
        skip();
    if (getuid() == 0)
        mkdir("/run/sshd", 0755);
    assert_true(shell("ssh-keygen -q -t ed25519 -N '' -f %s/host && "
                      "ssh-keygen -q -t ed25519 -N '' -f %s/mine && "
                      "ssh-keygen -q -t ed25519 -N '' -f %s/other",
                      unit_dir, unit_dir, unit_dir));
    uint32_t random;
    os_random(&random, sizeof random);
    int port = 20000 + (int)(random % 10000);
    char *ssh = xasprintf("ssh -F none -p %d -l %s -i %s/mine -o UserKnownHostsFile=%s/known "
                          "-o StrictHostKeyChecking=accept-new -o BatchMode=yes "
                          "-o ConnectTimeout=15",
                          port, me->pw_name, unit_dir, unit_dir);
    struct err e;
    assert_false(reach(ssh, "true", NULL, &e)); /* nobody is there yet */
    assert_int_equal(e.code, ERR_NETWORK);
    assert_non_null(strstr(e.text, "refused"));
    pid_t pid = start_server(program, port);
    with_server(ssh);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    /* Another host at the same address is never taken for it. */
    assert_true(shell("mv %s/other %s/host", unit_dir, unit_dir));
    pid = start_server(program, port);
    int64_t end = os_mono_ms() + START_MS;
    do
        assert_false(reach(ssh, "true", NULL, &e));
    while (!strstr(e.hint, "ssh-keygen -R") && os_mono_ms() < end && !cancel_sleep(NULL, LOOK_MS));
    assert_int_equal(e.code, ERR_NETWORK);
    assert_non_null(strstr(e.hint, "ssh-keygen -R 127.0.0.1"));
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    free(ssh);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_script),
        cmocka_unit_test(test_quote),
        cmocka_unit_test(test_real_server),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, unit_dir_make, unit_dir_remove);
}
