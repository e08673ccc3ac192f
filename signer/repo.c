/*
 * The folder of a repository.  Invariant: a file directly in it is complete and is made once;
 * every change begins in pending/.
 */
#include "repo.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "say.h"

enum { PATH_BYTES = 4096 };

const char *repo_role_name(const struct repo *r, enum repo_role role)
{
    return role == REPO_ROOT ? "root" : role == REPO_TARGETS ? "targets" : r->platform;
}

json_t *repo_newest(const struct repo *r, enum repo_role role)
{
    return r->pending[role] != NULL ? r->pending[role] : r->stands[role];
}

void repo_file_name(const struct repo *r, enum repo_role role, uint64_t version, char *out,
                    size_t room)
{
    (void)snprintf(out, room, "%llu.%s.json", (unsigned long long)version,
                   repo_role_name(r, role));
}

static ota_err path_of(const struct repo *r, enum repo_role role, uint64_t version,
                       bool pending, char out[PATH_BYTES])
{
    char name[REPO_NAME_BYTES_MAX + 32];
    int n;

    repo_file_name(r, role, version, name, sizeof name);
    n = snprintf(out, PATH_BYTES, "%s/%s%s", r->dir, pending ? "pending/" : "", name);
    return n > 0 && n < PATH_BYTES ? OTA_OK : say_fail(OTA_E_LIMIT, "%s: too long", r->dir);
}

/* --- who may sign ---------------------------------------------------------------------------
 */

static json_t *delegation(const json_t *targets, const char *name)
{
    json_t *item;
    size_t i;

    json_array_foreach (json_object_get(json_object_get(targets, "delegations"), "roles"), i,
                        item) {
        const char *is = json_string_value(json_object_get(item, "name"));

        if (is != NULL && strcmp(is, name) == 0)
            return item;
    }
    return NULL;
}

bool repo_signers(const json_t *doc, const char *role, struct repo_signers *out)
{
    const json_t *part = repo_doc_signed(doc), *entry;
    json_int_t threshold;

    if (repo_doc_is(doc, "root")) {
        out->keys = json_object_get(part, "keys");
        entry = strcmp(role, "x-otad-director") == 0
                    ? json_object_get(part, role)
                    : json_object_get(json_object_get(part, "roles"), role);
    } else {
        out->keys = json_object_get(json_object_get(part, "delegations"), "keys");
        entry = delegation(part, role);
    }
    out->keyids = json_object_get(entry, "keyids");
    threshold = json_integer_value(json_object_get(entry, "threshold"));
    out->threshold = threshold > 0 ? (uint64_t)threshold : 0;
    return json_is_object(out->keys) && json_is_array(out->keyids) && threshold > 0;
}

bool repo_signers_have(const struct repo_signers *s, const char *keyid)
{
    const json_t *item;
    size_t i;

    json_array_foreach (s->keyids, i, item) {
        if (json_is_string(item) && strcmp(json_string_value(item), keyid) == 0)
            return true;
    }
    return false;
}

/* One public key under two keyids is one signer: the later keyid does not count. */
static bool counted_before(const json_t *doc, const struct repo_signers *s, size_t before,
                           const json_t *key)
{
    const json_t *item;
    size_t i;

    json_array_foreach (s->keyids, i, item) {
        const char *id = json_string_value(item);
        const json_t *other = json_object_get(s->keys, id == NULL ? "" : id);

        if (i >= before)
            return false;
        if (json_equal(json_object_get(other, "keyval"), json_object_get(key, "keyval")) != 0 &&
            repo_signed_by(doc, id, other))
            return true;
    }
    return false;
}

uint64_t repo_signatures(const json_t *doc, const struct repo_signers *s)
{
    const json_t *item;
    uint64_t count = 0;
    size_t i;

    json_array_foreach (s->keyids, i, item) {
        const char *id = json_string_value(item);
        const json_t *key = json_object_get(s->keys, id == NULL ? "" : id);

        if (key != NULL && repo_signed_by(doc, id, key) && !counted_before(doc, s, i, key))
            count++;
    }
    return count;
}

