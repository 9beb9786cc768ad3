/* The admin APIs over HTTP: TShock's, Palworld's, Satisfactory's. */
#include "game_respond.h"

#include <dogs/digest.h>
#include <dogs/json.h>
#include <stdlib.h>
#include <string.h>

static int say(struct str *out, int status, cJSON *take_json)
{
    char *text = json_print(take_json);
    cJSON_Delete(take_json);
    str_add(out, text);
    free(text);
    return status;
}

static cJSON *words(const char *name, const char *value)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, name, value);
    return json;
}

static cJSON *names(const struct hosted *h, const char *member)
{
    cJSON *list = cJSON_CreateArray();
    char buffer[32];
    for (size_t i = 0; (int64_t)i < h->players; i++)
        cJSON_AddItemToArray(list, words(member, hosted_name(h, i, buffer)));
    return list;
}

/* --- TShock: GETs with a token --- */

static int tshock(const struct hosted *h, const struct rest_request *q, struct response *r,
                  struct str *out)
{
    char value[RESPONSE_TEXT];
    rest_parameter(q->query, "token", value, sizeof value);
    bool status = strcmp(q->path, "/v2/server/status") == 0;
    bool admitted = hosted_admits(h, value);
    if (!admitted && !status)
        return say(out, 403,
                   words("error", "Not authorized. The specified API endpoint requires "
                                  "a token."));
    cJSON *json = words("status", "200");
    if (status) {
        cJSON_AddStringToObject(json, "name", h->title);
        cJSON_AddStringToObject(json, "serverversion", "v1.4.4.9");
        cJSON_AddNumberToObject(json, "port", 7777);
        json_put_int(json, "playercount", h->players);
        json_put_int(json, "maxplayers", h->max);
        cJSON_AddStringToObject(json, "world", "world");
        rest_parameter(q->query, "players", value, sizeof value);
        if (strcmp(value, "true") == 0)
            cJSON_AddItemToObject(json, "players", names(h, "nickname"));
        return say(out, 200, json);
    }
    if (strcmp(q->path, "/v2/server/broadcast") == 0) {
        rest_parameter(q->query, "msg", value, sizeof value);
        response_order(r, ORDER_WARN, value, strlen(value));
        cJSON_AddStringToObject(json, "response", "The message was broadcasted successfully");
    } else if (strcmp(q->path, "/v2/world/save") == 0) {
        response_order(r, ORDER_SAVE, q->path, strlen(q->path));
        if (h->save_fails) {
            cJSON_Delete(json);
            return say(out, 500, words("error", "The world could not be saved"));
        }
        cJSON_AddStringToObject(json, "response", "World saved");
    } else if (strcmp(q->path, "/v2/server/off") == 0) {
        rest_parameter(q->query, "confirm", value, sizeof value);
        if (strcmp(value, "true") != 0) {
            cJSON_Delete(json);
            return say(out, 400, words("error", "Invalid or missing parameter: confirm"));
        }
        response_order(r, ORDER_STOP, q->path, strlen(q->path));
        cJSON_AddStringToObject(json, "response", "The server is shutting down");
    } else {
        cJSON_Delete(json);
        return say(out, 404, words("error", "Specified API endpoint doesn't exist."));
    }
    return say(out, 200, json);
}

/* --- Palworld: basic authentication as admin --- */

static bool is_admin(const struct hosted *h, const char *basic)
{
    size_t len = strlen(basic);
    size_t n = len / 4 * 3;
    for (size_t i = len; n > 0 && i > 0 && basic[i - 1] == '='; i--)
        n--;
    char *plain = xcalloc(n + 1, 1);
    bool same = digest_from_base64(basic, n, (uint8_t *)plain) && str_starts(plain, "admin:") &&
                hosted_admits(h, plain + strlen("admin:"));
    free(plain);
    return same;
}

static int palworld_order(const struct hosted *h, const struct rest_request *q, struct response *r,
                          struct str *out)
{
    static const struct {
        const char *path;
        enum game_order order;
    } paths[] = {{"/v1/api/announce", ORDER_WARN},
                 {"/v1/api/save", ORDER_SAVE},
                 {"/v1/api/shutdown", ORDER_STOP},
                 {"/v1/api/stop", ORDER_STOP}};
    struct err e;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        if (strcmp(q->path, paths[i].path) != 0 || strcmp(q->method, "POST") != 0)
            continue;
        cJSON *body = *q->body ? json_parse(q->body, strlen(q->body), &e) : NULL;
        const char *text = json_text(body, "message", q->path);
        bool lacks = paths[i].order == ORDER_WARN && !json_at(body, "message");
        if (!lacks)
            response_order(r, paths[i].order, text, strlen(text));
        cJSON_Delete(body);
        if (lacks)
            return say(out, 400, words("error", "message is required"));
        if (paths[i].order == ORDER_SAVE && h->save_fails)
            return say(out, 500, words("error", "the world could not be saved"));
        str_add(out, "OK");
        return 200;
    }
    return say(out, 404, words("error", "not found"));
}

