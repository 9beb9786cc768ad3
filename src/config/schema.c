#include "schema.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TOP(field) offsetof(struct config, field)
#define SRV(field) offsetof(struct server_cfg, field)

static const char *check_url(const char *text);
static const char *check_region(const char *text);
static const char *check_slug(const char *text);
static const char *check_uuid(const char *text);
static const char *check_ssh_key(const char *text);
static const char *check_snapshot_max(const char *text);
static const char *check_grace(const char *text);
static const char *check_idle_after(const char *text);
static const char *check_idle(const char *text);
static const char *check_max_hours(const char *text);

/* name, variable, per server, type, field, default, check, example, what it is */
#define KEYS(X)                                                                                    \
    X("token", "DOGS_TOKEN", false, KEY_SECRET, 0, "", check_token, "<your token>",                \
      "access token of your DigitalOcean account (API > Tokens)")                                  \
    X("token_file", NULL, false, KEY_PATH, TOP(token_file), "", check_any, "~/.dogs-token",        \
      "or: a file that holds nothing but the token")                                               \
    X("token_command", NULL, false, KEY_TEXT, TOP(token_command), "", check_any,                   \
      "pass show digitalocean", "or: a command that prints the token, of any keyring")             \
    X("api_url", "DOGS_API_URL", false, KEY_URL, TOP(api_url), "https://api.digitalocean.com",     \
      check_url, "'https://api.digitalocean.com'", "where the API answers")                        \
    X("ca_file", "DOGS_CA_FILE", false, KEY_PATH, TOP(ca_file), "", check_any,                     \
      "/etc/ssl/private-ca.pem", "certificates (PEM) to trust instead of the system's")            \
    X("state_dir", "DOGS_STATE_DIR", false, KEY_PATH, TOP(state_dir), "", check_any,               \
      "~/.local/state/dogs", "folder for what dogs remembers of work under way")                   \
    X("ssh_command", "DOGS_SSH_COMMAND", false, KEY_TEXT, TOP(ssh_command),                        \
      "ssh -l root -o BatchMode=yes -o ConnectTimeout=15 -o StrictHostKeyChecking=accept-new",     \
      check_any, "ssh -l root -o BatchMode=yes -i ~/.ssh/games",                                   \
      "how a droplet is reached; its address is added")                                            \
    X("servers", NULL, false, KEY_SERVERS, 0, "", check_any, "", "your game servers by name")      \
    X("remotes", NULL, false, KEY_REMOTES, 0, "", check_any, "",                                   \
      "places for `dogs get` and `dogs put`, by name")                                             \
    X("region", "DOGS_REGION", true, KEY_TEXT, SRV(region), "", check_region, "fra1",              \
      "where it runs, a full region slug: fra1, nyc3, sgp1 …")                                     \
    X("size", "DOGS_SIZE", true, KEY_TEXT, SRV(size), "", check_slug, "s-1vcpu-2gb",               \
      "plan, which sets memory, disk and price")                                                   \
    X("image", "DOGS_IMAGE", true, KEY_TEXT, SRV(image), "debian-12-x64", check_slug,              \
      "debian-12-x64", "what create begins with: an image's slug or id")                           \
    X("firewall_id", "DOGS_FIREWALL_ID", true, KEY_TEXT, SRV(firewall_id), "", check_uuid,         \
      "bb4b2611-3d72-467b-8602-280330ecd65c", "firewall to attach")                                \
    X("vpc_uuid", "DOGS_VPC_UUID", true, KEY_TEXT, SRV(vpc_uuid), "", check_uuid,                  \
      "760e09ef-dc84-11e8-981e-3cfdfeaae000", "private network; without it the region's own")      \
    X("script", "DOGS_SCRIPT", true, KEY_PATH, SRV(script), "", check_any,                         \
      "game-scripts/minecraft/install.sh", "what create runs on the new server (cloud-init)")      \
    X("ssh_key", "DOGS_SSH_KEY", true, KEY_ONE, SRV(ssh_keys), "", check_ssh_key, "12345678",      \
      "ssh key allowed to log in: its id or MD5 fingerprint in your account")                      \
    X("ssh_keys", "DOGS_SSH_KEYS", true, KEY_LIST, SRV(ssh_keys), "", check_ssh_key,               \
      "[12345678, '3b:16:bf:e4:8b:00:8b:b8:59:8c:a9:d3:f0:19:45:fa']", "or several of them")       \
    X("snapshot_max", "DOGS_SNAPSHOT_MAX", true, KEY_INT, SRV(snapshot_max), "2",                  \
      check_snapshot_max, "2", "how many proved snapshots are kept, 1 to 100")                     \
    X("shutdown_grace", "DOGS_SHUTDOWN_GRACE", true, KEY_SECONDS, SRV(shutdown_grace_s), "180",    \
      check_grace, "3m", "how long a clean shutdown may take before the power is cut")             \
    X("monitoring", "DOGS_MONITORING", true, KEY_BOOL, SRV(monitoring), "false", check_bool,       \
      "false", "install DigitalOcean's metrics agent")                                             \
    X("ipv6", "DOGS_IPV6", true, KEY_BOOL, SRV(ipv6), "false", check_bool, "false",                \
      "give it an IPv6 address as well")                                                           \
    X("game", "DOGS_GAME", true, KEY_TEXT, SRV(game), "", check_game, "minecraft-java",            \
      "which game it is; `dogs query --help` lists those that are known")                          \
    X("port", "DOGS_PORT", true, KEY_INT, SRV(port), "", check_port, "25565",                      \
      "where players connect, if not at the game's own port")                                      \
    X("query_port", "DOGS_QUERY_PORT", true, KEY_INT, SRV(query_port), "", check_port, "25565",    \
      "where it is asked who plays")                                                               \
    X("admin_port", "DOGS_ADMIN_PORT", true, KEY_INT, SRV(admin_port), "", check_port, "25575",    \
      "where it is told to warn, save and stop")                                                   \
    X("ready", "DOGS_READY", true, KEY_TEXT, SRV(ready), "", check_ready, "game",                  \
      "when start is done: droplet, port (is open) or game (answers)")                             \
    X("admin", "DOGS_ADMIN", true, KEY_TEXT, SRV(admin), "", check_admin, "network",               \
      "how it is warned and saved: network (with a password), ssh, or off")                        \
    X("admin_password", "DOGS_GAME_PASSWORD", true, KEY_SECRET, 0, "", check_password,             \
      "<the game's admin password>",                                                               \
      "the game's own (RCON, REST); then this file must be readable by you alone")                 \
    X("admin_password_file", NULL, true, KEY_PATH, SRV(admin_password_file), "", check_any,        \
      "~/.mc-rcon", "or: a file that holds nothing else")                                          \
    X("admin_password_command", NULL, true, KEY_TEXT, SRV(admin_password_command), "", check_any,  \
      "pass show mc-rcon", "or: a command that prints it")                                         \
    X("admin_pin", "DOGS_ADMIN_PIN", true, KEY_TEXT, SRV(admin_pin), "", check_pin,                \
      "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",                          \
      "SHA-256 of the game's own certificate, where no authority signed it")                       \
    X("warn", "DOGS_WARN", true, KEY_MINUTES, SRV(warn_minutes), "10 5 1", check_minutes,          \
      "[10, 5, 1]", "minutes before a stop at which players are warned; [] = not at all")          \
    X("world", NULL, true, KEY_GROUP, 0, "", check_any, "",                                        \
      "where the saves lie, and where archives of them go")                                        \
    X("world.path", "DOGS_WORLD_PATH", true, KEY_TEXT, SRV(world.path), "", check_droplet_path,    \
      "/srv/minecraft-java/world", "folder on the server, if not the game script's own")           \
    X("world.to", "DOGS_WORLD_TO", true, KEY_TEXT, SRV(world.to), "", check_archive,               \
      "'spaces:worlds/mc'", "a remote, and a folder there")                                        \
    X("world.keep", "DOGS_WORLD_KEEP", true, KEY_INT, SRV(world.keep), "7", check_keep, "7",       \
      "how many archives are kept at least, 1 to 1000")                                            \
    X("world.keep_days", "DOGS_WORLD_KEEP_DAYS", true, KEY_INT, SRV(world.keep_days), "0",         \
      check_days, "30", "and all that are younger, in days")                                       \
    X("world.on_stop", "DOGS_WORLD_ON_STOP", true, KEY_BOOL, SRV(world.on_stop), "false",          \
      check_bool, "true", "archive before each stop; true where `to` is set")                      \
    X("schedule", NULL, true, KEY_SCHEDULE, 0, "", check_any,                                      \
      "[{do: stop, at: '02:00', days: [fri, sat], zone: Europe/Berlin, unless_played: true}]",     \
      "when it is stopped and started by itself; `dogs schedule add` makes it so")                 \
    X("idle_stop", NULL, true, KEY_GROUP, 0, "", check_any, "",                                    \
      "`dogs watch` stops it when nobody plays")                                                   \
    X("idle_stop.after", "DOGS_IDLE_STOP_AFTER", true, KEY_SECONDS, SRV(idle.after_s), "0",        \
      check_idle_after, "20m", "for so long; 0 = never")                                           \
    X("idle_stop.never_joined", NULL, true, KEY_SECONDS, SRV(idle.never_joined_s), "30m",          \
      check_idle, "30m", "the same where nobody ever came")                                        \
    X("idle_stop.grace", NULL, true, KEY_SECONDS, SRV(idle.grace_s), "10m", check_idle, "10m",     \
      "it is left alone for so long after its start")                                              \
    X("idle_stop.readings", NULL, true, KEY_INT, SRV(idle.readings), "5", check_readings, "5",     \
      "so many answers in a row must say that nobody plays")                                       \
    X("idle_stop.traffic", NULL, true, KEY_INT, SRV(idle.traffic_kbps), "64", check_traffic, "64", \
      "with `monitoring`: nor may more kbit/s come in; 0 = whatever comes")                        \
    X("max_hours", "DOGS_MAX_HOURS", true, KEY_INT, SRV(max_hours), "0", check_max_hours, "8",     \
      "how long a session may last; 0 for no limit")                                               \
    X("budget", NULL, true, KEY_BUDGET, 0, "", check_any, "{session: 2.00, month: 15}",            \
      "dollars for a session and a month (UTC); start refuses beyond the month's")                 \
    X("prices", NULL, false, KEY_PRICES, 0, "", check_any,                                         \
      "{snapshot_gb_month: 0.06, minimum: 0.01, minimum_seconds: 60}",                             \
      "what the cloud asks besides a size's price, which the API tells")

