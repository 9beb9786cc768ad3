#include "remote_keys.h"

#include <ctype.h>
#include <string.h>

enum { SECRET_MAX_LEN = 8000 };

static const struct {
    const char *name;
    unsigned bit;
    const char *what; /* for the example */
} types[] = {
    {"s3", S3, "S3: Spaces, AWS, MinIO, Ceph …"},
    {"dropbox", DROPBOX, "Dropbox"},
    {"http", HTTP, "a web server, for example Artifactory"},
};

static const char *check_web(const char *text);
static const char *check_style(const char *text);
static const char *check_key(const char *text);
static const char *check_line(const char *text);

#define AT(field) offsetof(struct remote_cfg, field)

/* In the order of the example. */
const struct remote_key remote_keys[] = {
    {"type", ALL, REMOTE_TEXT, AT(type), check_any, "", "what it is"},
    {"endpoint", S3, REMOTE_URL, AT(url), check_web, "'https://fra1.digitaloceanspaces.com'",
     "where the service answers, without the bucket"},
    {"url", HTTP | DROPBOX, REMOTE_URL, AT(url), check_web,
     "'https://repo.example.org/artifactory'", "what paths are added to"},
    {"region", S3, REMOTE_TEXT, AT(region), check_key, "fra1", "the region that signatures name"},
    {"bucket", S3, REMOTE_TEXT, AT(bucket), check_key, "worlds",
     "then paths are keys in this bucket, else they begin with one"},
    {"style", S3, REMOTE_STYLE, AT(virtual_host), check_style, "path",
     "how the bucket is named: path, or virtual for BUCKET.HOST"},
    {"key_id", S3, REMOTE_TEXT, AT(key_id), check_key, "DO00EXAMPLE",
     "the access key's public half"},
    {"secret", S3, REMOTE_SECRET, AT(secret), check_key, "~/.spaces-secret", "its secret half"},
    {"token", DROPBOX, REMOTE_SECRET, AT(token), check_key, "~/.dropbox-token", "an access token"},
    {"refresh_token", DROPBOX, REMOTE_SECRET, AT(refresh_token), check_key, "~/.dropbox-refresh",
     "or: what access tokens are had with, and the app that may"},
    {"app_key", DROPBOX, REMOTE_TEXT, AT(app_key), check_key, "abcdefgh1234567", NULL},
    {"app_secret", DROPBOX, REMOTE_SECRET, AT(app_secret), check_key, "~/.dropbox-app", NULL},
    {"user", HTTP, REMOTE_TEXT, AT(user), check_any, "alex", "basic authentication"},
    {"password", HTTP, REMOTE_SECRET, AT(password), check_line, "~/.repo-password", NULL},
    {"token", HTTP, REMOTE_SECRET, AT(token), check_key, "~/.repo-token", "or: a bearer token"},
    {"header", HTTP, REMOTE_SECRET, AT(header), check_header, "~/.repo-header",
     "or: one header, such as 'X-JFrog-Art-Api: KEY'"},
    {"netrc", HTTP, REMOTE_BOOL, AT(netrc), check_bool, "true",
     "or: what ~/.netrc has for the host"},
};

const size_t n_remote_keys = sizeof remote_keys / sizeof *remote_keys;

const char *const remote_forms[FORMS] = {"", "_file", "_command"};

static const char *check_web(const char *text)
{
    const char *host = strstr(text, "://");

    if (!host || (!str_starts(text, "http://") && !str_starts(text, "https://")))
        return "not a web address; write for example https://fra1.digitaloceanspaces.com";
    host += strlen("://");
    if (!*host || *host == '/' || strpbrk(host, " @?#\\"))
        return "write scheme, host and path only; user, password and the like have keys of their "
               "own";
    return NULL;
}

static const char *check_style(const char *text)
{
    return !strcmp(text, "path") || !strcmp(text, "virtual") ? NULL : "write path or virtual";
}

