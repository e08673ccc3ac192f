/*
 * signer repo publish: sends otad what it lacks, root first.  What is complete is published
 * there in one step; what is pending waits there for the other managers (SPEC 10.8).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd_repo.h"
#include "repo_rules.h"
#include "repo_session.h"
#include "say.h"

/* The version of a role that the server has published; 0 = none. */
static uint64_t published(const json_t *there, const char *role)
{
    const json_t *item;
    uint64_t top = 0;
    size_t i;

    json_array_foreach (json_object_get(there, "roles"), i, item) {
        const char *is = json_string_value(json_object_get(item, "role"));
        json_int_t version = json_integer_value(json_object_get(item, "version"));

        if (is != NULL && strcmp(is, role) == 0 && version > 0 && (uint64_t)version > top)
            top = (uint64_t)version;
    }
    return top;
}

static ota_err put(const struct repo_session *s, const char *role, const json_t *doc,
                   const char *what)
{
    struct http_body body = {"application/json", NULL, NULL, 0};
    char path[REPO_URL_BYTES + REPO_NAME_BYTES_MAX + 8];
    struct file_bytes text;
    json_t *answer = NULL;
    ota_err e = repo_doc_text(doc, &text);

    if (e != OTA_OK)
        return e;
    (void)snprintf(path, sizeof path, "%s/%s.json", s->base, role);
    body.data = text.data;
    body.len = text.len;
    e = repo_exchange(s, "PUT", path, &body, what, &answer);
    if (e == OTA_E_DENIED && repo_doc_is(doc, "root") && repo_doc_version(doc) == 1)
        say_hint(
            "the first root of a platform takes an API key with the scope platform.manage");
    file_free(&text);
    json_decref(answer);
    return e;
}

static void told(struct report *out, const char *what, const char *state)
{
    report_object(out, NULL);
    report_text(out, "file", "%s", what);
    report_text(out, "state", "%s", state);
    report_end(out);
}

/* One version of a role, read from the folder. */
static ota_err send_standing(const struct repo *r, const struct repo_session *s,
                             enum repo_role role, uint64_t version, bool dry,
                             struct report *out)
{
    char name[REPO_NAME_BYTES_MAX + 32], path[4096];
    json_t *doc = NULL;
    ota_err e;

    repo_file_name(r, role, version, name, sizeof name);
    (void)snprintf(path, sizeof path, "%s/%s", r->dir, name);
    e = repo_doc_read(path, &doc);
    if (e == OTA_OK && !dry)
        e = put(s, repo_role_name(r, role), doc, name);
    if (e == OTA_OK)
        told(out, name, dry ? "would be sent" : "sent");
    json_decref(doc);
    return e;
}

static ota_err send_role(const struct repo *r, const struct repo_session *s,
                         enum repo_role role, bool dry, struct report *out)
{
    const uint64_t has = published(s->there, repo_role_name(r, role));
    const uint64_t top = r->stands[role] == NULL ? 0 : repo_doc_version(r->stands[role]);
    /* Every root is needed, of the others the newest. */
    uint64_t first = role == REPO_ROOT ? has + 1 : top;
    char name[REPO_NAME_BYTES_MAX + 32];
    ota_err e = OTA_OK;

    if (has > top && r->pending[role] == NULL) {
        say_error("the server has %s %llu, this folder %llu", repo_role_name(r, role),
                  (unsigned long long)has, (unsigned long long)top);
        say_hint("take the newer files first; nothing goes back");
        return OTA_E_ROLLBACK;
    }
    for (uint64_t v = first; e == OTA_OK && v <= top && v > has; v++)
        e = send_standing(r, s, role, v, dry, out);
    if (e != OTA_OK || r->pending[role] == NULL ||
        json_array_size(json_object_get(r->pending[role], "signatures")) == 0)
        return e;
    repo_file_name(r, role, repo_doc_version(r->pending[role]), name, sizeof name);
    e = repo_rules(r, role);
    if (e == OTA_OK && !dry)
        e = put(s, repo_role_name(r, role), r->pending[role], name);
    if (e == OTA_OK)
        told(out, name, dry ? "would wait for signatures" : "waits for signatures");
    return e;
}

static ota_err send_all(const struct repo *r, const struct repo_session *s,
                        const struct repo_request *q)
{
    struct report out;
    ota_err e = OTA_OK;

    report_init(&out);
    report_text(&out, "platform", "%s", r->platform);
    if (q->server != NULL)
        report_text(&out, "server", "%s", q->server);
    report_list(&out, "files");
    for (int role = 0; e == OTA_OK && role < REPO_ROLES; role++)
        e = send_role(r, s, (enum repo_role)role, q->dry_run, &out);
    report_end(&out);
    report_flag(&out, "dry_run", q->dry_run);
    if (e == OTA_OK)
        return report_print(&out) ? OTA_OK : OTA_E_IO;
    report_free(&out);
    return e;
}

ota_err repo_server_answer(const struct repo_request *q, const char *platform, json_t **out)
{
    struct repo_session s;
    ota_err e = repo_session_open(q, platform, &s);

    if (e == OTA_OK)
        *out = json_incref(s.there);
    repo_session_close(&s);
    return e;
}

static ota_err send_there(const struct repo *r, const struct repo_request *q)
{
    struct repo_session s;
    ota_err e = repo_session_open(q, r->platform, &s);

    if (e == OTA_OK)
        e = send_all(r, &s, q);
    repo_session_close(&s);
    return e;
}

/* What stands here must be what anybody may check; a server that refuses comes second. */
static ota_err check_first(const struct repo *r)
{
    for (int role = 0; role < REPO_ROLES; role++) {
        ota_err e;

        if (r->stands[role] == NULL)
            continue;
        e = repo_fresh(r, (enum repo_role)role, r->stands[role]);
        if (e == OTA_OK)
            e = repo_contents(r, (enum repo_role)role, r->stands[role]);
        if (e != OTA_OK)
            return e;
    }
    return OTA_OK;
}

ota_err repo_run_publish(const struct repo_request *q)
{
    const struct repo_session nowhere = {.http = NULL};
    struct repo r;
    ota_err e = repo_open(q->dir, q->now_unix_s, &r);

    if (e != OTA_OK)
        return e;
    e = check_first(&r);
    if (e == OTA_OK)
        e = q->dry_run ? send_all(&r, &nowhere, q) : send_there(&r, q);
    repo_close(&r);
    return e;
}
