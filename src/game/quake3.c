/* Quake III's and its descendants' getinfo and getstatus. ioquake3 and what grew from it tell how
 * many of the clients are people (`g_humanplayers`, sv_main.c: SVC_Info); for the others it shows
 * in the list of getstatus, where a bot's ping is 0 (sv_main.c: SV_CalcPings) and that of somebody
 * from another place, or who is still connecting, is not. Where both are told the larger counts,
 * since getinfo leaves out who has a private slot. */
#include "talk.h"

#include <stdlib.h>
#include <string.h>

enum { INFO, STATUS, CHALLENGE = 17 };

struct own {
    int humans, clients; /* as getinfo told; -1 = not told */
};

static enum talk_next say(struct talk *t, const char *what)
{
    str_add(&t->out, "\xff\xff\xff\xff");
    str_addf(&t->out, "%s %016llx\n", what, (unsigned long long)t->nonce);
    return TALK_SEND;
}

static enum talk_next begin(struct talk *t)
{
    struct own *own = xcalloc(1, sizeof *own);
    own->humans = own->clients = -1;
    t->own = own;
    return say(t, "getinfo");
}

/* The next of "\key\value\key\value"; false at the end of the line. */
static bool take_pair(struct reader *r, char *key, size_t key_size, const char **value,
                      size_t *value_len)
{
    const char *parts[2];
    size_t lens[2];
    for (int i = 0; i < 2; i++) {
        if (r->at == r->end || *r->at != '\\')
            return false;
        const unsigned char *from = ++r->at;
        while (r->at < r->end && *r->at != '\\' && *r->at != '\n')
            r->at++;
        parts[i] = (const char *)from;
        lens[i] = (size_t)(r->at - from);
    }
    size_t len = lens[0] < key_size - 1 ? lens[0] : key_size - 1;
    memcpy(key, parts[0], len);
    key[len] = '\0';
    *value = parts[1];
    *value_len = lens[1];
    return true;
}

/* False if it is the answer to another talk. */
static bool take_keys(struct talk *t, struct reader *r)
{
    struct game_answer *a = t->answer;
    struct own *own = t->own;
    char key[64], ours[CHALLENGE] = "", theirs[CHALLENGE + 1] = "";
    const char *v;
    size_t len;

    for (int i = 0; i < 16; i++)
        ours[i] = "0123456789abcdef"[t->nonce >> (60 - 4 * i) & 15];
    while (take_pair(r, key, sizeof key, &v, &len)) {
        if (!strcmp(key, "challenge"))
            talk_text(theirs, sizeof theirs, v, len);
        else if (!strcmp(key, "hostname") || !strcmp(key, "sv_hostname"))
            talk_text(a->title, sizeof a->title, v, len);
        else if (!strcmp(key, "mapname"))
            talk_text(a->map, sizeof a->map, v, len);
        else if (!strcmp(key, "version"))
            talk_text(a->version, sizeof a->version, v, len);
        else if (!strcmp(key, "sv_maxclients"))
            talk_count(v, len, &a->max);
        else if (!strcmp(key, "clients") && t->stage == INFO)
            talk_count(v, len, &own->clients);
        else if (!strcmp(key, "g_humanplayers") && t->stage == INFO)
            talk_count(v, len, &own->humans);
    }
    return !*theirs || strcmp(ours, theirs) == 0;
}

/* Lines of: score ping "name". -1 if they are cut off. */
static int take_players(struct talk *t, struct reader *r)
{
    int people = 0;
    while (r->at < r->end) {
        const char *line = (const char *)r->at, *end = memchr(line, '\n', reader_left(r));
        const char *ping = end ? memchr(line, ' ', (size_t)(end - line)) : NULL;
        const char *name = ping ? memchr(ping + 1, ' ', (size_t)(end - ping) - 1) : NULL;
        int ms = -1;
        if (!name)
            return -1;
        r->at = (const unsigned char *)end + 1;
        /* What is no ping is not known to be a bot's. */
        if (talk_count(ping + 1, (size_t)(name - ping) - 1, &ms) && ms == 0)
            continue;
        people++;
        name += 1 + (name + 1 < end && name[1] == '"');
        if (t->names && name < end)
            talk_name(t->answer, name, (size_t)(end - name) - (end[-1] == '"'));
    }
    return people;
}

static enum talk_next counted(struct talk *t, int listed)
{
    const struct own *own = t->own;
    int n = listed > own->humans ? listed : own->humans;

    t->answer->up = true;
    if (n < 0 && own->clients == 0)
        n = 0;
    if (n < 0)
        return talk_uncounted(t, "it does not tell which of its players are bots");
    t->answer->players = n;
    return TALK_OVER;
}

static enum talk_next feed(struct talk *t, const unsigned char *bytes, size_t len, int status)
{
    static const char *const heads[] = {
        [INFO] = "\xff\xff\xff\xffinfoResponse\n", [STATUS] = "\xff\xff\xff\xffstatusResponse\n"};
    size_t head = strlen(heads[t->stage]);
    (void)status;

    if (len < 4 || memcmp(bytes, heads[0], 4) != 0)
        return talk_bad(t, ERR_PROTOCOL, "the answer is not that of a Quake III server");
    if (len < head || memcmp(bytes, heads[t->stage], head) != 0)
        return TALK_MORE;
    struct reader r = reader_of(bytes + head, len - head);
    if (!take_keys(t, &r))
        return TALK_MORE;
    if (t->stage == INFO) {
        t->stage = STATUS;
        return say(t, "getstatus");
    }
    /* What is cut off would seem to have fewer players. */
    int people = r.at < r.end && *r.at++ == '\n' ? take_players(t, &r) : -1;
    if (people < 0)
        return talk_bad(t, ERR_PROTOCOL, "the answer is cut off");
    return counted(t, people);
}

/* Either question may be switched off. */
static enum talk_next late(struct talk *t)
{
    const struct own *own = t->own;
    if (t->stage == INFO) {
        t->stage = STATUS;
        return say(t, "getstatus");
    }
    if (own->clients >= 0 || own->humans >= 0)
        return counted(t, -1);
    return talk_bad(t, ERR_TIMEOUT, "no answer came in time");
}

const struct protocol protocol_quake3 = {
    .name = "quake3",
    .title = "Quake III status",
    .carrier = CARRY_UDP,
    .begin = begin,
    .feed = feed,
    .late = late,
};
