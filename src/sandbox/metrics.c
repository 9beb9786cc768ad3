#include "call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SPACING_S = 120, VALUES_MOST = 100 };

/* Query parameters are texts; 0 for what is no number. */
static int64_t number(const struct call *c, const char *name)
{
    const char *text = call_query(c, name);
    int64_t n = 0;
    return text && str_int64(text, 0, INT64_MAX / 2000, &n) ? n : 0;
}

static void add_values(cJSON *values, const struct droplet *d, int64_t from, int64_t to)
{
    char text[32];
    snprintf(text, sizeof text, "%.6f", (double)d->traffic_kbps / 1000);
    if (from < d->active_ms / 1000)
        from = d->active_ms / 1000;
    for (int64_t at = to - to % SPACING_S, n = 0; at >= from && n < VALUES_MOST;
         at -= SPACING_S, n++) {
        cJSON *pair = cJSON_CreateArray();
        cJSON_AddItemToArray(pair, cJSON_CreateNumber((double)at));
        cJSON_AddItemToArray(pair, cJSON_CreateString(text));
        cJSON_InsertItemInArray(values, 0, pair);
    }
}

/* Without the agent there is an answer that holds nothing. */
void metrics_bandwidth(struct call *c)
{
    const char *interface = call_query(c, "interface"), *direction = call_query(c, "direction");
    int64_t from = number(c, "start"), to = number(c, "end");
    if (!interface || !direction || !from || to < from) {
        refuse(c, 400, "interface, direction, start and end are needed");
        return;
    }
    const struct droplet *d = droplet_find(c->w, number(c, "host_id"), c->now);
    cJSON *json = cJSON_CreateObject(), *data = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "status", "success");
    cJSON_AddItemToObject(json, "data", data);
    cJSON_AddStringToObject(data, "resultType", "matrix");
    cJSON *results = cJSON_AddArrayToObject(data, "result");
    if (d && d->monitoring && strcmp(droplet_status(d, c->now), "active") == 0) {
        cJSON *one = cJSON_CreateObject(), *labels = cJSON_AddObjectToObject(one, "metric");
        cJSON_AddStringToObject(labels, "host_id", call_query(c, "host_id"));
        cJSON_AddStringToObject(labels, "interface", interface);
        cJSON_AddStringToObject(labels, "direction", direction);
        add_values(cJSON_AddArrayToObject(one, "values"), d, from, to);
        cJSON_AddItemToArray(results, one);
    }
    reply(c, 200, json);
}