#define PUBLIC(n, e, per, t, f, d, c, x, w)                                                        \
    {.name = (n), .env = (e), .what = (w), .example = (x), .per_server = (per)},
#define PRIVATE(n, e, per, t, f, d, c, x, w) {.type = (t), .offset = (f), .def = (d), .check = (c)},

const struct config_key config_keys[] = {KEYS(PUBLIC){.name = NULL}};
const struct key key_columns[] = {KEYS(PRIVATE)};
const size_t n_keys = sizeof key_columns / sizeof *key_columns;

int key_find(const char *name)
{
    for (size_t k = 0; k < n_keys; k++)
        if (!strcmp(config_keys[k].name, name))
            return (int)k;
    return -1;
}

const char *key_leaf(size_t k)
{
    const char *dot = strchr(config_keys[k].name, '.');
    return dot ? dot + 1 : config_keys[k].name;
}

/* "180", "180s", "3m", "1h"; false for anything else. */
static bool seconds_of(const char *text, int64_t *out)
{
    static const struct {
        char unit;
        int seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}};
    char number[16];
    size_t len = strlen(text);
    int each = 1;

    if (!len || len >= sizeof number)
        return false;
    memcpy(number, text, len + 1);
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (number[len - 1] != units[i].unit)
            continue;
        each = units[i].seconds;
        number[--len] = 0;
        while (len && number[len - 1] == ' ')
            number[--len] = 0;
        break;
    }
    if (!str_int64(number, -1000000, 1000000, out))
        return false;
    *out *= each;
    return true;
}

