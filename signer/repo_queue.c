/* otad's review queue as a manager sees it: bytes from a server that nobody trusts. */
#include "repo_queue.h"

#include <stdio.h>
#include <string.h>

#include "../firmware/image/crypto.h"
#include "repo_diff.h"
#include "repo_merge.h"
#include "say.h"

static ota_err strange(const char *what)
{
    say_error("the server's list of waiting files is not understood: %s", what);
    say_hint("is it otad, and not older than this signer?");
    return OTA_E_FORMAT;
}

/* role, version and id of one entry; *out_next: it comes after what stands. */
static ota_err entry_read(const json_t *entry, const struct repo *r, struct repo_waiting *out,
                          bool *out_next)
{
    const char *role = json_string_value(json_object_get(entry, "role"));
    const char *id = json_string_value(json_object_get(entry, "id"));
    const char *by = json_string_value(json_object_get(entry, "submitted_by"));
    const json_int_t version = json_integer_value(json_object_get(entry, "version"));
    uint8_t digest[CRYPTO_DIGEST_BYTES];
    int i = 0;

    if (role == NULL || version <= 0 || !repo_hex_read(id, digest, sizeof digest))
        return strange("an entry lacks \"role\", \"version\" or \"id\"");
    while (i < REPO_ROLES && strcmp(role, repo_role_name(r, (enum repo_role)i)) != 0)
        i++;
    if (i == REPO_ROLES)
        return strange("an entry is of another role");
    out->role = (enum repo_role)i;
    (void)snprintf(out->id, sizeof out->id, "%s", id);
    (void)snprintf(out->by, sizeof out->by, "%s", by == NULL ? "?" : by);
    *out_next =
        (uint64_t)version == (r->stands[i] == NULL ? 0 : repo_doc_version(r->stands[i])) + 1;
    return OTA_OK;
}

static ota_err is_what_its_id_says(const struct repo_waiting *w, const char *from)
{
    char id[65];
    ota_err e = repo_doc_id(w->doc, id);

    if (e != OTA_OK || (strcmp(id, w->id) == 0 && repo_role_of_doc(w->doc) == w->role))
        return e;
    say_error("%s is not what the server says it is", from);
    say_hint("it was changed on its way or by the server; nothing was taken");
    return OTA_E_SIGNATURE;
}

static void name_of(const struct repo *r, const struct repo_waiting *w, char *out, size_t room)
{
    (void)snprintf(out, room, "the waiting %s (%.8s)", repo_role_name(r, w->role), w->id);
}

static ota_err fetch(const struct repo_session *s, const struct repo *r, struct repo_waiting *w)
{
    char url[REPO_URL_BYTES + 80], from[REPO_NAME_BYTES_MAX + 64];
    struct http_reply reply;
    ota_err e;

    (void)snprintf(url, sizeof url, "%s/pending/%s", s->base, w->id);
    name_of(r, w, from, sizeof from);
    e = http_get(s->http, url, REPO_FILE_BYTES_MAX, &reply);
    if (e != OTA_OK) {
        say_hint("that was %s; nothing was taken", from);
        return e;
    }
    if (reply.status == 404) {
        say_error("%s is no longer there", from);
        say_hint("it was published, replaced or removed meanwhile: pull again");
        e = OTA_E_BUSY;
    } else if (reply.status != 200)
        e = server_refused(from, &reply);
    else
        e = repo_doc_parse(from, reply.text == NULL ? "" : reply.text, reply.len, &w->doc);
    http_reply_free(&reply);
    return e == OTA_OK ? is_what_its_id_says(w, from) : e;
}

ota_err repo_queue_read(const struct repo_session *s, const struct repo *r,
                        struct repo_queue *out)
{
    const json_t *list = json_object_get(s->there, "pending"), *entry;
    ota_err e = OTA_OK;
    size_t i;

    *out = (struct repo_queue){.count = 0};
    if (!json_is_array(list))
        return strange("there is no \"pending\"");
    json_array_foreach (list, i, entry) {
        struct repo_waiting *w = &out->item[out->count];
        bool next = false;

        if (e == OTA_OK && out->count == REPO_QUEUE_MAX)
            e = strange("it is too long");
        if (e == OTA_OK)
            e = entry_read(entry, r, w, &next);
        if (e != OTA_OK)
            return e;
        if (!next)
            continue;
        out->count++;
        e = fetch(s, r, w);
    }
    return e;
}

/* --- taking ---------------------------------------------------------------------------------
 */

/* Several wait, and nobody has said which: show each, as the rules and their keys have it. */
static ota_err undecided(const struct repo *r, const struct repo_queue *q, enum repo_role role)
{
    for (size_t i = 0; i < q->count; i++) {
        const struct repo_waiting *w = &q->item[i];
        json_t *lines = repo_diff(r->stands[role], w->doc);
        const json_t *line;
        size_t n;

        if (w->role == role)
            (void)fprintf(stderr, "%.12s, sent by %s:\n", w->id, w->by);
        json_array_foreach (lines, n, line) {
            if (w->role == role)
                (void)fprintf(stderr, "  %s\n", json_string_value(line));
        }
        json_decref(lines);
    }
    say_error("several files wait as the next version of %s", repo_role_name(r, role));
    say_hint(
        "agree on one and take it with --id and the first digits of its id; the others are "
        "removed in otad's review page");
    return OTA_E_CONFLICT;
}

/* The one to take.  NULL with OTA_OK: none waits. */
static ota_err choose(const struct repo *r, const struct repo_queue *q, enum repo_role role,
                      const char *id, const struct repo_waiting **out)
{
    const struct repo_waiting *only = NULL;
    size_t count = 0;

    *out = NULL;
    for (size_t i = 0; i < q->count; i++) {
        const struct repo_waiting *w = &q->item[i];

        if (w->role != role)
            continue;
        if (id != NULL ? strncmp(w->id, id, strlen(id)) == 0
                       : r->pending[role] != NULL && repo_doc_same(r->pending[role], w->doc))
            *out = w;
        only = w;
        count++;
    }
    if (*out != NULL || count == 0)
        return OTA_OK;
    *out = only;
    return count == 1 ? OTA_OK : undecided(r, q, role);
}

ota_err repo_queue_take(struct repo *r, const struct repo_queue *q, enum repo_role role,
                        const char *id, bool *out_changed)
{
    json_t *const mine = r->pending[role];
    const size_t had = json_array_size(json_object_get(mine, "signatures"));
    char from[REPO_NAME_BYTES_MAX + 64];
    const struct repo_waiting *w;
    ota_err e = choose(r, q, role, id, &w);

    *out_changed = false;
    if (e != OTA_OK || w == NULL)
        return e;
    name_of(r, w, from, sizeof from);
    if (mine != NULL && had == 0 && !repo_doc_same(mine, w->doc))
        r->pending[role] = NULL;
    e = repo_merge(r, role, from, w->doc);
    *out_changed =
        r->pending[role] != mine || json_array_size(json_object_get(mine, "signatures")) != had;
    if (r->pending[role] != mine)
        json_decref(mine);
    return e;
}

void repo_queue_free(struct repo_queue *q)
{
    for (size_t i = 0; i < q->count; i++)
        json_decref(q->item[i].doc);
    *q = (struct repo_queue){.count = 0};
}
