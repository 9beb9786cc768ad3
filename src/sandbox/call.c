#include "call.h"

#include "store.h"

#include <dogs/httpd.h>
#include <dogs/when.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Texts of the API: reference 2.2. */
static const struct {
    int status;
    const char *id, *message;
} errors[] = {
    {400, "bad_request", "error parsing request body"},
    {401, "unauthorized", "Unable to authenticate you"},
    {403, "forbidden", "You do not have permission to perform this action."},
    {404, "not_found", "The resource you were accessing could not be found."},
    {405, "method_not_allowed", "This method is not allowed here."},
    {409, "conflict", "The request could not be completed due to a conflict."},
    {422, "unprocessable_entity", "The request could not be processed."},
    {429, "too_many_requests", "API Rate limit exceeded."},
    {500, "server_error", "Unexpected server-side error"},
    {503, "service_unavailable", "Service is currently unavailable."},
    {0},
};

const char *call_query(const struct call *c, const char *name)
{
    return httpd_query(c->req, name);
}

const char *call_asked_header(const struct call *c, const char *name)
{
    return httpd_header(c->req, name);
}

int64_t call_id(const struct call *c, int arg)
{
    int64_t id;
    return str_int64(c->args[arg], 1, NEVER_MS, &id) ? id : 0;
}

bool call_may(const struct call *c, const char *scope)
{
    char word[80];
    snprintf(word, sizeof word, ",%s,", scope);
    return !strstr(c->lacks, word);
}

void reply(struct call *c, int status, cJSON *take_json)
{
    cJSON_Delete(c->json);
    c->status = status;
    c->json = take_json;
}

cJSON *error_json(int status, const char *message, const char *request_id)
{
    size_t i = 0;
    while (errors[i].status && errors[i].status != status)
        i++;
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "id", errors[i].id ? errors[i].id : "error");
    cJSON_AddStringToObject(json, "message",
                            message             ? message
                            : errors[i].message ? errors[i].message
                                                : "Something went wrong.");
    cJSON_AddStringToObject(json, "request_id", request_id);
    return json;
}

void refuse(struct call *c, int status, const char *fmt, ...)
{
    char text[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    reply(c, status, error_json(status, text, c->request_id));
}

void refuse_missing(struct call *c)
{
    reply(c, 404, error_json(404, NULL, c->request_id));
}

void refuse_scope(struct call *c)
{
    reply(c, 403, error_json(403, NULL, c->request_id));
}

void refuse_pending(struct call *c)
{
    static const char *const texts[] = {
        "Droplet already has a pending event.",
        "there are currently blocking events processing for one or more of the droplets",
    };
    refuse(c, 422, "%s", texts[store_requests(c->store) % 2]);
}

cJSON *wrap(const char *name, cJSON *take_value)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddItemToObject(json, name, take_value);
    return json;
}

void put_time(cJSON *object, const char *name, int64_t ms)
{
    char text[WHEN_TEXT];
    if (ms == 0) {
        cJSON_AddNullToObject(object, name);
        return;
    }
    when_to_iso(ms / 1000, text);
    cJSON_AddStringToObject(object, name, text);
}

char *call_url(const struct call *c, const char *fmt, ...)
{
    struct str url = STR(4096);
    char path[512];
    const char *host = call_asked_header(c, "host");
    va_list args;
    va_start(args, fmt);
    vsnprintf(path, sizeof path, fmt, args);
    va_end(args);
    str_addf(&url, "http://%s%s", host ? host : "127.0.0.1", path);
    return str_take(&url);
}

static bool page_number(struct call *c, const char *name, int64_t def, int64_t max, int64_t *out)
{
    const char *text = call_query(c, name);
    *out = def;
    if (!text || str_int64(text, 1, max, out))
        return true;
    refuse(c, 422, "%s must be between 1 and %lld", name, (long long)max);
    return false;
}

bool page_begin(struct call *c, struct page *p)
{
    *p = (struct page){0};
    if (!page_number(c, "page", 1, 1000000, &p->number) ||
        !page_number(c, "per_page", 20, 200, &p->per_page))
        return false;
    p->first = (p->number - 1) * p->per_page;
    p->last = p->first + p->per_page;
    p->list = cJSON_CreateArray();
    return true;
}

