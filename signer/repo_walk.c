/*
 * The client of firmware/tuf over HTTP.  It judges with time 0, at which nothing has expired:
 * expiry is judged here, when all else is good.
 */
#include "repo_walk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../firmware/tuf/device.h"
#include "repo_verdict.h"
#include "say.h"
#include "server.h"

enum { NAME_BYTES = 3 * TUF_NAME_MAX + 32, URL_BYTES = 1024 };

/* Listed by nobody, and so looked for in targets and in the platform's role. */
static const char any_path[] = "-/-";

struct walk {
    const struct repo_walk *w;
    struct repo_published *out;
    struct tuf_device device;
    struct tuf_store store;
    struct tuf_setup setup;
};

const char *repo_online_file_name(enum repo_online_file which)
{
    return which == REPO_TIMESTAMP ? "timestamp.json" : "snapshot.json";
}

/* --- the client's store ---------------------------------------------------------------------
 */

static ota_err give(const void *bytes, size_t len, uint8_t *buf, size_t max, size_t *out_len)
{
    if (len > max)
        return OTA_E_LIMIT;
    memcpy(buf, bytes, len);
    *out_len = len;
    return OTA_OK;
}

/* The trusted root, or the newest one that followed it. */
static ota_err load_root(const struct walk *w, uint8_t *buf, size_t max, size_t *out_len)
{
    const struct repo_published *p = w->out;
    struct file_bytes text;
    ota_err e = repo_doc_text(
        p->roots > 0 ? p->root[p->roots - 1] : w->w->repo->stands[REPO_ROOT], &text);

    if (e != OTA_OK)
        return e;
    e = give(text.data, text.len, buf, max, out_len);
    file_free(&text);
    return e;
}

static ota_err load(void *arg, const char *name, uint8_t *buf, size_t max, size_t *out_len)
{
    const struct walk *w = arg;

    if (strcmp(name, "root.json") == 0)
        return load_root(w, buf, max, out_len);
    for (int i = 0; i < REPO_ONLINE_FILES; i++) {
        const struct file_bytes *f =
            w->out->seen[i].data != NULL ? &w->out->seen[i] : &w->w->seen[i];

        if (strcmp(name, repo_online_file_name((enum repo_online_file)i)) == 0)
            return f->data == NULL || (f == &w->w->seen[i] && w->out->forget_seen)
                       ? OTA_E_NOT_FOUND
                       : give(f->data, f->len, buf, max, out_len);
    }
    return OTA_E_NOT_FOUND; /* the folder's own are compared when the walk is over */
}

static ota_err keep_bytes(struct file_bytes *to, const uint8_t *bytes, size_t len)
{
    uint8_t *copy = malloc(len + 1);

    if (copy == NULL)
        return OTA_E_NO_MEMORY;
    memcpy(copy, bytes, len);
    copy[len] = 0;
    free(to->data);
    *to = (struct file_bytes){copy, len};
    return OTA_OK;
}

static ota_err save(void *arg, const char *name, const uint8_t *bytes, size_t len)
{
    struct walk *w = arg;
    struct repo_published *p = w->out;
    const enum repo_role role =
        strcmp(name, "targets.json") == 0 ? REPO_TARGETS : REPO_PLATFORM;

    for (int i = 0; i < REPO_ONLINE_FILES; i++) {
        if (strcmp(name, repo_online_file_name((enum repo_online_file)i)) == 0)
            return keep_bytes(&p->seen[i], bytes, len);
    }
    if (strcmp(name, "root.json") != 0) {
        json_decref(p->doc[role]);
        p->doc[role] = NULL;
        return repo_doc_parse(name, bytes, len, &p->doc[role]);
    }
    if (p->roots == REPO_ROOTS_MAX)
        return OTA_E_LIMIT;
    return repo_doc_parse(name, bytes, len, &p->root[p->roots++]);
}

static ota_err forget(void *arg, const char *name)
{
    struct walk *w = arg;

    (void)name; /* both at once */
    w->out->forget_seen = true;
    for (int i = 0; i < REPO_ONLINE_FILES; i++)
        file_free(&w->out->seen[i]);
    return OTA_OK;
}

/* --- fetching -------------------------------------------------------------------------------
 */

static ota_err refused(const char *name, enum tuf_verdict v)
{
    say_error("the server's %s is refused: %s (%s)", name, repo_verdict_words(v),
              tuf_verdict_name(v));
    if (v == TUF_ROLLBACK || v == TUF_VANISHED)
        say_hint(
            "it showed something newer before: it was set back, or somebody stands between; "
            "nothing was taken");
    else
        say_hint("nothing was taken; ask the other managers before you sign anything");
    return v == TUF_LIMIT ? OTA_E_LIMIT : OTA_E_SIGNATURE;
}