const char *check_any(const char *text)
{
    (void)text;
    return NULL;
}

const char *check_token(const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        if (*p <= ' ' || *p >= 0x7f)
            return "not a token: there is a blank or a foreign character in it; write the token "
                   "alone, as DigitalOcean showed it";
    if (strlen(text) > 1000)
        return "not a token: longer than 1000 characters; write the token alone";
    return NULL;
}

static const char *check_url(const char *text)
{
    bool https = str_starts(text, "https://");
    const char *host = text + strlen(https ? "https://" : "http://");
    size_t len = strlen(text);

    if (!https && !str_starts(text, "http://"))
        return "not a web address; write for example https://api.digitalocean.com";
    if (!*host || *host == '/' || strpbrk(host, " @?#\\"))
        return "not the plain address of a service; write scheme and host only, for example "
               "https://api.digitalocean.com";
    if (len >= 3 &&
        (!strcmp(text + len - 3, "/v2") || (len >= 4 && !strcmp(text + len - 4, "/v2/"))))
        return "the address without its /v2 is meant; write for example "
               "https://api.digitalocean.com";
    return NULL;
}

static const char *check_region(const char *text)
{
    size_t letters = 0, digits = 0;

    while (islower((unsigned char)text[letters]))
        letters++;
    while (isdigit((unsigned char)text[letters + digits]))
        digits++;
    if (letters && letters <= 12 && !digits && !text[letters])
        return "not a full region slug, so the cloud would choose any that begins like it; write "
               "it with its number, for example nyc3 or fra1";
    if (letters < 2 || letters > 12 || !digits || digits > 3 || text[letters + digits])
        return "not a region slug; write small letters and a number, for example fra1 or nyc3";
    return NULL;
}

