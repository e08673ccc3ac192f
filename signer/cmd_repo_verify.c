/*
 * signer repo verify: the whole chain of a repository, offline, with the code that devices run
 * (firmware/tuf) and their limits; then the rules that hold before signing, once more.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../firmware/tuf/client.h"
#include "cmd_repo.h"
#include "repo_rules.h"
#include "repo_verdict.h"
#include "say.h"

enum { FILES_MAX = 1024, KEYS_MAX = 40, BYTES_MAX = 512 * 1024, PATH_BYTES = 4096 };

struct meta_file {
    char name[PATH_BYTES]; /* its path */
    uint64_t version;      /* of its name; 0: timestamp.json, or no number */
    struct file_bytes bytes;
    struct tuf_file parts;
    struct tuf_head head;
};

struct chain {
    struct meta_file file[FILES_MAX];
    size_t count;
    uint64_t now_unix_s;
    const struct meta_file *root, *timestamp, *snapshot, *targets, *role;
    char platform[REPO_NAME_BYTES_MAX + 1];
};

/* A role's keys and threshold as firmware/tuf has them. */
struct signers {
    struct tuf_key key[KEYS_MAX];
    struct tuf_keys ring;
    struct tuf_role role;
};

static ota_err refused(const char *what, enum tuf_verdict v)
{
    return say_fail(v == TUF_LIMIT ? OTA_E_LIMIT : OTA_E_SIGNATURE, "%s is refused: %s (%s)",
                    what, repo_verdict_words(v), tuf_verdict_name(v));
}

/* --- files ----------------------------------------------------------------------------------
 */

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? path : slash + 1;
}

/* The role in VERSION.ROLE.json or ROLE.json, its length in *len. */
static const char *role_in(const char *path, size_t *len)
{
    const char *name = base_name(path);
    const size_t digits = strspn(name, "0123456789");

    if (digits > 0 && name[digits] == '.')
        name += digits + 1;
    *len = strlen(name) > 5 ? strlen(name) - 5 : 0;
    return name;
}

static bool is_role(const struct meta_file *f, const char *role)
{
    size_t len;
    const char *name = role_in(f->name, &len);

    return strlen(role) == len && memcmp(name, role, len) == 0;
}

static ota_err file_add(struct chain *c, const char *path)
{
    struct meta_file *f = &c->file[c->count];
    struct canonical text;
    enum tuf_verdict v = TUF_GOOD;
    ota_err e;

    if (c->count == FILES_MAX || strlen(path) >= PATH_BYTES)
        return say_fail(OTA_E_LIMIT, "%s: too many files, or too long a name", path);
    (void)snprintf(f->name, sizeof f->name, "%s", path);
    f->version = strtoull(base_name(path), NULL, 10);
    e = file_read(path, BYTES_MAX, &f->bytes);
    if (e != OTA_OK)
        return e;
    c->count++;
    text = (struct canonical){f->bytes.data, f->bytes.len};
    if (canonical_check(text.at, text.len) != OTA_OK)
        v = TUF_NOT_CANONICAL;
    if (v == TUF_GOOD)
        v = tuf_file_open(text, &f->parts);
    return v == TUF_GOOD ? OTA_OK : refused(path, v);
}

static bool ends_in_json(const char *name)
{
    const size_t len = strlen(name);

    return len > 5 && strcmp(name + len - 5, ".json") == 0;
}

static ota_err folder_add(struct chain *c, const char *path)
{
    DIR *d = opendir(path);
    ota_err e = OTA_OK;

    if (d == NULL)
        return file_add(c, path);
    for (const struct dirent *entry; e == OTA_OK && (entry = readdir(d)) != NULL;) {
        char name[PATH_BYTES];
        struct stat st;
        int n = snprintf(name, sizeof name, "%s/%s", path, entry->d_name);

        if (n > 0 && n < (int)sizeof name && ends_in_json(name) && stat(name, &st) == 0 &&
            S_ISREG(st.st_mode))
            e = file_add(c, name);
    }
    (void)closedir(d);
    return e;
}