size_t repo_asked(const struct repo *r, enum repo_role role, struct repo_signers out[2])
{
    const json_t *above = role == REPO_PLATFORM  ? repo_newest(r, REPO_TARGETS)
                          : role == REPO_TARGETS ? repo_newest(r, REPO_ROOT)
                                                 : r->pending[REPO_ROOT];
    size_t n = 0;

    if (above != NULL && repo_signers(above, repo_role_name(r, role), &out[n]))
        n++;
    if (role == REPO_ROOT && r->stands[role] != NULL &&
        repo_signers(r->stands[role], "root", &out[n]))
        n++;
    return n;
}

bool repo_complete(const struct repo *r, enum repo_role role)
{
    const json_t *doc = r->pending[role];
    struct repo_signers s[2];
    size_t n = repo_asked(r, role, s);

    for (size_t i = 0; i < n; i++) {
        if (repo_signatures(doc, &s[i]) < s[i].threshold)
            return false;
    }
    return n == (role == REPO_ROOT && r->stands[role] != NULL ? 2 : 1);
}

/* --- reading --------------------------------------------------------------------------------
 */

/* The highest N of N.NAME.json in folder; 0 = none. */
static uint64_t highest(const char *folder, const char *name)
{
    DIR *d = opendir(folder);
    uint64_t top = 0;

    for (const struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        char *rest = NULL;
        unsigned long long n = strtoull(e->d_name, &rest, 10);
        size_t len = strlen(name);

        if (e->d_name[0] > '0' && e->d_name[0] <= '9' && *rest == '.' &&
            strncmp(rest + 1, name, len) == 0 && strcmp(rest + 1 + len, ".json") == 0 &&
            n > top && n < UINT64_C(1) << 53)
            top = n;
    }
    if (d != NULL)
        (void)closedir(d);
    return top;
}

static ota_err load_one(const struct repo *r, enum repo_role role, bool pending, json_t **out)
{
    char folder[PATH_BYTES], path[PATH_BYTES];
    uint64_t version;
    ota_err e;
    int n = snprintf(folder, sizeof folder, "%s%s", r->dir, pending ? "/pending" : "");

    if (n < 0 || n >= (int)sizeof folder)
        return say_fail(OTA_E_LIMIT, "%s: too long", r->dir);
    version = highest(folder, repo_role_name(r, role));
    if (version == 0)
        return OTA_OK;
    e = path_of(r, role, version, pending, path);
    if (e == OTA_OK)
        e = repo_doc_read(path, out);
    if (e != OTA_OK)
        return e;
    if (!repo_doc_is(*out, role == REPO_ROOT ? "root" : "targets") ||
        repo_doc_version(*out) != version)
        return say_fail(OTA_E_FORMAT, "%s is not what its name says", path);
    return OTA_OK;
}

/* The one role that targets delegates to. */
static ota_err platform_of(struct repo *r)
{
    const json_t *part = repo_doc_signed(repo_newest(r, REPO_TARGETS));
    const json_t *roles = json_object_get(json_object_get(part, "delegations"), "roles");
    const char *name = json_string_value(json_object_get(json_array_get(roles, 0), "name"));

    if (name == NULL || json_array_size(roles) != 1 || name[0] == '\0' ||
        strlen(name) > REPO_NAME_BYTES_MAX || strchr(name, '/') != NULL || name[0] == '.' ||
        strcmp(name, "root") == 0 || strcmp(name, "targets") == 0)
        return say_fail(OTA_E_FORMAT, "%s: targets must delegate to one role, the platform's",
                        r->dir);
    (void)snprintf(r->platform, sizeof r->platform, "%s", name);
    return OTA_OK;
}

