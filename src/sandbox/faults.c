#include "faults.h"

#include <string.h>

static const struct wire_fault wire_faults[] = {
    {.name = "cut"},
    {.name = "cut_body", .cut_body = true, .keeps_answer = true},
    {.name = "hang", .hangs = true},
    {.name = "500", .status = 500},
    {.name = "503", .status = 503},
    {.name = "502_html", .status = 502, .body = BODY_HTML},
    {.name = "504_html", .status = 504, .body = BODY_HTML},
    {.name = "429", .status = 429, .retry_after = true},
    {.name = "429_hour", .status = 429},
    {.name = "401", .status = 401},
    {.name = "403", .status = 403},
    {.name = "404", .status = 404},
    {.name = "422_pending", .status = 422, .message = "Droplet already has a pending event."},
    {.name = "message_object", .status = 422, .body = BODY_OBJECT},
    {.name = "empty_body", .status = 500, .body = BODY_EMPTY},
    {.name = "garbage", .status = 200, .body = BODY_GARBAGE},
    {.name = "oversize", .status = 200, .body = BODY_OVERSIZE},
};

static const struct {
    const char *name;
    enum outcome outcome;
} outcome_faults[] = {
    {"errored", OUTCOME_ERRORED},
    {"stuck", OUTCOME_STUCK},
    {"slow", OUTCOME_SLOW},
    {"vanish", OUTCOME_VANISH},
    {"no_effect", OUTCOME_NO_EFFECT},
    {"invisible", OUTCOME_INVISIBLE},
    {"empty", OUTCOME_EMPTY},
    {"wakes", OUTCOME_WAKES},
    {"short_list", OUTCOME_SHORT_LIST},
    {"lag", OUTCOME_LAG},
};

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static const struct wire_fault *wire_named(const char *name)
{
    for (size_t i = 0; i < COUNT(wire_faults); i++)
        if (strcmp(wire_faults[i].name, name) == 0)
            return &wire_faults[i];
    return NULL;
}

static int outcome_named(const char *name)
{
    for (size_t i = 0; i < COUNT(outcome_faults); i++)
        if (strcmp(outcome_faults[i].name, name) == 0)
            return (int)outcome_faults[i].outcome;
    return -1;
}

static bool read_fault(struct world *w, const cJSON *json, struct err *e)
{
    struct fault *f = list_push(w, &fault_kind);
    f->id = (int64_t)w->faults.n;
    f->nth = 1;
    f->times = -1;
    f->hang_s = 3600;
    f->seconds = -1;
    f->factor = 10;
    text_set(&f->kind, "*");
    text_set(&f->when, "before");
    if (!record_read(&fault_kind, f, json, e))
        return false;
    if (f->times < 0)
        f->times = f->nth > 0 ? 1 : 0;
    if (!wire_named(f->what) && outcome_named(f->what) < 0)
        return err_set(e, ERR_USAGE, "fault %d: \"do\": \"%s\" is not known", (int)f->id, f->what);
    if (strcmp(f->when, "before") != 0 && strcmp(f->when, "after") != 0)
        return err_set(e, ERR_USAGE, "fault %d: \"when\" is before or after", (int)f->id);
    return true;
}

bool faults_read(struct world *w, const cJSON *plan, struct err *e)
{
    while (w->faults.n)
        list_remove(w, &fault_kind, list_at(w, &fault_kind, w->faults.n - 1));
    w->dirty = true;
    const cJSON *list = NULL, *item;
    if (!json_need_array(plan, "faults", &list, e))
        return false;
    cJSON_ArrayForEach(item, list) if (!read_fault(w, item, e)) return false;
    return true;
}

cJSON *faults_json(const struct world *w)
{
    cJSON *root = cJSON_CreateObject();
    cJSON *list = cJSON_AddArrayToObject(root, "faults");
    for (EACH(fault, f, w, faults))
        cJSON_AddItemToArray(list, record_json(&fault_kind, f));
    return root;
}

static bool spent(const struct fault *f)
{
    return f->times > 0 && f->fired >= f->times;
}

void faults_meet(struct world *w, const char *kind, struct outcomes *outcomes, struct wire *wire)
{
    for (EACH(fault, f, w, faults)) {
        bool meant = strcmp(f->kind, kind) == 0 || (wire && strcmp(f->kind, "*") == 0);
        if (spent(f) || !meant)
            continue;
        w->dirty = true;
        if (++f->seen < f->nth)
            continue;
        const struct wire_fault *on_wire = wire_named(f->what);
        if (on_wire && (!wire || wire->fault))
            continue;
        f->fired++;
        if (on_wire) {
            *wire = (struct wire){.fault = on_wire,
                                  .after = strcmp(f->when, "after") == 0,
                                  .hang_s = f->hang_s,
                                  .retry_after_s = f->seconds < 0 ? 5 : f->seconds};
        } else {
            outcomes->wanted |= 1u << outcome_named(f->what);
            outcomes->seconds = f->seconds < 0 ? 120 : f->seconds;
            outcomes->factor = f->factor;
        }
    }
}

bool outcome_wanted(const struct outcomes *o, enum outcome which)
{
    return (o->wanted & 1u << which) != 0;
}