static int palworld(const struct hosted *h, const struct rest_request *q, struct response *r,
                    struct str *out)
{
    if (!is_admin(h, q->basic))
        return say(out, 401, words("error", "Unauthorized"));
    if (strcmp(q->path, "/v1/api/metrics") == 0) {
        cJSON *json = cJSON_CreateObject();
        cJSON_AddNumberToObject(json, "serverfps", 57);
        json_put_int(json, "currentplayernum", h->players);
        cJSON_AddNumberToObject(json, "serverframetime", 16.7);
        json_put_int(json, "maxplayernum", h->max);
        cJSON_AddNumberToObject(json, "uptime", 60);
        return say(out, 200, json);
    }
    if (strcmp(q->path, "/v1/api/info") == 0) {
        cJSON *json = words("version", "v0.1.5.1");
        cJSON_AddStringToObject(json, "servername", h->title);
        cJSON_AddStringToObject(json, "description", "");
        return say(out, 200, json);
    }
    if (strcmp(q->path, "/v1/api/players") == 0) {
        cJSON *json = cJSON_CreateObject();
        cJSON_AddItemToObject(json, "players", names(h, "name"));
        return say(out, 200, json);
    }
    return palworld_order(h, q, r, out);
}

/* --- Satisfactory: functions with a bearer token, of which a password gives one --- */

static const char client_token[] = "Y2xpZW50.7E5B", admin_token[] = "YWRtaW4=.9C41";

static int refuse_satisfactory(struct str *out, int status, const char *code)
{
    return say(out, status, words("errorCode", code));
}

static int login(const struct hosted *h, const cJSON *body, struct str *out)
{
    const char *level = json_text(body, "data.MinimumPrivilegeLevel",
                                  json_text(body, "data.minimumPrivilegeLevel", ""));
    const char *given = json_text(body, "data.Password", json_text(body, "data.password", NULL));
    bool admin = given && hosted_admits(h, given);
    if (given && !admin)
        return refuse_satisfactory(out, 401, "wrong_password");
    if (!given && strcmp(level, "Client") != 0 && strcmp(level, "NotAuthenticated") != 0)
        return refuse_satisfactory(out, 401, "passwordless_login_not_possible");
    cJSON *json = cJSON_CreateObject();
    cJSON_AddItemToObject(json, "data",
                          words("authenticationToken", admin ? admin_token : client_token));
    return say(out, 200, json);
}

static int server_state(const struct hosted *h, struct str *out)
{
    cJSON *json = cJSON_CreateObject(), *data = cJSON_AddObjectToObject(json, "data");
    cJSON *state = cJSON_AddObjectToObject(data, "serverGameState");
    cJSON_AddStringToObject(state, "activeSessionName", h->title);
    json_put_int(state, "numConnectedPlayers", h->players);
    json_put_int(state, "playerLimit", h->max);
    cJSON_AddBoolToObject(state, "isGameRunning", true);
    return say(out, 200, json);
}

static int satisfactory(const struct hosted *h, const struct rest_request *q, struct response *r,
                        struct str *out)
{
    struct err e;
    bool admin = strcmp(q->bearer, admin_token) == 0;
    bool client = admin || strcmp(q->bearer, client_token) == 0;
    cJSON *body = *q->body ? json_parse(q->body, strlen(q->body), &e) : NULL;
    const char *function = json_text(body, "function", "");
    int status;
    if (strcmp(q->path, "/api/v1") != 0 || strcmp(q->method, "POST") != 0)
        status = refuse_satisfactory(out, 404, "not_found");
    else if (strcmp(function, "PasswordlessLogin") == 0 || strcmp(function, "PasswordLogin") == 0)
        status = login(h, body, out);
    else if (strcmp(function, "HealthCheck") == 0)
        status = say(out, 200, words("health", "healthy"));
    else if (!client)
        status = refuse_satisfactory(out, 401, "invalid_token");
    else if (strcmp(function, "QueryServerState") == 0)
        status = server_state(h, out);
    else if (!admin)
        status = refuse_satisfactory(out, 403, "insufficient_scope");
    else if (strcmp(function, "SaveGame") == 0) {
        const char *name = json_text(body, "data.SaveName", json_text(body, "data.saveName", ""));
        response_order(r, ORDER_SAVE, name, strlen(name));
        status = h->save_fails ? refuse_satisfactory(out, 500, "save_game_failed") : 204;
    } else if (strcmp(function, "Shutdown") == 0) {
        response_order(r, ORDER_STOP, function, strlen(function));
        status = 204;
    } else {
        status = refuse_satisfactory(out, 404, "unknown_function");
    }
    cJSON_Delete(body);
    return status;
}

static const struct rest {
    const char *protocol;
    int (*answer)(const struct hosted *h, const struct rest_request *q, struct response *r,
                  struct str *out);
} rests[] = {{"tshock", tshock}, {"palworld", palworld}, {"satisfactory", satisfactory}, {0}};

int rest_answer(const struct hosted *h, const struct rest_request *q, struct response *r,
                struct str *out)
{
    if (h->starting)
        return say(out, 500, words("error", "the world is loading"));
    for (const struct rest *p = rests; p->protocol; p++)
        if (strcmp(p->protocol, h->protocol) == 0)
            return p->answer(h, q, r, out);
    return 404;
}