/* Into the client's memory.  OTA_E_NOT_FOUND, unsaid: the server has none. */
static ota_err fetch(struct walk *w, const char *name, size_t max, size_t *out_len)
{
    char url[URL_BYTES];
    struct http_reply reply;
    int n = snprintf(url, sizeof url, "%s%s", w->w->metadata, name);
    ota_err e;

    if (n < 0 || n >= (int)sizeof url)
        return say_fail(OTA_E_LIMIT, "%s: too long", name);
    e = http_get(w->w->http, url, max, &reply);
    if (e != OTA_OK) {
        say_hint("that was %s; nothing was taken", name);
        return e;
    }
    if (reply.status == 404)
        e = OTA_E_NOT_FOUND;
    else if (reply.status != 200)
        e = server_refused(name, &reply);
    else
        e = give(reply.text == NULL ? "" : reply.text, reply.len, w->device.file, max, out_len);
    http_reply_free(&reply);
    return e;
}

/* A server that shows nothing has published nothing; if it did before, it hides something. */
static bool empty(const struct walk *w)
{
    return w->device.client.step == TUF_WANTS_TIMESTAMP &&
           (w->w->seen[REPO_TIMESTAMP].data == NULL || w->out->forget_seen);
}

/* One cycle of the client.  *out_again: it stopped at its limit of roots. */
static ota_err cycle(struct walk *w, bool *out_again)
{
    struct tuf_client *c = &w->device.client;
    char name[NAME_BYTES] = "root.json";
    enum tuf_verdict v = tuf_client_start(c, &w->setup, any_path);
    size_t max = 0, len = 0;

    *out_again = false;
    while (v == TUF_GOOD && tuf_client_wants(c, name, sizeof name, &max)) {
        ota_err e;

        if (c->step != TUF_WANTS_ROOT && c->roots_taken == c->s.limits->roots) {
            *out_again = true;
            return OTA_OK;
        }
        e = fetch(w, name, max, &len);
        if (e == OTA_E_NOT_FOUND && empty(w))
            return OTA_OK;
        if (e != OTA_OK && e != OTA_E_NOT_FOUND)
            return e;
        v = e == OTA_OK ? tuf_client_got(c, len) : tuf_client_absent(c);
    }
    return v == TUF_GOOD || v == TUF_NO_TARGET ? OTA_OK : refused(name, v);
}

/* Timestamp and snapshot must be fresh: a server that is alive renews them. */
static ota_err online_fresh(const struct walk *w)
{
    for (int i = 0; i < REPO_ONLINE_FILES; i++) {
        const struct file_bytes *f =
            w->out->seen[i].data != NULL ? &w->out->seen[i] : &w->w->seen[i];
        const char *name = repo_online_file_name((enum repo_online_file)i);
        json_t *doc = NULL;
        int64_t until = 0;
        ota_err e = repo_doc_parse(name, f->data, f->len, &doc);

        if (e != OTA_OK)
            return e;
        if (repo_date_parse(repo_doc_expires(doc), &until) != OTA_OK ||
            until <= w->w->repo->now_unix_s) {
            say_error("the server's %s expired at %s", name, repo_doc_expires(doc));
            say_hint(
                "is this machine's clock right? else the server shows an old state, or has "
                "stopped renewing; nothing was taken");
            e = OTA_E_ROLLBACK;
        }
        json_decref(doc);
        if (e != OTA_OK)
            return e;
    }
    return OTA_OK;
}

ota_err repo_walk(const struct repo_walk *given, struct repo_published *out)
{
    struct walk *w = calloc(1, sizeof *w);
    bool again = true;
    ota_err e = OTA_OK;

    *out = (struct repo_published){.roots = 0};
    if (w == NULL)
        return say_fail(OTA_E_NO_MEMORY, "no memory");
    w->w = given;
    w->out = out;
    w->store = (struct tuf_store){.arg = w, .load = load, .save = save, .forget = forget};
    while (e == OTA_OK && again) {
        tuf_device_setup(&w->device, &w->store, &w->setup);
        w->setup.floor.role_name = w->w->repo->platform;
        e = cycle(w, &again);
    }
    if (e == OTA_OK && out->doc[REPO_TARGETS] != NULL)
        e = online_fresh(w);
    free(w);
    return e;
}

void repo_published_free(struct repo_published *p)
{
    for (size_t i = 0; i < p->roots; i++)
        json_decref(p->root[i]);
    for (int i = 0; i < REPO_ROLES; i++)
        json_decref(p->doc[i]);
    for (int i = 0; i < REPO_ONLINE_FILES; i++)
        file_free(&p->seen[i]);
    *p = (struct repo_published){.roots = 0};
}
