/* What Dropbox says when it refuses. Its errors are nested tagged unions in JSON,
 *     {"error_summary": "path/conflict/file/..", "error": {".tag": "path", "reason":
 *         {".tag": "conflict", "conflict": {".tag": "file"}}, "upload_session_id": "…"}}
 * with 409 for what concerns the call, 401 the token, 429 the rate; 400 is plain text. The summary
 * is for people and may change, so the tags are read. */
#include "backend_dropbox.h"
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 8, MAX_WORDS = 300 };

#define KIND(k) (1u << CALL_##k)
#define UPLOADS (KIND(PART) | KIND(FINISH) | KIND(COMMIT))

struct told {
    char tags[200];       /* from the outermost to the innermost: "path/conflict/file" */
    const cJSON *deepest; /* the object with the innermost tag: its fields stand beside it */
};

static const struct meaning {
    const char *tag;
    uint32_t kinds; /* 0 = of any kind of call */
    enum err_code code;
    bool retryable, is_there, is_gone;
    const char *words, *hint;
} meanings[] = {
    {"file", .code = ERR_REFUSED, .is_there = true, .words = "there is a file of this name"},
    {"folder", .code = ERR_REFUSED, .words = "there is a folder of this name"},
    {"file_ancestor", .code = ERR_REFUSED, .words = "one of its folders is a file there"},
    {"conflict", .code = ERR_REFUSED, .is_there = true, .words = "something of this name is there"},
    {"not_found", UPLOADS, ERR_NOT_FOUND, .is_gone = true,
     .words = "the upload that was begun is gone; Dropbox keeps them for 7 days"},
    {"not_found", KIND(LIST), ERR_NOT_FOUND, .words = "there is no such folder"},
    {"not_found", .code = ERR_NOT_FOUND, .words = "there is no such file"},
    {"not_file", .code = ERR_REFUSED, .words = "it is a folder, not a file"},
    {"not_folder", .code = ERR_REFUSED, .words = "it is a file, not a folder"},
    {"malformed_path", .code = ERR_REFUSED, .words = "Dropbox does not take this path",
     .hint = "addresses are /FOLDER/NAME, seen from the top of the Dropbox or the app's folder"},
    {"disallowed_name", .code = ERR_REFUSED, .words = "Dropbox stores no file of this name"},
    {"restricted_content", .code = ERR_REFUSED, .words = "Dropbox may not hand out this content"},
    {"unsupported_file", .code = ERR_REFUSED, .words = "it can only be exported, not downloaded"},
    {"unsupported_content_type", .code = ERR_REFUSED, .words = "this kind of file has no bytes"},
    {"locked", .code = ERR_REFUSED, .words = "the file is locked"},
    {"no_write_permission", .code = ERR_AUTH, .words = "this account may not write there"},
    {"team_folder", .code = ERR_AUTH, .words = "this is not possible in a team's folder"},
    {"operation_suppressed", .code = ERR_AUTH, .words = "the account's rules do not allow this"},
    {"access_error", .code = ERR_AUTH, .words = "this account may not do that"},
    {"encryption_not_supported", .code = ERR_REFUSED,
     .words = "the folder is end-to-end encrypted, which programs cannot write to"},
    {"insufficient_space", .code = ERR_REFUSED, .words = "the Dropbox is full",
     .hint = "make room in the Dropbox, then run this again"},
    {"insufficient_quota", .code = ERR_REFUSED, .words = "the Dropbox is full",
     .hint = "make room in the Dropbox, then run this again"},
    {"too_many_write_operations", .code = ERR_RATE_LIMIT, .retryable = true,
     .words = "too many writes at once in this Dropbox"},
    {"too_many_requests", .code = ERR_RATE_LIMIT, .retryable = true, .words = "too many requests"},
    {"too_many_shared_folder_targets", .code = ERR_REFUSED,
     .words = "one batch goes to too many shared folders",
     .hint = "put the shared folders one after the other"},
    {"incorrect_offset", KIND(FINISH) | KIND(COMMIT), ERR_REFUSED, .is_gone = true,
     .words = "Dropbox has not all bytes of the upload"},
    /* Of parts at once the ones before may be on their way still. */
    {"incorrect_offset", .code = ERR_REFUSED, .retryable = true,
     .words = "Dropbox expects other bytes of the upload"},
    {"closed", UPLOADS, ERR_REFUSED, .is_gone = true, .words = "the upload is closed already"},
    {"not_closed", .code = ERR_REFUSED, .is_gone = true, .words = "the upload lacks its last part"},
    {"concurrent_session_not_closed", .code = ERR_REFUSED, .is_gone = true,
     .words = "the upload lacks its last part"},
    {"concurrent_session_missing_data", .code = ERR_REFUSED, .is_gone = true,
     .words = "Dropbox has not all parts of the upload"},
    {"concurrent_session_invalid_offset", .code = ERR_REFUSED,
     .words = "parts begin at multiples of 4 MiB"},
    {"concurrent_session_invalid_data_size", .code = ERR_REFUSED,
     .words = "parts are multiples of 4 MiB long"},
    {"concurrent_session_close_not_allowed", .code = ERR_REFUSED,
     .words = "an upload of parts cannot be closed at its beginning"},
    {"concurrent_session_data_not_allowed", .code = ERR_REFUSED,
     .words = "bytes of an upload go into its parts alone"},
    {"too_large", .code = ERR_REFUSED, .words = "Dropbox takes no file that large"},
    {"payload_too_large", .code = ERR_REFUSED, .words = "more bytes than one request may have"},
    {"content_hash_mismatch", .code = ERR_REFUSED, .retryable = true,
     .words = "the bytes were damaged on their way"},
    {"reset", KIND(LIST), ERR_REFUSED, .words = "the folder changed too much to go on listing it",
     .hint = "run this again"},
    {"expired_access_token", .code = ERR_AUTH, .words = "the access token has run out",
     .hint = "give the remote a refresh_token and app_key, with which new ones are had"},
    {"invalid_access_token", .code = ERR_AUTH, .words = "the access token is not valid",
     .hint = "get a new one, or better a refresh_token, in the app's page at Dropbox"},
    {"missing_scope", .code = ERR_AUTH, .words = "the app lacks a permission",
     .hint = "allow it in the app's page at Dropbox, then get a new token"},
    {"user_suspended", .code = ERR_AUTH, .words = "the account is suspended"},
    {"route_access_denied", .code = ERR_AUTH, .words = "the app may not make this call"},
};

