#include "world.h"

#include <string.h>

static const struct {
    const char *group, *name;
    double value;
} settings[SET_COUNT] = {
#define X(id, group, name, value) {group, name, value},
    SETTINGS(X)
#undef X
};

static bool read_range(struct range *r, const cJSON *v)
{
    if (cJSON_IsBool(v)) {
        r->min = r->max = cJSON_IsTrue(v);
        return true;
    }
    if (cJSON_IsNumber(v)) {
        r->min = r->max = v->valuedouble;
        return true;
    }
    if (!cJSON_IsArray(v) || cJSON_GetArraySize(v) != 2)
        return false;
    r->min = json_real(v, "[0]", -1);
    r->max = json_real(v, "[1]", -1);
    return r->max >= r->min;
}

static bool read_member(struct world *w, const char *group, const cJSON *member, struct err *e)
{
    for (size_t i = 0; i < SET_COUNT; i++) {
        bool same_group =
            group ? settings[i].group && strcmp(group, settings[i].group) == 0 : !settings[i].group;
        if (!same_group || strcmp(settings[i].name, member->string) != 0)
            continue;
        struct range r = {0};
        if (!read_range(&r, member) || r.min < 0)
            return err_set(e, ERR_USAGE, "setting %s: a number or [min, max] is wanted",
                           member->string);
        w->settings[i] = r;
        return true;
    }
    return err_set(e, ERR_USAGE, "there is no setting %s", member->string);
}

bool settings_read(struct world *w, const cJSON *json, struct err *e)
{
    const cJSON *member, *inner;
    cJSON_ArrayForEach(member, json)
    {
        if (strcmp(member->string, "public_ip") == 0 && cJSON_IsString(member)) {
            text_set(&w->public_ip, member->valuestring);
        } else if (strcmp(member->string, "seed") == 0) {
            w->seed = (uint64_t)json_int(member, "", 1) | 1;
        } else if (cJSON_IsObject(member)) {
            cJSON_ArrayForEach(inner,
                               member) if (!read_member(w, member->string, inner, e)) return false;
        } else if (!read_member(w, NULL, member, e)) {
            return false;
        }
    }
    w->dirty = true;
    return true;
}

cJSON *settings_json(const struct world *w)
{
    cJSON *root = cJSON_CreateObject();
    for (size_t i = 0; i < SET_COUNT; i++) {
        cJSON *in = root;
        if (settings[i].group) {
            in = cJSON_GetObjectItemCaseSensitive(root, settings[i].group);
            if (!in)
                in = cJSON_AddObjectToObject(root, settings[i].group);
        }
        const struct range *r = &w->settings[i];
        if (r->min < r->max)
            cJSON_AddItemToObject(in, settings[i].name,
                                  cJSON_CreateDoubleArray((double[]){r->min, r->max}, 2));
        else
            cJSON_AddNumberToObject(in, settings[i].name, r->min);
    }
    cJSON_AddStringToObject(root, "public_ip", w->public_ip);
    return root;
}

double setting_value(const struct world *w, enum setting s)
{
    return w->settings[s].min;
}

int64_t setting_ms(struct world *w, enum setting s)
{
    const struct range *r = &w->settings[s];
    double share = r->max > r->min ? (double)(world_random(w) % 10001) / 10000.0 : 0.0;
    return (int64_t)((r->min + share * (r->max - r->min)) * 1000.0);
}

void settings_first(struct world *w)
{
    for (size_t i = 0; i < SET_COUNT; i++)
        w->settings[i] = (struct range){settings[i].value, settings[i].value};
}
