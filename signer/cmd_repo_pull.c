/*
 * signer repo pull: what a manager needs on their own machine comes from otad, which nobody
 * trusts.  Invariant: everything is fetched and judged before the first file is written, and
 * the files are written in an order in which each one stands on those before it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd_repo.h"
#include "repo_merge.h"
#include "repo_queue.h"
#include "repo_rules.h"
#include "repo_session.h"
#include "repo_walk.h"
#include "say.h"

enum { PATH_BYTES = 4096, METADATA_BYTES = 512 };

/* What is new of one role. */
struct news {
    json_t *was;       /* what stood when we came, or NULL */
    json_t *published; /* what stands now and did not, or NULL */
    json_t *overtaken; /* what was pending here and was not published so, or NULL */
    bool done;         /* overtaken is what stands now */
    bool pending;      /* what is pending, or its signatures */
    bool ahead;        /* the server has not what stands here */
};

struct pull {
    const struct repo_request *q;
    struct repo repo; /* the folder as it will be */
    struct news news[REPO_ROLES];
    json_t *trusted; /* the root of --root, where there was none; else NULL */
    struct file_bytes seen[REPO_ONLINE_FILES];
    struct repo_published published;
    struct repo_queue queue;
};

/* --- trust ----------------------------------------------------------------------------------
 */

static ota_err no_trust(const struct repo_request *q)
{
    say_error("%s has no root, so there is nothing to trust", q->dir);
    say_hint("give --root FILE: 1.root.json, which came to you from the other managers and not "
             "from the server");
    return OTA_E_NOT_FOUND;
}

/* A root that the person vouches for: one that stands, or the very first, still to be signed.
 */
static ota_err trust(struct pull *p)
{
    struct repo *r = &p->repo;
    struct repo_signers s;
    json_t *doc = NULL;
    ota_err e = repo_doc_read(p->q->root, &doc);

    if (e == OTA_OK)
        e = repo_contents(r, REPO_ROOT, doc);
    if (e == OTA_OK && repo_signers(doc, "root", &s) &&
        repo_signatures(doc, &s) >= s.threshold) {
        r->stands[REPO_ROOT] = json_incref(doc);
        p->trusted = json_incref(doc);
    } else if (e == OTA_OK) {
        e = repo_merge(r, REPO_ROOT, p->q->root, doc);
        p->news[REPO_ROOT].pending = e == OTA_OK;
    }
    json_decref(doc);
    return e;
}

/* --root for a folder that has one: it must be one of its roots. */
static ota_err trusted_already(const struct pull *p)
{
    json_t *doc = NULL, *mine = NULL;
    ota_err e = repo_doc_read(p->q->root, &doc);
    bool same = false;

    if (e == OTA_OK)
        e = repo_older(&p->repo, REPO_ROOT, repo_doc_version(doc), &mine);
    if (e == OTA_OK)
        same = repo_doc_same(doc, mine != NULL ? mine : p->repo.pending[REPO_ROOT]);
    if (e == OTA_OK && !same) {
        say_error("%s is none of the roots that %s trusts", p->q->root, p->q->dir);
        say_hint("leave --root out, or pull into a new folder");
        e = OTA_E_CONFLICT;
    }
    json_decref(doc);
    json_decref(mine);
    return e;
}

static ota_err begin(struct pull *p)
{
    const struct repo_request *q = p->q;
    struct repo *r = &p->repo;
    ota_err e = repo_open_begun(q->dir, q->now_unix_s, q->platform, r);

    if (e != OTA_OK)
        return e;
    if (r->platform[0] == '\0') {
        say_error("%s does not say which platform it is of", q->dir);
        say_hint("give --platform NAME");
        return OTA_E_NOT_FOUND;
    }
    if (q->platform != NULL && strcmp(q->platform, r->platform) != 0)
        return say_fail(OTA_E_CONFLICT, "%s is of the platform %s, not %s", q->dir, r->platform,
                        q->platform);
    if (repo_newest(r, REPO_ROOT) == NULL)
        e = q->root == NULL ? no_trust(q) : trust(p);
    else if (q->root != NULL)
        e = trusted_already(p);
    for (int i = 0; i < REPO_ROLES; i++)
        p->news[i].was = p->trusted != NULL ? NULL : json_incref(r->stands[i]);
    return e;
}

/* --- what is published ----------------------------------------------------------------------
 */

/* Where the metadata lie, as the server says: a path and nothing else. */
static ota_err metadata_of(const struct repo_session *s, char out[METADATA_BYTES])
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%/";
    const char *path = json_string_value(json_object_get(s->there, "metadata"));
    const size_t len = path == NULL ? 0 : strlen(path);

    if (len < 2 || len >= METADATA_BYTES || path[0] != '/' || path[len - 1] != '/' ||
        strspn(path, plain) != len || strstr(path, "..") != NULL) {
        say_error("the server does not say where its metadata are");
        say_hint("is it otad, and not older than this signer?");
        return OTA_E_FORMAT;
    }
    memcpy(out, path, len + 1);
    return OTA_OK;
}