static const char *check_slug(const char *text)
{
    for (const char *p = text; *p; p++)
        if (!isalnum((unsigned char)*p) && (p == text || !strchr("._-", *p)))
            return "not a slug, which has letters, digits, '-', '_' and '.' only; write for "
                   "example s-1vcpu-2gb (a size) or debian-12-x64 (an image)";
    if (strlen(text) > 100)
        return "longer than any slug; write for example s-1vcpu-2gb or debian-12-x64";
    return NULL;
}

static const char *check_uuid(const char *text)
{
    static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

    if (strlen(text) != sizeof shape - 1)
        goto bad;
    for (size_t i = 0; shape[i]; i++)
        if (shape[i] == '-' ? text[i] != '-' : !isxdigit((unsigned char)text[i]))
            goto bad;
    return NULL;
bad:
    return "not an id of this kind; write 32 hexadecimal digits in groups of 8-4-4-4-12, for "
           "example bb4b2611-3d72-467b-8602-280330ecd65c";
}

static const char *check_ssh_key(const char *text)
{
    int64_t id;

    if (str_int64(text, 1, INT64_MAX, &id))
        return NULL;
    if (str_starts(text, "ssh-") || str_starts(text, "ecdsa-") || str_starts(text, "sk-"))
        return "that is the key itself; add it to your account and write the id it gets there, or "
               "its MD5 fingerprint";
    if (str_starts(text, "SHA256:"))
        return "the API knows keys by MD5 fingerprint only; write what 'ssh-keygen -E md5 -lf "
               "FILE' shows after 'MD5:', or the key's id";
    if (str_starts(text, "MD5:"))
        return "write the fingerprint without 'MD5:'";
    for (size_t i = 0; i < 47; i++)
        if (i % 3 == 2 ? text[i] != ':' : !isxdigit((unsigned char)text[i]))
            return "neither the number of a key nor an MD5 fingerprint; write for example 12345678 "
                   "or 16 pairs of hexadecimal digits with colons";
    return text[47] ? "longer than an MD5 fingerprint; write 16 pairs of hexadecimal digits with "
                      "colons"
                    : NULL;
}

