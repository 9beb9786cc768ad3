/* What the tests of src/config share: a folder of their own, an environment that says nothing, and
 * one line of text per server. */
#ifndef DOGS_TESTS_CONFIG_FILES_H
#define DOGS_TESTS_CONFIG_FILES_H

#include <dogs/config.h>
#include <dogs/os.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define UUID "bb4b2611-3d72-467b-8602-280330ecd65c"
#define MD5 "3b:16:bf:e4:8b:00:8b:b8:59:8c:a9:d3:f0:19:45:fa"

static char dir[] = "/tmp/dogs-config-XXXXXX";

/* Every test begins with an environment that says nothing. */
static int clean(void **state)
{
    (void)state;
    for (const struct config_key *k = config_keys; k->name; k++)
        if (k->env)
            unsetenv(k->env);
    unsetenv("DOGS_CONFIG");
    unsetenv("DIGITALOCEAN_ACCESS_TOKEN");
    unsetenv("XDG_CONFIG_HOME");
    unsetenv("XDG_STATE_HOME");
    setenv("HOME", dir, 1);
    return 0;
}

static inline char *in_dir(const char *name)
{
    return xasprintf("%s/%s", dir, name);
}

static inline char *write_file(const char *name, const char *text)
{
    struct err e = {0};
    char *path = in_dir(name);
    if (!os_replace_file(path, text, strlen(text), &e))
        fail_msg("%s", e.text);
    return path;
}

static inline struct config *load(const char *path)
{
    struct str problems = STR(65536);
    struct config *cfg = NULL;
    struct err e = {0};
    if (!config_load(&(struct config_opts){.path = path}, &cfg, &problems, &e))
        fail_msg("%s: %s\n%s", path, e.text, str_text(&problems));
    assert_int_equal(problems.len, 0);
    str_release(&problems);
    return cfg;
}

static inline struct config *load_text(const char *text)
{
    char *path = write_file("config.yaml", text);
    struct config *cfg = load(path);
    free(path);
    return cfg;
}

static inline char *describe(const struct server_cfg *s)
{
    struct str out = STR(4096);
    str_addf(&out, "%s region=%s size=%s image=%s fw=%s script=%s keys=", s->name, s->region,
             s->size, s->image, s->firewall_id, s->script);
    for (char **k = s->ssh_keys; *k; k++)
        str_addf(&out, "%s,", *k);
    str_addf(&out, " max=%d grace=%d%s%s%s", s->snapshot_max, s->shutdown_grace_s,
             s->monitoring ? " monitoring" : "", s->ipv6 ? " ipv6" : "",
             *s->vpc_uuid ? " vpc" : "");
    return str_take(&out);
}

static int make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
    char *below = in_dir(".config"), *most = in_dir(".config/dogs"), **names;
    struct err e = {0};

    (void)state;
    assert_true(os_list_dir(dir, &names, &e));
    for (char **n = names; *n; n++) {
        char *path = in_dir(*n);
        unlink(path);
        free(path);
    }
    os_list_free(names);
    rmdir(most);
    rmdir(below);
    free(most);
    free(below);
    return rmdir(dir);
}

#endif