static ota_err seen_path(const struct pull *p, enum repo_online_file which, char *out)
{
    int n = snprintf(out, PATH_BYTES, "%s/server/%s", p->q->dir, repo_online_file_name(which));

    return n > 0 && n < PATH_BYTES ? OTA_OK : say_fail(OTA_E_LIMIT, "%s: too long", p->q->dir);
}

static ota_err seen_read(struct pull *p)
{
    char path[PATH_BYTES];
    ota_err e = OTA_OK;

    for (int i = 0; e == OTA_OK && i < REPO_ONLINE_FILES; i++) {
        e = seen_path(p, (enum repo_online_file)i, path);
        if (e == OTA_OK && access(path, F_OK) == 0)
            e = file_read(path, REPO_FILE_BYTES_MAX, &p->seen[i]);
    }
    return e;
}

static void stands_now(struct pull *p, enum repo_role role, json_t *doc)
{
    json_decref(p->repo.stands[role]);
    p->repo.stands[role] = json_incref(doc);
    p->news[role].published = doc;
}

/* Targets or role as published, beside what stands here. */
static ota_err published_one(struct pull *p, enum repo_role role)
{
    json_t *doc = p->published.doc[role], *mine = p->repo.stands[role];
    const uint64_t theirs = doc == NULL ? 0 : repo_doc_version(doc);
    const uint64_t ours = mine == NULL ? 0 : repo_doc_version(mine);
    struct repo bare = p->repo;
    ota_err e;

    if (theirs == ours && theirs > 0 && !repo_doc_same(doc, mine)) {
        say_error("version %llu of %s is another one on the server, signed by enough as well",
                  (unsigned long long)theirs, repo_role_name(&p->repo, role));
        say_hint("somebody signed both: ask the other managers before you sign anything");
        return OTA_E_SIGNATURE;
    }
    p->news[role].ahead = theirs < ours;
    if (theirs <= ours)
        return OTA_OK;
    for (int i = 0; i < REPO_ROLES; i++)
        bare.pending[i] = NULL;
    e = repo_follows(&bare, role, doc);
    if (e != OTA_OK)
        say_hint("the server's %s is refused; nothing was taken", repo_role_name(&bare, role));
    else
        stands_now(p, role, doc);
    return e;
}

/* What was pending here and no longer comes next. */
static void overtaken(struct pull *p, enum repo_role role)
{
    struct repo *r = &p->repo;
    json_t *mine = r->pending[role];

    if (mine == NULL || r->stands[role] == NULL ||
        repo_doc_version(mine) > repo_doc_version(r->stands[role]))
        return;
    p->news[role].overtaken = mine;
    p->news[role].done = repo_doc_same(mine, r->stands[role]);
    r->pending[role] = NULL;
}

/* The first root as the server has it, beside the one that a person vouched for, which lacked
 * signatures when it came. */
static ota_err first_root(struct pull *p, const struct repo_session *s, const char *metadata)
{
    struct repo *r = &p->repo;
    char url[METADATA_BYTES + 16];
    struct http_reply reply;
    json_t *doc = NULL;
    ota_err e;

    (void)snprintf(url, sizeof url, "%s1.root.json", metadata);
    e = http_get(s->http, url, REPO_FILE_BYTES_MAX, &reply);
    if (e != OTA_OK)
        return e;
    if (reply.status == 200)
        e = repo_doc_parse("the server's 1.root.json", reply.text, reply.len, &doc);
    else if (reply.status != 404)
        e = server_refused("1.root.json", &reply);
    http_reply_free(&reply);
    if (doc != NULL)
        e = repo_merge(r, REPO_ROOT, "the server's 1.root.json", doc);
    if (e == OTA_OK && doc != NULL && repo_complete(r, REPO_ROOT)) {
        p->trusted = r->pending[REPO_ROOT];
        r->stands[REPO_ROOT] = json_incref(p->trusted);
        r->pending[REPO_ROOT] = NULL;
        p->news[REPO_ROOT].pending = false;
    }
    json_decref(doc);
    return e;
}