static const char *check_snapshot_max(const char *text)
{
    int64_t n;

    if (!str_int64(text, INT64_MIN, INT64_MAX, &n))
        return "not a whole number; write 1 to 100";
    if (n < 1)
        return "keeping none would delete every snapshot, and the world with the last one; write "
               "1 to 100";
    return n > 100 ? "too many, each costs money every month; write 1 to 100" : NULL;
}

static const char *check_grace(const char *text)
{
    int64_t s;

    if (!seconds_of(text, &s))
        return "not a time; write seconds (180) or 180s, 3m, 1h";
    return s < 10 || s > 3600 ? "out of range; write 10s to 1h" : NULL;
}

static const char *check_idle_after(const char *text)
{
    int64_t s;

    if (!seconds_of(text, &s))
        return "not a time; write minutes (20m) or 2h, or 0 for never";
    return s && (s < 300 || s > 24 * 3600) ? "out of range; write 5m to 24h, or 0 for never" : NULL;
}

static const char *check_idle(const char *text)
{
    int64_t s;

    if (!seconds_of(text, &s))
        return "not a time; write minutes (30m) or 2h";
    return s < 60 || s > 24 * 3600 ? "out of range; write 1m to 24h" : NULL;
}

static const char *check_max_hours(const char *text)
{
    int64_t n;

    return str_int64(text, 0, 720, &n) ? NULL : "not a number of hours; write 1 to 720, or 0";
}

static const char *const truths[] = {"true", "yes", "on", "1"};
static const char *const lies[] = {"false", "no", "off", "0"};

static bool is_one_of(const char *text, const char *const words[4])
{
    for (size_t i = 0; i < 4; i++)
        if (!strcasecmp(text, words[i]))
            return true;
    return false;
}

const char *check_bool(const char *text)
{
    return is_one_of(text, truths) || is_one_of(text, lies) ? NULL : "write true or false";
}

static bool is_placeholder(const char *text)
{
    size_t len = strlen(text);

    return len > 1 && text[0] == '<' && text[len - 1] == '>';
}

const char *value_check(const char *text, const char *(*check)(const char *text))
{
    if (!*text)
        return "empty; write a value, or remove the key";
    if (is_placeholder(text))
        return "still the placeholder of the example; write your own value, or remove the line";
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        if (*p < ' ' || *p == 0x7f)
            return "a line break or control character in it; write one line of plain text";
    return check(text);
}

const char *key_check(size_t k, const char *text)
{
    const struct key *key = &key_columns[k];

    return *text || key->type > KEY_URL ? value_check(text, key->check) : NULL;
}

int key_int(size_t k, const char *text)
{
    int64_t n = 0;

    if (key_columns[k].type == KEY_SECONDS)
        (void)seconds_of(text, &n);
    else
        (void)str_int64(text, INT64_MIN, INT64_MAX, &n);
    return (int)n;
}

static int falling(const void *a, const void *b)
{
    return *(const int *)b - *(const int *)a;
}

int *key_minutes(char *const *texts)
{
    size_t n = 0, kept = 0;

    while (texts[n])
        n++;
    int *out = xcalloc(n + 1, sizeof *out);
    for (size_t i = 0; i < n; i++) {
        int64_t minutes = 0;
        (void)str_int64(texts[i], 0, INT32_MAX, &minutes);
        out[i] = (int)minutes;
    }
    qsort(out, n, sizeof *out, falling);
    for (size_t i = 0; i < n; i++)
        if (!kept || out[kept - 1] != out[i])
            out[kept++] = out[i];
    out[kept] = 0;
    return out;
}

bool key_is_section(size_t k)
{
    enum key_type t = key_columns[k].type;

    return t == KEY_SCHEDULE || t == KEY_BUDGET || t == KEY_PRICES;
}

bool key_bool(const char *text)
{
    return is_one_of(text, truths);
}

const struct origin *origin_top(const struct config *cfg, size_t k)
{
    return &cfg->origins->of[k];
}

const struct origin *origin_server(const struct config *cfg, size_t server, size_t k)
{
    return &cfg->origins->of[(1 + server) * n_keys + k];
}