bool page_offer(struct page *p)
{
    int64_t i = p->seen++;
    return i >= p->first && i < p->last;
}

static void put_link(struct call *c, cJSON *pages, const char *name, const struct page *p,
                     int64_t number)
{
    static const char *const filters[] = {"tag_name", "name",          "type",
                                          "private",  "resource_type", "region"};
    struct str query = STR(1024);
    for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++) {
        const char *value = call_query(c, filters[i]);
        if (value && value[strcspn(value, "&%+ #\"")] == '\0')
            str_addf(&query, "&%s=%s", filters[i], value);
    }
    char *url = call_url(c, "%s?page=%lld&per_page=%lld%s", c->path, (long long)number,
                         (long long)p->per_page, str_text(&query));
    cJSON_AddStringToObject(pages, name, url);
    free(url);
    str_release(&query);
}

/* What fits on one page comes with links {}, with {"pages":{}} or without any, as live. */
static void put_links(struct call *c, cJSON *json, const struct page *p)
{
    int64_t last = (p->seen + p->per_page - 1) / p->per_page;
    bool single = last <= 1 && p->number == 1;
    if (single && store_requests(c->store) % 3 == 2)
        return;
    cJSON *links = cJSON_AddObjectToObject(json, "links");
    if (single && store_requests(c->store) % 3 == 1)
        return;
    cJSON *pages = cJSON_AddObjectToObject(links, "pages");
    if (p->number > 1) {
        put_link(c, pages, "first", p, 1);
        put_link(c, pages, "prev", p, p->number - 1);
    }
    if (p->number < last) {
        put_link(c, pages, "next", p, p->number + 1);
        put_link(c, pages, "last", p, last);
    }
}

void page_reply(struct call *c, struct page *p, const char *plural)
{
    int shown = cJSON_GetArraySize(p->list);
    if (outcome_wanted(&c->outcomes, OUTCOME_SHORT_LIST) && shown > 0)
        cJSON_DeleteItemFromArray(p->list, shown - 1);
    cJSON *json = wrap(plural, p->list);
    put_links(c, json, p);
    json_put_int(cJSON_AddObjectToObject(json, "meta"), "total", p->seen);
    reply(c, 200, json);
}

struct action *action_begin(struct call *c, const struct new_action *n)
{
    struct action *a = list_push(c->w, &action_kind);
    a->id = world_new_id(c->w, ID_ACTION);
    text_set(&a->type, n->type);
    text_set(&a->resource_type, n->resource_type);
    text_set(&a->region, n->region);
    a->resource_id = n->resource_id;
    a->blocks = n->blocks;
    a->started_ms = c->now;
    a->errored = outcome_wanted(&c->outcomes, OUTCOME_ERRORED);
    int64_t duration = n->duration_ms;
    if (outcome_wanted(&c->outcomes, OUTCOME_SLOW))
        duration *= c->outcomes.factor;
    a->ends_ms = c->now + duration;
    if (outcome_wanted(&c->outcomes, OUTCOME_STUCK))
        a->ends_ms = NEVER_MS;
    return a;
}

bool action_works(const struct action *a)
{
    return !a->errored && a->ends_ms < NEVER_MS;
}

cJSON *call_region_json(const struct call *c, const char *slug)
{
    const struct region *r = region_find(slug);
    return region_json(r ? r : &regions[0], call_may(c, "sizes:read"));
}

cJSON *action_json(const struct call *c, const struct action *a)
{
    cJSON *json = cJSON_CreateObject();
    json_put_int(json, "id", a->id);
    cJSON_AddStringToObject(json, "status", action_status(a, c->now));
    cJSON_AddStringToObject(json, "type", a->type);
    put_time(json, "started_at", a->started_ms);
    put_time(json, "completed_at", c->now < a->ends_ms ? 0 : a->ends_ms);
    if (a->resource_id)
        json_put_int(json, "resource_id", a->resource_id);
    else
        cJSON_AddNullToObject(json, "resource_id");
    cJSON_AddStringToObject(json, "resource_type", a->resource_type);
    cJSON_AddItemToObject(json, "region", call_region_json(c, a->region));
    cJSON_AddStringToObject(json, "region_slug", a->region);
    return json;
}