static ota_err published(struct pull *p, struct repo_session *s)
{
    char metadata[METADATA_BYTES];
    const struct repo_walk walk = {s->http, metadata, &p->repo, p->seen};
    struct repo *r = &p->repo;
    ota_err e = metadata_of(s, metadata);

    if (e == OTA_OK && r->stands[REPO_ROOT] == NULL)
        e = first_root(p, s, metadata);
    if (e != OTA_OK || r->stands[REPO_ROOT] == NULL)
        return e;
    e = repo_walk(&walk, &p->published);
    for (size_t i = 0; e == OTA_OK && i < p->published.roots; i++) {
        e = repo_contents(r, REPO_ROOT, p->published.root[i]);
        if (e == OTA_OK)
            stands_now(p, REPO_ROOT, p->published.root[i]);
    }
    for (int i = REPO_TARGETS; e == OTA_OK && i < REPO_ROLES; i++)
        e = published_one(p, (enum repo_role)i);
    for (int i = 0; e == OTA_OK && i < REPO_ROLES; i++)
        overtaken(p, (enum repo_role)i);
    return e;
}

/* --- what waits -----------------------------------------------------------------------------
 */

static ota_err waiting(struct pull *p, const struct repo_session *s)
{
    ota_err e = repo_queue_read(s, &p->repo, &p->queue);

    for (int i = 0; e == OTA_OK && i < REPO_ROLES; i++) {
        bool changed = false;

        e = repo_queue_take(&p->repo, &p->queue, (enum repo_role)i, p->q->id, &changed);
        p->news[i].pending = p->news[i].pending || changed;
    }
    return e;
}

/* --- writing --------------------------------------------------------------------------------
 */

static ota_err folder_make(const char *dir, const char *below, char out[PATH_BYTES])
{
    int n = snprintf(out, PATH_BYTES, "%s%s", dir, below);

    if (n < 0 || n >= PATH_BYTES)
        return say_fail(OTA_E_LIMIT, "%s: too long", dir);
    if (mkdir(out, 0777) != 0 && errno != EEXIST)
        return say_fail(OTA_E_IO, "cannot make the folder %s: %s", out, strerror(errno));
    return OTA_OK;
}

/* Out of pending/: away if it stands, else to overtaken/, where nothing looks for it. */
static ota_err overtaken_write(const struct pull *p, enum repo_role role)
{
    const struct news *n = &p->news[role];
    char name[REPO_NAME_BYTES_MAX + 32], folder[PATH_BYTES], from[PATH_BYTES + 128],
        to[PATH_BYTES + 128];
    ota_err e;

    if (n->overtaken == NULL || n->done)
        return OTA_OK;
    repo_file_name(&p->repo, role, repo_doc_version(n->overtaken), name, sizeof name);
    e = folder_make(p->q->dir, "/overtaken", folder);
    if (e != OTA_OK)
        return e;
    (void)snprintf(from, sizeof from, "%s/pending/%s", p->q->dir, name);
    (void)snprintf(to, sizeof to, "%s/%s", folder, name);
    if (rename(from, to) != 0)
        return say_fail(OTA_E_IO, "cannot move %s to %s: %s", from, to, strerror(errno));
    return OTA_OK;
}

static ota_err roots_write(struct pull *p)
{
    ota_err e = p->trusted == NULL ? OTA_OK : repo_stand(&p->repo, REPO_ROOT, p->trusted);

    if (e == OTA_OK && p->trusted != NULL)
        e = repo_unpend(&p->repo, REPO_ROOT, repo_doc_version(p->trusted));
    for (size_t i = 0; e == OTA_OK && i < p->published.roots; i++)
        e = repo_stand(&p->repo, REPO_ROOT, p->published.root[i]);
    return e;
}

static ota_err seen_write(const struct pull *p)
{
    char folder[PATH_BYTES], path[PATH_BYTES];
    ota_err e = OTA_OK;

    for (int i = REPO_ONLINE_FILES - 1; e == OTA_OK && i >= 0; i--) {
        const struct file_bytes *f = &p->published.seen[i];

        if (f->data == NULL)
            continue;
        e = folder_make(p->q->dir, "/server", folder);
        if (e == OTA_OK)
            e = seen_path(p, (enum repo_online_file)i, path);
        if (e == OTA_OK)
            e = file_write(path, f->data, f->len);
    }
    return e;
}

static ota_err write_all(struct pull *p)
{
    struct repo *r = &p->repo;
    char path[PATH_BYTES];
    ota_err e = folder_make(p->q->dir, "", path);

    for (int i = 0; e == OTA_OK && i < REPO_ROLES; i++)
        e = overtaken_write(p, (enum repo_role)i);
    if (e == OTA_OK)
        e = roots_write(p);
    for (int i = REPO_TARGETS; e == OTA_OK && i < REPO_ROLES; i++) {
        if (p->news[i].published != NULL)
            e = repo_stand(r, (enum repo_role)i, p->news[i].published);
    }
    for (int i = 0; e == OTA_OK && i < REPO_ROLES; i++) {
        if (p->news[i].done)
            e = repo_unpend(r, (enum repo_role)i, repo_doc_version(p->news[i].overtaken));
        if (e == OTA_OK && p->news[i].pending)
            e = repo_save(r, (enum repo_role)i);
    }
    return e == OTA_OK ? seen_write(p) : e;
}