/* The file of a role: this version, or the highest if it is 0.  NULL: none. */
static struct meta_file *find(struct chain *c, const char *role, uint64_t version)
{
    struct meta_file *best = NULL;

    for (size_t i = 0; i < c->count; i++) {
        struct meta_file *f = &c->file[i];

        if (is_role(f, role) && (version == 0 || f->version == version) &&
            (best == NULL || f->version > best->version))
            best = f;
    }
    return best;
}

/* --- one file under its signers -------------------------------------------------------------
 */

static enum tuf_verdict signers_read(struct canonical entry, struct canonical keys,
                                     struct signers *out)
{
    out->ring = (struct tuf_keys){.key = out->key, .max = KEYS_MAX};
    return tuf_role_read(entry, keys, &tuf_device_limits.keys, &out->ring, &out->role);
}

static enum tuf_verdict root_signers(const struct meta_file *root, const char *role,
                                     struct signers *out)
{
    const struct canonical roles = canonical_member(root->parts.body, "roles");

    return signers_read(canonical_member(roles, role),
                        canonical_member(root->parts.body, "keys"), out);
}

static enum tuf_verdict signed_by(const struct meta_file *f, const struct signers *s)
{
    return tuf_signed_by(&s->ring, &s->role, &tuf_device_limits.keys, f->parts.signatures,
                         f->parts.body);
}

static enum tuf_verdict head_check(struct meta_file *f, enum tuf_type type, size_t bytes_max)
{
    enum tuf_verdict v = tuf_head_read(f->parts.body, type, &f->head);

    if (v == TUF_GOOD && f->bytes.len > bytes_max)
        v = TUF_LENGTH;
    if (v == TUF_GOOD && f->version != 0 && f->version != f->head.version)
        v = TUF_VERSION;
    return v;
}

static ota_err fresh(const struct chain *c, const struct meta_file *f)
{
    return f->head.expires_unix_s > c->now_unix_s ? OTA_OK : refused(f->name, TUF_EXPIRED);
}

/* A file that root gives to a role of this name. */
static ota_err under_root(struct chain *c, struct meta_file *f, const char *role,
                          enum tuf_type type, size_t bytes_max)
{
    struct signers s;
    enum tuf_verdict v = head_check(f, type, bytes_max);

    if (v == TUF_GOOD)
        v = root_signers(c->root, role, &s);
    if (v == TUF_GOOD)
        v = signed_by(f, &s);
    return v == TUF_GOOD ? fresh(c, f) : refused(f->name, v);
}

/* --- the chain ------------------------------------------------------------------------------
 */

static ota_err root_after(struct chain *c, struct meta_file *f)
{
    struct signers s;
    enum tuf_verdict v = head_check(f, TUF_ROOT, tuf_device_limits.root_bytes);

    if (v == TUF_GOOD && c->root != NULL) {
        if (f->head.version != c->root->head.version + 1)
            v = TUF_VERSION;
        if (v == TUF_GOOD)
            v = root_signers(c->root, "root", &s);
        if (v == TUF_GOOD && signed_by(f, &s) != TUF_GOOD)
            v = TUF_OLD_THRESHOLD;
    }
    if (v == TUF_GOOD)
        v = root_signers(f, "root", &s);
    if (v == TUF_GOOD)
        v = signed_by(f, &s);
    if (v != TUF_GOOD)
        return refused(f->name, v);
    c->root = f;
    return OTA_OK;
}

/* From the root that is trusted, or the lowest, to the highest; that one must not be expired.
 */
static ota_err roots_check(struct chain *c, const struct repo_request *q)
{
    struct meta_file *first = NULL, *next;
    ota_err e = OTA_OK;

    if (q->root != NULL) {
        e = file_add(c, q->root);
        if (e != OTA_OK)
            return e;
        first = &c->file[c->count - 1];
    }
    for (size_t i = 0; q->root == NULL && i < c->count; i++) {
        if (is_role(&c->file[i], "root") &&
            (first == NULL || c->file[i].version < first->version))
            first = &c->file[i];
    }
    if (first == NULL) {
        say_error("there is no root to begin with");
        say_hint("the files are called N.root.json; `--root FILE` names one that you trust");
        return OTA_E_NOT_FOUND;
    }
    e = root_after(c, first);
    while (e == OTA_OK && (next = find(c, "root", c->root->head.version + 1)) != NULL)
        e = root_after(c, next);
    return e == OTA_OK ? fresh(c, c->root) : e;
}

