#include <dogs/json.h>
#include <dogs/str.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double exact_limit = 9007199254740992.0; /* 2^53 */

/* cJSON recurses up to 1,000 levels; a peer gets far fewer. */
static bool too_deep(const char *bytes, size_t len)
{
    int depth = 0;
    bool in_text = false;
    for (size_t i = 0; i < len; i++) {
        char c = bytes[i];
        if (in_text) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_text = false;
        } else if (c == '"') {
            in_text = true;
        } else if (c == '{' || c == '[') {
            if (++depth > JSON_MAX_DEPTH)
                return true;
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return false;
}

cJSON *json_parse(const char *bytes, size_t len, struct err *e)
{
    if (too_deep(bytes, len)) {
        err_set(e, ERR_PROTOCOL, "JSON nested deeper than %d levels", JSON_MAX_DEPTH);
        return NULL;
    }
    const char *end = NULL;
    cJSON *root = cJSON_ParseWithLengthOpts(bytes, len, &end, false);
    while (root && end < bytes + len && *end && strchr(" \t\r\n", *end))
        end++;
    if (root && end == bytes + len)
        return root;
    cJSON_Delete(root);
    size_t at = end ? (size_t)(end - bytes) : 0;
    err_set(e, ERR_PROTOCOL, "not valid JSON at byte %zu of %zu", at, len);
    return NULL;
}

const cJSON *json_at(const cJSON *root, const char *path)
{
    const cJSON *node = root;
    while (node && *path) {
        if (*path == '[') {
            node = cJSON_GetArrayItem(node, atoi(path + 1));
            path += strcspn(path, "]");
            path += *path == ']';
        } else {
            char name[128];
            size_t len = strcspn(path, ".[");
            if (len >= sizeof name)
                return NULL;
            memcpy(name, path, len);
            name[len] = '\0';
            node = cJSON_GetObjectItemCaseSensitive(node, name);
            path += len;
        }
        path += *path == '.';
    }
    return node;
}

const char *json_text(const cJSON *root, const char *path, const char *def)
{
    const cJSON *node = json_at(root, path);
    return cJSON_IsString(node) ? node->valuestring : def;
}

static bool as_int(const cJSON *node, int64_t *out)
{
    if (cJSON_IsString(node))
        return str_int64(node->valuestring, INT64_MIN, INT64_MAX, out);
    if (!cJSON_IsNumber(node) || fabs(node->valuedouble) >= exact_limit ||
        node->valuedouble != floor(node->valuedouble))
        return false;
    *out = (int64_t)node->valuedouble;
    return true;
}

int64_t json_int(const cJSON *root, const char *path, int64_t def)
{
    int64_t v;
    return as_int(json_at(root, path), &v) ? v : def;
}

double json_real(const cJSON *root, const char *path, double def)
{
    const cJSON *node = json_at(root, path);
    return cJSON_IsNumber(node) ? node->valuedouble : def;
}

bool json_bool(const cJSON *root, const char *path, bool def)
{
    const cJSON *node = json_at(root, path);
    return cJSON_IsBool(node) ? cJSON_IsTrue(node) : def;
}

static const char *type_name(const cJSON *node)
{
    return !node                  ? "nothing"
           : cJSON_IsNull(node)   ? "null"
           : cJSON_IsString(node) ? "text"
           : cJSON_IsNumber(node) ? "a number"
           : cJSON_IsBool(node)   ? "true or false"
           : cJSON_IsArray(node)  ? "a list"
                                  : "an object";
}

static bool unfit(const cJSON *node, const char *path, const char *wanted, struct err *e)
{
    return err_set(e, ERR_PROTOCOL, "%s: expected %s, got %s", path, wanted, type_name(node));
}

bool json_need_text(const cJSON *root, const char *path, const char **out, struct err *e)
{
    const cJSON *node = json_at(root, path);
    if (!cJSON_IsString(node))
        return unfit(node, path, "text", e);
    *out = node->valuestring;
    return true;
}

bool json_need_int(const cJSON *root, const char *path, int64_t *out, struct err *e)
{
    const cJSON *node = json_at(root, path);
    if (!as_int(node, out))
        return unfit(node, path, "a whole number that can be kept exactly", e);
    return true;
}

bool json_need_array(const cJSON *root, const char *path, const cJSON **out, struct err *e)
{
    const cJSON *node = json_at(root, path);
    if (!cJSON_IsArray(node))
        return unfit(node, path, "a list", e);
    *out = node;
    return true;
}

void json_put_int(cJSON *object, const char *name, int64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)value);
    cJSON_AddRawToObject(object, name, text);
}

char *json_print(const cJSON *root)
{
    char *text = cJSON_PrintUnformatted(root);
    if (!text)
        abort();
    return text;
}
