/* TShock's REST API, with an application token of its config. The HTTP status is always 200, the
 * true one stands in the body. A token is taken from the query alone, which the log never shows.
 * Without one the count is told, unless EnableTokenEndpointAuthentication is set.
 * Source: TShockAPI/Rest/Rest.cs and SecureRest.cs of https://github.com/Pryaxis/TShock */
#include "said.h"

#include <dogs/http.h>
#include <stdlib.h>
#include <string.h>

enum stage { STAGE_OPEN, STAGE_TOKEN };

static bool has_token(const struct talk *t)
{
    return t->place->password && *t->place->password;
}

/* The HTTP client keeps the credentials that it knows of from the clear; of this one it does not.
 */
static bool in_clear(const struct talk *t)
{
    const char *host = t->place->host;
    char *url = xasprintf(strchr(host, ':') ? "http://[%s]/" : "http://%s/", host);
    bool loopback = http_is_loopback(url);
    free(url);
    return !loopback;
}

/* As much of the text, escaped, as there is room for; whole characters. */
static void put_escaped(struct str *out, const char *text, size_t room)
{
    while (*text) {
        char one[8] = {text[0]};
        for (size_t n = 1; n < 4 && ((unsigned char)text[n] & 0xc0) == 0x80; n++)
            one[n] = text[n];
        struct str escaped = STR(64);
        http_escape(&escaped, one);
        bool fits = escaped.len <= room;
        if (fits)
            str_add(out, str_text(&escaped));
        room -= fits ? escaped.len : room;
        str_release(&escaped);
        if (!fits)
            return;
        text += strlen(one);
    }
}

static enum talk_next get(struct talk *t, enum stage stage, const char *template_)
{
    const char *hole = strstr(template_, "%s");
    size_t before = hole ? (size_t)(hole - template_) : strlen(template_);
    const char *after = hole ? hole + 2 : "";
    struct str key = STR(sizeof t->http.path / 2), path = STR(sizeof t->http.path - 1);

    if (stage == STAGE_TOKEN && in_clear(t)) {
        talk_bad(t, ERR_CONFIG, "TShock's token is not sent in clear text to another computer");
        err_hint(&t->err, "go through a tunnel: ssh -L 7878:127.0.0.1:7878 SERVER, and ask "
                          "127.0.0.1");
        return TALK_OVER;
    }
    if (stage == STAGE_TOKEN) {
        str_add(&key, strchr(template_, '?') ? "&token=" : "?token=");
        http_escape(&key, t->place->password);
    }
    size_t fixed = before + strlen(after) + key.len;
    str_addn(&path, template_, before);
    if (hole && t->text && fixed < path.max)
        put_escaped(&path, t->text, path.max - fixed);
    str_add(&path, after);
    str_add(&path, str_text(&key));
    bool whole = !key.full && !path.full;
    t->stage = stage;
    t->http.method = "GET";
    str_copy(t->http.path, sizeof t->http.path, str_text(&path));
    str_release(&key);
    str_release(&path);
    return whole ? TALK_SEND : talk_bad(t, ERR_CONFIG, "admin_password is too long for a token");
}

static enum talk_next ask(struct talk *t, enum stage stage)
{
    return get(t, stage, t->names ? "/v2/server/status?players=true" : "/v2/server/status");
}

static enum talk_next begin(struct talk *t)
{
    if (!t->telling)
        return ask(t, STAGE_OPEN);
    return get(t, has_token(t) ? STAGE_TOKEN : STAGE_OPEN, said_command(t));
}

static void copy(char *to, size_t size, const cJSON *root, const char *member)
{
    const char *text = json_text(root, member, "");
    talk_text(to, size, text, strlen(text));
}

static enum talk_next on_status(struct talk *t, const cJSON *root)
{
    struct game_answer *a = t->answer;
    const cJSON *players = json_at(root, "players"), *player;
    if (!said_players(t, root, "playercount", "maxplayers"))
        return TALK_OVER;
    copy(a->title, sizeof a->title, root, "name");
    copy(a->map, sizeof a->map, root, "world");
    copy(a->version, sizeof a->version, root, "serverversion");
    cJSON_ArrayForEach(player, players)
    {
        const char *name = json_text(player, "nickname", "");
        talk_name(a, name, strlen(name));
    }
    return TALK_OVER;
}

static enum talk_next feed(struct talk *t, const unsigned char *bytes, size_t len, int status)
{
    struct err ignored = {0};
    cJSON *root = json_parse((const char *)bytes, len, &ignored);
    int64_t inner = json_int(root, "status", status);
    enum talk_next next = TALK_OVER;

    status = inner > 99 && inner < 1000 && status == 200 ? (int)inner : status;
    bool asked_openly = !t->telling && t->stage == STAGE_OPEN && (status == 401 || status == 403);
    if (asked_openly && has_token(t)) {
        next = ask(t, STAGE_TOKEN);
    } else if (t->telling) {
        next = said_order(t, bytes, len, status);
    } else {
        cJSON_Delete(root);
        root = said_json(t, bytes, len, status);
        next = root ? on_status(t, root) : TALK_OVER;
    }
    cJSON_Delete(root);
    return next;
}

static enum talk_next end(struct talk *t)
{
    return said_closed(t, true);
}

const struct protocol protocol_tshock = {
    .name = "tshock",
    .title = "TShock's REST API",
    .carrier = CARRY_HTTP,
    .begin = begin,
    .feed = feed,
    .end = end,
};