/* What the snapshot says of a role's file, if there is a snapshot. */
static ota_err listed(const struct chain *c, const char *role, struct tuf_listed *out)
{
    struct canonical meta;
    enum tuf_verdict v;

    memset(out, 0, sizeof *out);
    if (c->snapshot == NULL)
        return OTA_OK;
    v = tuf_snapshot_read(c->snapshot->parts.body, &meta);
    if (v == TUF_GOOD)
        v = tuf_snapshot_find(meta, role, out);
    return v == TUF_GOOD ? OTA_OK : refused(c->snapshot->name, v);
}

static ota_err as_listed(const struct meta_file *f, const struct tuf_listed *l)
{
    enum tuf_verdict v = TUF_GOOD;

    if (l->has_length && l->length != f->bytes.len)
        v = TUF_LENGTH;
    if (v == TUF_GOOD && l->has_hashes)
        v = tuf_hashes_check(&l->hashes, f->bytes.data, f->bytes.len);
    return v == TUF_GOOD ? OTA_OK : refused(f->name, v);
}

static ota_err need(struct chain *c, const char *role, uint64_t version, struct meta_file **out)
{
    *out = find(c, role, version);
    if (*out != NULL)
        return OTA_OK;
    if (version == 0)
        return say_fail(OTA_E_NOT_FOUND, "there is no %s", role);
    return say_fail(OTA_E_NOT_FOUND, "version %llu of %s is not there",
                    (unsigned long long)version, role);
}

/* Timestamp and snapshot, as far as they are among the files: managers' copies have none. */
static ota_err online_check(struct chain *c)
{
    struct meta_file *t = find(c, "timestamp", 0), *s = NULL;
    struct tuf_listed l;
    enum tuf_verdict v;
    ota_err e;

    if (t == NULL)
        return OTA_OK;
    e = under_root(c, t, "timestamp", TUF_TIMESTAMP, tuf_device_limits.timestamp_bytes);
    if (e != OTA_OK)
        return e;
    v = tuf_timestamp_read(t->parts.body, &l);
    if (v != TUF_GOOD)
        return refused(t->name, v);
    c->timestamp = t;
    e = need(c, "snapshot", l.version, &s);
    if (e == OTA_OK)
        e = as_listed(s, &l);
    if (e == OTA_OK)
        e = under_root(c, s, "snapshot", TUF_SNAPSHOT, tuf_device_limits.snapshot_bytes);
    if (e == OTA_OK)
        c->snapshot = s;
    return e;
}

static ota_err targets_check(struct chain *c)
{
    struct meta_file *f = NULL;
    struct tuf_listed l;
    enum tuf_verdict v;
    ota_err e = listed(c, "targets", &l);

    if (e == OTA_OK)
        e = need(c, "targets", l.version, &f);
    if (e == OTA_OK)
        e = as_listed(f, &l);
    if (e == OTA_OK)
        e = under_root(c, f, "targets", TUF_TARGETS, tuf_device_limits.targets_bytes);
    if (e != OTA_OK)
        return e;
    v = tuf_targets_check(f->parts.body);
    c->targets = f;
    return v == TUF_GOOD ? OTA_OK : refused(f->name, v);
}