/* OTA_E_NOT_FOUND, unsaid: the folder has nothing of this role. */
static ota_err load_role(struct repo *r, enum repo_role role)
{
    ota_err e = load_one(r, role, false, &r->stands[role]);

    if (e == OTA_OK)
        e = load_one(r, role, true, &r->pending[role]);
    if (e == OTA_OK && repo_newest(r, role) == NULL)
        return OTA_E_NOT_FOUND;
    if (e == OTA_OK && r->pending[role] != NULL && r->stands[role] != NULL &&
        repo_doc_same(r->pending[role], r->stands[role])) {
        json_decref(r->pending[role]); /* somebody was stopped after it began to stand */
        r->pending[role] = NULL;
    }
    if (e == OTA_OK && r->pending[role] != NULL &&
        repo_doc_version(r->pending[role]) !=
            (r->stands[role] == NULL ? 0 : repo_doc_version(r->stands[role])) + 1) {
        say_error("pending %s %llu does not follow what stands", repo_role_name(r, role),
                  (unsigned long long)repo_doc_version(r->pending[role]));
        say_hint("a lower version is never signed, and none is left out; remove that file");
        return OTA_E_ROLLBACK;
    }
    return e;
}

static ota_err must_have(const struct repo *r, enum repo_role role, ota_err e)
{
    if (e != OTA_E_NOT_FOUND)
        return e;
    say_error("%s is no repository: it has no %s", r->dir, repo_role_name(r, role));
    say_hint("`signer repo init` makes one, `signer repo pull` takes one over; -d names its "
             "folder");
    return e;
}

ota_err repo_open(const char *dir, int64_t now_unix_s, struct repo *out)
{
    struct repo r = {.dir = dir, .now_unix_s = now_unix_s};
    ota_err e = must_have(&r, REPO_ROOT, load_role(&r, REPO_ROOT));

    if (e == OTA_OK)
        e = must_have(&r, REPO_TARGETS, load_role(&r, REPO_TARGETS));
    if (e == OTA_OK)
        e = platform_of(&r);
    if (e == OTA_OK)
        e = must_have(&r, REPO_PLATFORM, load_role(&r, REPO_PLATFORM));
    if (e == OTA_OK)
        *out = r;
    else
        repo_close(&r);
    return e;
}

ota_err repo_open_begun(const char *dir, int64_t now_unix_s, const char *platform,
                        struct repo *out)
{
    struct repo r = {.dir = dir, .now_unix_s = now_unix_s};
    ota_err e = load_role(&r, REPO_ROOT);

    if (e == OTA_OK)
        e = load_role(&r, REPO_TARGETS);
    if (e == OTA_OK)
        e = platform_of(&r);
    else if (e == OTA_E_NOT_FOUND && platform != NULL)
        (void)snprintf(r.platform, sizeof r.platform, "%s", platform);
    if (e == OTA_OK)
        e = load_role(&r, REPO_PLATFORM);
    if (e == OTA_OK || e == OTA_E_NOT_FOUND) {
        *out = r;
        return OTA_OK;
    }
    repo_close(&r);
    return e;
}

void repo_close(struct repo *r)
{
    for (int i = 0; i < REPO_ROLES; i++) {
        json_decref(r->stands[i]);
        json_decref(r->pending[i]);
        r->stands[i] = r->pending[i] = NULL;
    }
}

ota_err repo_older(const struct repo *r, enum repo_role role, uint64_t version, json_t **out)
{
    char path[PATH_BYTES];
    struct stat st;
    ota_err e = path_of(r, role, version, false, path);

    *out = NULL;
    return e != OTA_OK || stat(path, &st) != 0 ? e : repo_doc_read(path, out);
}

/* --- writing --------------------------------------------------------------------------------
 */

ota_err repo_doc_text(const json_t *doc, struct file_bytes *out)
{
    char *text = json_dumps(doc, JSON_COMPACT | JSON_SORT_KEYS);

    if (text == NULL)
        return say_fail(OTA_E_NO_MEMORY, "no memory");
    out->data = (uint8_t *)text;
    out->len = strlen(text);
    return OTA_OK;
}