char *dropbox_words(const char *text, size_t len)
{
    struct str words = STR(MAX_WORDS);
    bool blank = false;
    for (size_t i = 0; i < len && text[i] && !words.full; i++) {
        unsigned char ch = (unsigned char)text[i];
        blank = blank || ch <= ' ';
        if (ch <= ' ')
            continue;
        if (blank && words.len)
            str_add(&words, " ");
        blank = false;
        str_addf(&words, "%c", ch < 0x7f ? ch : '?');
    }
    return words.len ? str_take(&words) : xstrdup("");
}

static const cJSON *member(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static const char *tag_of(const cJSON *node)
{
    const cJSON *tag = cJSON_IsString(node) ? node : member(node, ".tag");
    return cJSON_IsString(tag) ? tag->valuestring : NULL;
}

/* A tag's value is the member of the same name, or where it is a struct, its fields beside it. The
 * error of an upload and that of the rate have the union inside as `reason`. */
static void read_told(const cJSON *error, struct told *t)
{
    struct str tags = STR(sizeof t->tags - 1);
    const cJSON *node = error;
    for (int i = 0; node && i < MAX_DEPTH; i++) {
        const char *tag = tag_of(node);
        const cJSON *inner = tag ? member(node, tag) : NULL;
        if (tag) {
            str_addf(&tags, "%s%s", tags.len ? "/" : "", tag);
            t->deepest = node;
        }
        node = cJSON_IsObject(inner) || cJSON_IsString(inner) ? inner : member(node, "reason");
    }
    char *clean = dropbox_words(str_text(&tags), tags.len);
    str_copy(t->tags, sizeof t->tags, clean);
    free(clean);
    str_release(&tags);
}

static const struct meaning *meaning_of(const char *tags, enum call_kind kind)
{
    const char *end = tags + strlen(tags);
    while (end > tags) {
        const char *begin = end;
        while (begin > tags && begin[-1] != '/')
            begin--;
        size_t len = (size_t)(end - begin);
        for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++) {
            const struct meaning *m = &meanings[i];
            if (strlen(m->tag) == len && memcmp(m->tag, begin, len) == 0 &&
                (!m->kinds || m->kinds & 1u << kind))
                return m;
        }
        end = begin > tags ? begin - 1 : tags;
    }
    return NULL;
}

