/* Satisfactory's HTTPS API: how many play (without a password, where the server lets everybody
 * join), saving and stopping (as administrator). It is silent while a game is loaded or saved: that
 * is unknown, never nobody. Source: DedicatedServerAPIDocs.md beside the dedicated server. */
#include "said.h"

#include <stdlib.h>
#include <string.h>

enum stage { STAGE_LOGIN, STAGE_PASSWORD, STAGE_CALL };

static const char save_name[] = "dogs"; /* one file, written anew each time */

/* The call {"function": …, "data": {…}} with what is not NULL of the two members. Its body is the
 * only place where the password stands. */
static enum talk_next call(struct talk *t, enum stage stage, const char *name,
                           const char *const data[2][2])
{
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "function", name);
    cJSON *object = cJSON_AddObjectToObject(root, "data");
    for (int i = 0; data && i < 2; i++)
        if (data[i][0])
            cJSON_AddStringToObject(object, data[i][0], data[i][1]);
    char *body = json_print(root);
    str_add(&t->out, body);
    free(body);
    cJSON_Delete(root);
    t->stage = stage;
    t->http.method = "POST";
    str_copy(t->http.path, sizeof t->http.path, "/api/v1");
    return TALK_SEND;
}

static enum talk_next login(struct talk *t)
{
    const char *const data[2][2] = {
        {"MinimumPrivilegeLevel", t->telling ? "Administrator" : "Client"},
        {"Password", t->place->password ? t->place->password : ""}};
    return call(t, STAGE_PASSWORD, "PasswordLogin", data);
}

static enum talk_next begin(struct talk *t)
{
    static const char *const data[2][2] = {{"MinimumPrivilegeLevel", "Client"}};
    return t->telling ? login(t) : call(t, STAGE_LOGIN, "PasswordlessLogin", data);
}

static bool has_password(const struct talk *t)
{
    return t->place->password && *t->place->password;
}

/* A token goes into a header: no blank, no control character may be in it. */
static bool is_token(const char *text)
{
    const char *p = text;
    while (*p > ' ' && *p < 0x7f)
        p++;
    return p > text && !*p;
}

static const char *function(const struct talk *t)
{
    return t->telling ? said_command(t) : "QueryServerState";
}

static enum talk_next on_login(struct talk *t, const unsigned char *bytes, size_t len, int status)
{
    static const char *const save[2][2] = {{"SaveName", save_name}};
    struct err ignored = {0};
    char words[SAID_WORDS];
    cJSON *root = status >= 200 && status < 300 ? said_json(t, bytes, len, status)
                                                : json_parse((const char *)bytes, len, &ignored);
    const char *token = json_text(root, "data.authenticationToken", "");
    bool fits = is_token(token) && strlen(token) < sizeof t->http.bearer;
    bool refused = json_at(root, "errorCode") && status < 500;
    enum talk_next next = TALK_OVER;

    if (fits) {
        next = call(t, STAGE_CALL, function(t), t->telling && t->order == GAME_SAVE ? save : NULL);
        str_copy(t->http.bearer, sizeof t->http.bearer, token);
    } else if (refused && t->stage == STAGE_LOGIN && has_password(t)) {
        next = login(t);
    } else if (refused && t->stage == STAGE_LOGIN) {
        talk_bad(t, ERR_AUTH, "the server tells nobody without a password how many play");
        err_hint(&t->err, "set admin_password to the server's admin password");
    } else if (refused) {
        const char *code = json_text(root, "errorCode", "");
        said_words(t, code, strlen(code), words);
        said_refused(t, words);
    } else if (!t->err.code && said_ok(t, bytes, len, status)) {
        talk_bad(t, ERR_PROTOCOL, "%s: the login was answered without a token", t->protocol->title);
    }
    cJSON_Delete(root);
    return next;
}

static enum talk_next on_state(struct talk *t, const unsigned char *bytes, size_t len, int status)
{
    cJSON *root = said_json(t, bytes, len, status);
    const cJSON *state = json_at(root, "data.serverGameState");
    if (root && said_players(t, state, "numConnectedPlayers", "playerLimit")) {
        const char *session = json_text(state, "activeSessionName", "");
        t->answer->up = json_bool(state, "isGameRunning", false);
        talk_text(t->answer->map, sizeof t->answer->map, session, strlen(session));
    }
    cJSON_Delete(root);
    return TALK_OVER;
}

static enum talk_next feed(struct talk *t, const unsigned char *bytes, size_t len, int status)
{
    if (t->stage != STAGE_CALL)
        return on_login(t, bytes, len, status);
    if (!t->telling)
        return on_state(t, bytes, len, status);
    return said_order(t, bytes, len, status);
}

static enum talk_next end(struct talk *t)
{
    return said_closed(t, t->stage == STAGE_CALL);
}

const struct protocol protocol_satisfactory_api = {
    .name = "satisfactory-api",
    .title = "Satisfactory's API",
    .carrier = CARRY_HTTPS,
    .begin = begin,
    .feed = feed,
    .end = end,
};