/* Is doc small enough for devices with as many signatures as it needs? */
static ota_err size_check(const struct repo *r, enum repo_role role)
{
    enum { SIGNATURE_BYTES = 64 + 2 * 64 + 21 };
    const json_t *doc = r->pending[role];
    struct repo_signers s[2];
    struct file_bytes text;
    uint64_t need = 0, have = json_array_size(json_object_get(doc, "signatures"));
    ota_err e = repo_doc_text(doc, &text);

    if (e != OTA_OK)
        return e;
    for (size_t n = repo_asked(r, role, s); n > 0; n--)
        need += s[n - 1].threshold;
    need = text.len + (need > have ? (need - have) * SIGNATURE_BYTES : 0);
    file_free(&text);
    if (need <= REPO_FILE_BYTES_MAX)
        return OTA_OK;
    say_error("%s would be %llu bytes with its signatures; a device reads %d",
              repo_role_name(r, role), (unsigned long long)need, REPO_FILE_BYTES_MAX);
    say_hint("take fewer keys, or fewer images in a release");
    return OTA_E_LIMIT;
}

ota_err repo_save(const struct repo *r, enum repo_role role)
{
    char path[PATH_BYTES];
    struct file_bytes text;
    ota_err e = path_of(r, role, repo_doc_version(r->pending[role]), true, path);
    int n;

    if (e != OTA_OK)
        return e;
    char folder[PATH_BYTES];

    n = snprintf(folder, sizeof folder, "%s/pending", r->dir);
    if (n < 0 || n >= (int)sizeof folder || (mkdir(folder, 0777) != 0 && errno != EEXIST))
        return say_fail(OTA_E_IO, "cannot make %s/pending: %s", r->dir, strerror(errno));
    e = repo_doc_text(r->pending[role], &text);
    if (e == OTA_OK)
        e = file_write(path, text.data, text.len);
    if (e == OTA_OK)
        file_free(&text);
    return e;
}

ota_err repo_propose(struct repo *r, enum repo_role role, json_t *doc)
{
    json_t *old = r->pending[role];
    ota_err e;

    if (doc == NULL)
        return say_fail(OTA_E_NO_MEMORY, "no memory");
    if (old != NULL && json_array_size(json_object_get(old, "signatures")) > 0) {
        say_error("%s %llu is pending and has signatures: it is not overwritten",
                  repo_role_name(r, role), (unsigned long long)repo_doc_version(old));
        say_hint("collect the missing ones, or give it up by removing it from %s/pending",
                 r->dir);
        json_decref(doc);
        return OTA_E_CONFLICT;
    }
    r->pending[role] = doc;
    e = size_check(r, role);
    if (e == OTA_OK)
        e = repo_save(r, role);
    if (e == OTA_OK) {
        json_decref(old);
    } else {
        r->pending[role] = old;
        json_decref(doc);
    }
    return e;
}

ota_err repo_stand(struct repo *r, enum repo_role role, json_t *doc)
{
    char path[PATH_BYTES];
    struct file_bytes text;
    ota_err e = path_of(r, role, repo_doc_version(doc), false, path);

    if (e == OTA_OK)
        e = repo_doc_text(doc, &text);
    if (e != OTA_OK)
        return e;
    e = file_write_new(path, text.data, text.len, 0644, false);
    file_free(&text);
    if (e != OTA_OK)
        return e;
    (void)json_incref(doc);
    json_decref(r->stands[role]);
    r->stands[role] = doc;
    return OTA_OK;
}

ota_err repo_unpend(const struct repo *r, enum repo_role role, uint64_t version)
{
    char path[PATH_BYTES];
    ota_err e = path_of(r, role, version, true, path);

    if (e == OTA_OK && unlink(path) != 0 && errno != ENOENT)
        e = say_fail(OTA_E_IO, "cannot remove %s: %s", path, strerror(errno));
    return e;
}

ota_err repo_settle(struct repo *r)
{
    for (int role = REPO_ROOT; role < REPO_ROLES; role++) {
        if (r->pending[role] == NULL)
            continue;
        if (!repo_complete(r, (enum repo_role)role))
            return OTA_OK;
        ota_err e = repo_stand(r, (enum repo_role)role, r->pending[role]);

        if (e == OTA_OK)
            e = repo_unpend(r, (enum repo_role)role, repo_doc_version(r->pending[role]));
        if (e != OTA_OK)
            return e;
        json_decref(r->pending[role]);
        r->pending[role] = NULL;
    }
    return OTA_OK;
}
