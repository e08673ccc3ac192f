/*
 * signer repo publish: sends otad what it lacks, root first.  What is complete is published
 * there in one step; what is pending waits there for the other managers (SPEC 10.8).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd_repo.h"
#include "repo_rules.h"
#include "say.h"
#include "server.h"

enum { PATH_BYTES = 512 };

struct session {
    struct http *http;
    char base[PATH_BYTES]; /* /api/v1/platforms/P/tuf */
    json_t *there;         /* the server's answer to GET base */
};

/* Send and read JSON; any answer but 200 is said. */
static ota_err exchange(const struct session *s, const char *method, const char *path,
                        const struct http_body *body, const char *what, json_t **out)
{
    struct http_reply reply;
    json_error_t why;
    ota_err e = http_send(s->http, method, path, body, &reply);

    if (e != OTA_OK)
        return e;
    if (reply.status != 200) {
        e = server_refused(what, &reply);
    } else {
        *out = json_loadb(reply.text == NULL ? "" : reply.text, reply.len, 0, &why);
        if (*out == NULL)
            e = say_fail(OTA_E_FORMAT, "%s: the server's answer is no JSON", what);
    }
    http_reply_free(&reply);
    return e;
}

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

static ota_err put(const struct session *s, const char *role, const json_t *doc,
                   const char *what)
{
    struct http_body body = {"application/json", NULL, NULL, 0};
    char path[PATH_BYTES + REPO_NAME_BYTES_MAX + 8];
    struct file_bytes text;
    json_t *answer = NULL;
    ota_err e = repo_doc_text(doc, &text);

    if (e != OTA_OK)
        return e;
    (void)snprintf(path, sizeof path, "%s/%s.json", s->base, role);
    body.data = text.data;
    body.len = text.len;
    e = exchange(s, "PUT", path, &body, what, &answer);
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
static ota_err send_standing(const struct repo *r, const struct session *s, enum repo_role role,
                             uint64_t version, bool dry, struct report *out)
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

static ota_err send_role(const struct repo *r, const struct session *s, enum repo_role role,
                         bool dry, struct report *out)
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

static ota_err send_all(const struct repo *r, const struct session *s,
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

/* Ask the server what it has, and do what is to be done with the answer. */
static ota_err with_server(const struct repo_request *q, const char *platform,
                           ota_err (*todo)(struct session *s, void *arg), void *arg)
{
    struct http_config config = {
        .server = q->server, .ca = q->ca, .retries = 5, .wait_ms = 1000};
    char *key = key_secret_alloc(SERVER_KEY_ROOM);
    struct session s = {.http = NULL};
    ota_err e = key == NULL ? OTA_E_NO_MEMORY : server_key_read(q->api_key_file, key);

    (void)snprintf(s.base, sizeof s.base, "/api/v1/platforms/%s/tuf", platform);
    config.key = key;
    if (e == OTA_OK)
        e = http_open(&config, &s.http);
    if (e == OTA_OK)
        e = exchange(&s, "GET", s.base, NULL, "repository", &s.there);
    if (e == OTA_OK)
        e = todo(&s, arg);
    json_decref(s.there);
    http_close(s.http);
    key_secret_free(key);
    return e;
}

static ota_err keep_answer(struct session *s, void *arg)
{
    json_t **out = arg;

    *out = json_incref(s->there);
    return OTA_OK;
}

ota_err repo_server_answer(const struct repo_request *q, const char *platform, json_t **out)
{
    return with_server(q, platform, keep_answer, out);
}

struct sending {
    const struct repo *r;
    const struct repo_request *q;
};

static ota_err send_there(struct session *s, void *arg)
{
    const struct sending *it = arg;

    return send_all(it->r, s, it->q);
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
    const struct session nowhere = {.http = NULL};
    struct repo r;
    struct sending it = {&r, q};
    ota_err e = repo_open(q->dir, q->now_unix_s, &r);

    if (e != OTA_OK)
        return e;
    e = check_first(&r);
    if (e == OTA_OK)
        e = q->dry_run ? send_all(&r, &nowhere, q)
                       : with_server(q, r.platform, send_there, &it);
    repo_close(&r);
    return e;
}