static bool has_tag(const struct told *t, const char *tag)
{
    return strcmp(tag_of(t->deepest) ? tag_of(t->deepest) : "", tag) == 0;
}

/* The answer to the first sending of a part was lost, and now it is refused because it is there.
 * Only the last part closes, so where that one meets a closed upload it had arrived as well. */
static bool had_arrived(struct call *c, const struct told *t)
{
    if (c->kind != CALL_PART)
        return false;
    if (has_tag(t, "closed"))
        return c->last;
    if (!has_tag(t, "incorrect_offset"))
        return false;
    c->right_offset = json_int(t->deepest, "correct_offset", -1);
    return c->right_offset >= c->offset + c->len;
}

static char *words_of(const struct http_resp *r, const cJSON *json, const struct told *t,
                      const struct meaning *m)
{
    const char *type = http_header(r, "Content-Type");
    const char *text = json_text(json, "user_message.text", NULL);
    const char *scope = json_text(t->deepest, "required_scope", NULL);
    char *own = dropbox_words(scope ? scope : text ? text : "", MAX_WORDS), *words = NULL;
    if (m && scope)
        words = xasprintf("%s, %s (%s)", m->words, own, t->tags);
    else if (m || (*own && *t->tags))
        words = xasprintf("%s (%s)", m ? m->words : own, t->tags);
    else if (*own || *t->tags)
        words = xstrdup(*own ? own : t->tags);
    else if (!json && r->body.len && !(type && str_has(type, "html")))
        words = dropbox_words(r->body.p, r->body.len);
    else if (r->status == 409)
        words = xstrdup("Dropbox does not say why");
    free(own);
    return words;
}

bool dropbox_refused(struct call *c, const struct http_resp *r, struct err *e)
{
    struct err unread = {0};
    struct told t = {0};
    cJSON *json = json_parse(str_text(&r->body), r->body.len, &unread);
    read_told(json_at(json, "error"), &t);
    const struct meaning *m = meaning_of(t.tags, c->kind);
    bool ok = r->status == 409 && had_arrived(c, &t);

    if (!ok) {
        char *words = words_of(r, json, &t, m);
        call_refused(c, r, words, e);
        free(words);
    }
    if (!ok && m && r->status < 500) {
        e->code = m->is_there && c->no_clobber ? ERR_GUARD : m->code;
        e->retryable = m->retryable;
        c->upload_is_gone = m->is_gone;
        if (r->status == 401 && has_tag(&t, "expired_access_token") && c->remote->refresh_token &&
            *c->remote->refresh_token)
            c->token_is_old = e->retryable = true;
        else if (m->hint)
            err_hint(e, "%s", m->hint);
    }
    cJSON_Delete(json);
    return ok;
}

bool dropbox_entry_refused(const struct commit *entry, const cJSON *failure, struct err *e)
{
    struct told t = {0};
    read_told(failure, &t);
    const struct meaning *m = meaning_of(t.tags, CALL_COMMIT);
    if (!m)
        return err_set(e, ERR_REFUSED, "%s", *t.tags ? t.tags : "Dropbox does not say why");
    enum err_code code = m->is_gone                         ? ERR_NOT_FOUND
                         : m->is_there && entry->no_clobber ? ERR_GUARD
                                                            : m->code;
    err_set(e, code, "%s (%s)", m->words, t.tags);
    e->retryable = m->retryable;
    return m->hint ? err_hint(e, "%s", m->hint) : false;
}