static ota_err role_check(struct chain *c)
{
    struct canonical_walk w = tuf_delegations(c->targets->parts.body);
    struct tuf_delegation d;
    struct meta_file *f = NULL;
    struct tuf_listed l;
    struct signers s;
    enum tuf_verdict v;
    ota_err e;

    if (!tuf_delegation_next(&w, c->targets->parts.body, &d) ||
        canonical_text(d.name, c->platform, sizeof c->platform) != OTA_OK)
        return say_fail(OTA_E_FORMAT, "%s delegates to no platform", c->targets->name);
    e = listed(c, c->platform, &l);
    if (e == OTA_OK)
        e = need(c, c->platform, l.version, &f);
    if (e == OTA_OK)
        e = as_listed(f, &l);
    if (e != OTA_OK)
        return e;
    v = head_check(f, TUF_TARGETS, tuf_device_limits.targets_bytes);
    if (v == TUF_GOOD)
        v = signers_read(d.entry, d.keys, &s);
    if (v == TUF_GOOD)
        v = signed_by(f, &s);
    if (v == TUF_GOOD)
        v = tuf_targets_check(f->parts.body);
    c->role = f;
    return v == TUF_GOOD ? fresh(c, f) : refused(f->name, v);
}

/* --- the rules, and the result --------------------------------------------------------------
 */

static ota_err rules_check(const struct chain *c, struct repo *r)
{
    const struct meta_file *const files[REPO_ROLES] = {c->root, c->targets, c->role};
    ota_err e = OTA_OK;

    (void)snprintf(r->platform, sizeof r->platform, "%s", c->platform);
    for (int i = 0; e == OTA_OK && i < REPO_ROLES; i++)
        e = repo_doc_read(files[i]->name, &r->stands[i]);
    for (int i = 0; e == OTA_OK && i < REPO_ROLES; i++)
        e = repo_contents(r, (enum repo_role)i, r->stands[i]);
    return e == OTA_E_CONFLICT || e == OTA_E_FORMAT ? OTA_E_SIGNATURE : e;
}

static ota_err tell(const struct chain *c, const struct repo *r)
{
    const json_t *targets =
        json_object_get(repo_doc_signed(r->stands[REPO_PLATFORM]), "targets");
    struct repo_image image;
    const json_t *entry;
    struct report out;
    const char *path;

    report_init(&out);
    report_text(&out, "verdict", "good");
    report_text(&out, "platform", "%s", c->platform);
    report_number(&out, "root", c->root->head.version);
    report_number(&out, "targets", c->targets->head.version);
    report_number(&out, "role", c->role->head.version);
    if (c->snapshot != NULL)
        report_number(&out, "snapshot", c->snapshot->head.version);
    report_text(&out, "root_expires", "%s", repo_doc_expires(r->stands[REPO_ROOT]));
    report_text(&out, "targets_expires", "%s", repo_doc_expires(r->stands[REPO_TARGETS]));
    report_text(&out, "role_expires", "%s", repo_doc_expires(r->stands[REPO_PLATFORM]));
    report_list(&out, "images");
    json_object_foreach ((json_t *)(uintptr_t)targets, path, entry) {
        if (!repo_image_read(path, entry, &image))
            continue;
        report_object(&out, NULL);
        report_text(&out, "path", "%s", path);
        report_text(&out, "channel", "%s", image.channel);
        report_number(&out, "counter", image.counter);
        report_number(&out, "size", image.length);
        report_end(&out);
    }
    report_end(&out);
    return report_print(&out) ? OTA_OK : OTA_E_IO;
}

ota_err repo_run_verify(const struct repo_request *q)
{
    struct chain *c = calloc(1, sizeof *c);
    struct repo r = {.now_unix_s = q->now_unix_s};
    ota_err e = OTA_OK;

    if (c == NULL)
        return say_fail(OTA_E_NO_MEMORY, "no memory");
    c->now_unix_s = (uint64_t)q->now_unix_s;
    if (q->operand.count == 0)
        e = folder_add(c, ".");
    for (size_t i = 0; e == OTA_OK && i < q->operand.count; i++)
        e = folder_add(c, q->operand.at[i]);
    if (e == OTA_OK)
        e = roots_check(c, q);
    if (e == OTA_OK)
        e = online_check(c);
    if (e == OTA_OK)
        e = targets_check(c);
    if (e == OTA_OK)
        e = role_check(c);
    if (e == OTA_OK)
        e = rules_check(c, &r);
    if (e == OTA_OK)
        e = tell(c, &r);
    repo_close(&r);
    for (size_t i = 0; i < c->count; i++)
        file_free(&c->file[i].bytes);
    free(c);
    return e;
}