static const char *check_line(const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        if (*p < ' ' || *p == 0x7f)
            return "there is a control character in it; write one line of plain text";
    return strlen(text) > SECRET_MAX_LEN ? "longer than 8000 characters" : NULL;
}

static const char *check_key(const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        if (*p <= ' ' || *p >= 0x7f)
            return "there is a blank or a foreign character in it; write it alone";
    return check_line(text);
}

const char *check_header(const char *text)
{
    size_t name = strcspn(text, ":");

    for (size_t i = 0; i < name; i++)
        if (!isalnum((unsigned char)text[i]) && !strchr("-_", text[i]))
            name = 0;
    if (!name || text[name] != ':' || !text[name + 1 + strspn(text + name + 1, " ")])
        return "not a header; write it as 'Name: value', in quotes";
    return check_line(text);
}

int remote_key_forms(size_t k)
{
    return remote_keys[k].kind == REMOTE_SECRET ? FORMS : 1;
}

bool remote_key_is_text(size_t k)
{
    return remote_keys[k].kind != REMOTE_STYLE && remote_keys[k].kind != REMOTE_BOOL;
}

static bool fits(const char *given, const char *name, const char *form)
{
    size_t len = strlen(name);
    return !strncmp(given, name, len) && !strcmp(given + len, form);
}

int remote_key_find(const char *given, unsigned of, int *form)
{
    for (size_t k = 0; k < n_remote_keys; k++)
        for (*form = 0; *form < remote_key_forms(k); ++*form)
            if (remote_keys[k].types & of && fits(given, remote_keys[k].name, remote_forms[*form]))
                return (int)k;
    return -1;
}

unsigned remote_type(const char *name)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (!strcmp(types[i].name, name))
            return types[i].bit;
    return 0;
}

void remotes_show(const struct config *cfg, struct str *out)
{
    if (cfg->n_remotes)
        str_add(out, "remotes:\n");
    for (size_t i = 0; i < cfg->n_remotes; i++) {
        const struct remote_cfg *r = &cfg->remotes[i];
        str_addf(out, "  %s:\n", r->name);
        for (size_t k = 0; k < n_remote_keys; k++) {
            const struct remote_given *g = &r->given[k];
            const void *field = (const char *)r + remote_keys[k].at;
            if (!g->line)
                continue;
            str_addf(out, "    %s%s: ", remote_keys[k].name, remote_forms[g->form]);
            if (remote_keys[k].kind == REMOTE_SECRET)
                yaml_value(out, g->form ? g->text : "***");
            else if (remote_keys[k].kind == REMOTE_BOOL)
                str_add(out, *(const bool *)field ? "true" : "false");
            else if (remote_keys[k].kind == REMOTE_STYLE)
                str_add(out, *(const bool *)field ? "virtual" : "path");
            else
                yaml_value(out, *(char *const *)field);
            str_addf(out, "  # %s:%d:%d\n", cfg->path, g->line, g->column);
        }
    }
}

void remotes_write_new(struct str *out)
{
    static const char *const names[] = {"spaces", "box", "art"};

    str_add(out,
            "\n# Places that `dogs get` and `dogs put` know by name, as in spaces:bucket/key.\n"
            "# Each secret may be written as KEY, as KEY_file (a file that holds nothing\n"
            "# else) or as KEY_command (a command that prints it).\n"
            "#remotes:\n");
    for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
        str_addf(out, "  # %s\n  #%s:\n    #type: %s\n", types[t].what, names[t], types[t].name);
        for (size_t k = 1; k < n_remote_keys; k++) {
            bool hidden = remote_keys[k].kind == REMOTE_URL && types[t].bit == DROPBOX;
            if (!(remote_keys[k].types & types[t].bit) || hidden)
                continue;
            if (remote_keys[k].what)
                str_addf(out, "    # %s\n", remote_keys[k].what);
            str_addf(out, "    #%s%s: %s\n", remote_keys[k].name,
                     remote_keys[k].kind == REMOTE_SECRET ? "_file" : "", remote_keys[k].example);
        }
    }
}