/* --- the result -----------------------------------------------------------------------------
 */

static void file_report(struct report *to, const struct repo *r, enum repo_role role,
                        const json_t *doc, const char *state)
{
    char name[REPO_NAME_BYTES_MAX + 32];

    repo_file_name(r, role, repo_doc_version(doc), name, sizeof name);
    report_object(to, NULL);
    report_text(to, "file", "%s", name);
    report_text(to, "state", "%s", state);
}

static void role_report(struct report *to, const struct pull *p, enum repo_role role)
{
    const struct news *n = &p->news[role];
    const struct repo *r = &p->repo;

    if (role == REPO_ROOT && p->trusted != NULL) {
        file_report(to, r, role, p->trusted, "trusted");
        report_end(to);
    }
    if (n->published != NULL) {
        file_report(to, r, role, n->published, "published");
        repo_report_changes(to, n->was, n->published);
        report_end(to);
    }
    if (n->overtaken != NULL && !n->done) {
        file_report(to, r, role, n->overtaken, "overtaken: another one was published");
        report_end(to);
    }
    if (n->pending) {
        file_report(to, r, role, r->pending[role],
                    repo_complete(r, role) ? "has its signatures" : "waits for signatures");
        report_end(to);
    }
    if (n->ahead) {
        file_report(to, r, role, r->stands[role], "not on the server yet");
        report_end(to);
    }
}

/* What to do now, as a command. */
static const char *next_step(const struct pull *p)
{
    const struct repo *r = &p->repo;
    bool ahead = false, asked = false;

    for (int i = 0; i < REPO_ROLES; i++) {
        asked = asked || (r->pending[i] != NULL && !repo_complete(r, (enum repo_role)i));
        ahead = ahead || p->news[i].ahead;
    }
    return asked ? "cosign" : ahead ? "publish" : NULL;
}

static ota_err tell(const struct pull *p)
{
    const char *next = next_step(p);
    struct report out;

    report_init(&out);
    report_text(&out, "server", "%s", p->q->server);
    report_list(&out, "news");
    for (int i = 0; i < REPO_ROLES; i++)
        role_report(&out, p, (enum repo_role)i);
    report_end(&out);
    repo_report_all(&out, &p->repo);
    if (p->q->dry_run)
        report_flag(&out, "dry_run", true);
    if (next != NULL)
        report_text(&out, "next", "signer repo %s -d %s%s", next, p->q->dir,
                    strcmp(next, "cosign") == 0 ? " -k KEY" : "");
    return report_print(&out) ? OTA_OK : OTA_E_IO;
}

static void warn_expired(const struct pull *p)
{
    int64_t until;

    for (int i = 0; i < REPO_ROLES; i++) {
        const json_t *doc = p->repo.stands[i];

        if (doc == NULL || p->repo.pending[i] != NULL ||
            (repo_date_parse(repo_doc_expires(doc), &until) == OTA_OK &&
             until > p->repo.now_unix_s))
            continue;
        say_warning("%s expired at %s", repo_role_name(&p->repo, (enum repo_role)i),
                    repo_doc_expires(doc));
        say_hint("devices no longer believe it: `signer repo renew %s` makes the next version",
                 repo_role_name(&p->repo, (enum repo_role)i));
    }
}

static void pull_free(struct pull *p)
{
    for (int i = 0; i < REPO_ROLES; i++) {
        json_decref(p->news[i].was);
        json_decref(p->news[i].overtaken);
    }
    for (int i = 0; i < REPO_ONLINE_FILES; i++)
        file_free(&p->seen[i]);
    json_decref(p->trusted);
    repo_close(&p->repo);
    repo_published_free(&p->published);
    repo_queue_free(&p->queue);
}

ota_err repo_run_pull(const struct repo_request *q)
{
    struct pull p = {.q = q};
    struct repo_session s = {.http = NULL};
    ota_err e = begin(&p);

    if (e == OTA_OK)
        e = seen_read(&p);
    if (e == OTA_OK)
        e = repo_session_open(q, p.repo.platform, &s);
    if (e == OTA_OK)
        e = published(&p, &s);
    if (e == OTA_OK)
        e = waiting(&p, &s);
    repo_session_close(&s);
    if (e == OTA_OK && !q->dry_run)
        e = write_all(&p);
    if (e == OTA_OK)
        warn_expired(&p);
    if (e == OTA_OK)
        e = tell(&p);
    pull_free(&p);
    return e;
}
