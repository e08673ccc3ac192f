/*
 * signer repo init, rotate, revoke, renew: what makes new versions, which wait for signatures.
 * Nothing is proposed that this program would refuse to sign.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd_repo.h"
#include "repo_edit.h"
#include "repo_online.h"
#include "repo_rules.h"
#include "say.h"
#include "uuid.h"

#define EXPIRES_DEFAULT      "30"
#define ROOT_EXPIRES_DEFAULT "365"

static ota_err role_expiry(const struct repo_request *q, enum repo_role role,
                           char out[REPO_DATE_TEXT_BYTES])
{
    const char *given = role == REPO_ROOT ? q->root_expires : q->expires;
    const char *text = role == REPO_ROOT ? ROOT_EXPIRES_DEFAULT : EXPIRES_DEFAULT;

    return repo_expiry(given == NULL ? text : given, q->now_unix_s, out);
}

/* Takes doc over.  Checked as cosign will check it, before anything is written. */
static ota_err propose(struct repo *r, enum repo_role role, json_t *doc)
{
    struct repo trial = *r;
    ota_err e;

    if (doc == NULL)
        return say_fail(OTA_E_NO_MEMORY, "no memory");
    trial.pending[role] = doc;
    e = repo_rules(&trial, role);
    if (e == OTA_OK)
        return repo_propose(r, role, doc);
    json_decref(doc);
    return e;
}

static ota_err propose_next(const struct repo_request *q, struct repo *r, enum repo_role role)
{
    char expires[REPO_DATE_TEXT_BYTES];
    ota_err e = role_expiry(q, role, expires);

    return e == OTA_OK ? propose(r, role, repo_next(r, role, expires)) : e;
}

/* What stands below changed keys, and is no longer signed by enough, is made anew. */
static ota_err refill(const struct repo_request *q, struct repo *r)
{
    ota_err e = OTA_OK;

    for (int i = REPO_TARGETS; e == OTA_OK && i < REPO_ROLES; i++) {
        const enum repo_role role = (enum repo_role)i;
        struct repo_signers s[2];

        if (r->pending[role] == NULL && repo_asked(r, role, s) == 1 &&
            repo_signatures(r->stands[role], &s[0]) < s[0].threshold)
            e = propose_next(q, r, role);
    }
    return e;
}

static ota_err tell(const struct repo *r)
{
    struct report out;

    report_init(&out);
    repo_report_all(&out, r);
    return report_print(&out) ? OTA_OK : OTA_E_IO;
}

/* --- init -----------------------------------------------------------------------------------
 */

static ota_err keys_in(json_t *doc, const char *role, const struct repo_list *keys,
                       uint64_t threshold)
{
    ota_err e = OTA_OK;

    for (size_t i = 0; e == OTA_OK && i < keys->count; i++)
        e = repo_key_add_file(doc, role, keys->at[i]);
    if (e == OTA_OK)
        e = repo_threshold_set(doc, role, threshold == 0 ? keys->count / 2 + 1 : threshold);
    return e;
}

static bool has_online(const struct repo_request *q)
{
    return q->online != NULL || q->online_key.count > 0 || q->server != NULL;
}

static ota_err online_in(const struct repo_request *q, const struct repo *r, json_t *root)
{
    json_t *answer = NULL;
    ota_err e;

    if (q->online != NULL)
        return repo_online_file(root, q->online);
    if (q->server == NULL)
        return repo_online_keys(root, q->online_key.at, q->online_key.count);
    e = repo_server_answer(q, r->platform, &answer);
    if (e == OTA_OK)
        e = repo_online_answer(root, answer, q->server);
    json_decref(answer);
    return e;
}

static bool platform_name_ok(const char *name)
{
    static const char *const taken[] = {"root", "targets", "snapshot", "timestamp", "director"};
    const size_t len = strlen(name);
    bool ok = len > 0 && len <= REPO_NAME_BYTES_MAX && name[0] != '.' &&
              strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == len;

    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++)
        ok = ok && strcmp(name, taken[i]) != 0;
    if (!ok) {
        say_error("'%s' is no name for a platform's role", name);
        say_hint("lower-case letters, digits, '.', '_', '-'; not root, targets, snapshot, "
                 "timestamp, director");
    }
    return ok;
}

static ota_err class_of(const struct repo_request *q, char out[UUID_TEXT_BYTES])
{
    struct uuid vendor, hardware_class;

    if (!uuid_vendor(q->vendor == NULL ? "otad.example" : q->vendor, &vendor) ||
        !uuid_class(&vendor, q->class_name, &hardware_class))
        return say_fail(OTA_E_INTERNAL, "libcrypto has no SHA-1 for UUIDs");
    uuid_text(hardware_class.b, out);
    return OTA_OK;
}

/* All three documents, checked; nothing on disk yet. */
static ota_err first_documents(const struct repo_request *q, struct repo *r)
{
    char date[2][REPO_DATE_TEXT_BYTES], class_text[UUID_TEXT_BYTES];
    ota_err e = class_of(q, class_text);

    if (e == OTA_OK)
        e = role_expiry(q, REPO_ROOT, date[0]);
    if (e == OTA_OK)
        e = role_expiry(q, REPO_TARGETS, date[1]);
    if (e != OTA_OK)
        return e;
    r->pending[REPO_ROOT] = repo_root_first(r->platform, date[0]);
    r->pending[REPO_TARGETS] = repo_targets_first(r->platform, class_text, date[1]);
    r->pending[REPO_PLATFORM] = repo_platform_first(date[1]);
    e = keys_in(r->pending[REPO_ROOT], "root", &q->root_key, q->root_threshold);
    if (e == OTA_OK)
        e = keys_in(r->pending[REPO_ROOT], "targets", &q->targets_key, q->targets_threshold);
    if (e == OTA_OK)
        e = online_in(q, r, r->pending[REPO_ROOT]);
    if (e == OTA_OK)
        e = keys_in(r->pending[REPO_TARGETS], r->platform, &q->platform_key,
                    q->platform_threshold == 0 ? (q->platform_key.count > 1 ? 2 : 1)
                                               : q->platform_threshold);
    for (int role = REPO_ROOT; e == OTA_OK && role < REPO_ROLES; role++)
        e = repo_rules(r, (enum repo_role)role);
    return e;
}

static ota_err absent(const char *dir)
{
    char path[4096];
    struct stat st;

    for (int i = 0; i < 2; i++) {
        (void)snprintf(path, sizeof path, "%s/%s1.root.json", dir, i == 0 ? "" : "pending/");
        if (stat(path, &st) == 0) {
            say_error("%s is a repository already", dir);
            say_hint("`signer repo rotate` changes one; nothing is overwritten");
            return OTA_E_CONFLICT;
        }
    }
    return OTA_OK;
}

ota_err repo_run_init(const struct repo_request *q)
{
    struct repo r = {.dir = q->dir, .now_unix_s = q->now_unix_s};
    ota_err e;

    if (!platform_name_ok(q->platform))
        return OTA_E_FORMAT;
    (void)snprintf(r.platform, sizeof r.platform, "%s", q->platform);
    e = absent(q->dir);
    if (e == OTA_OK)
        e = first_documents(q, &r);
    if (e == OTA_OK && mkdir(q->dir, 0777) != 0 && errno != EEXIST)
        e = say_fail(OTA_E_IO, "cannot make %s: %s", q->dir, strerror(errno));
    for (int role = REPO_ROOT; e == OTA_OK && role < REPO_ROLES; role++) {
        json_t *doc = r.pending[role];

        r.pending[role] = NULL;
        repo_date(doc, q->now_unix_s);
        e = repo_propose(&r, (enum repo_role)role, doc);
    }
    if (e == OTA_OK)
        e = tell(&r);
    repo_close(&r);
    return e;
}

/* --- rotate ---------------------------------------------------------------------------------
 */

static ota_err keys_change(const struct repo_request *q, const char *role, json_t *doc)
{
    ota_err e = OTA_OK;

    for (size_t i = 0; e == OTA_OK && i < q->add.count; i++)
        e = repo_key_add_file(doc, role, q->add.at[i]);
    for (size_t i = 0; e == OTA_OK && i < q->remove.count; i++)
        e = repo_key_remove(doc, role, q->remove.at[i]);
    if (e == OTA_OK && q->threshold != 0)
        e = repo_threshold_set(doc, role, q->threshold);
    return e;
}

/* The next root or targets, with the keys of one role changed. */
static ota_err change(const struct repo_request *q, struct repo *r, const char *role_name)
{
    enum repo_role of = REPO_ROOT, in = REPO_ROOT;
    char expires[REPO_DATE_TEXT_BYTES];
    json_t *doc;
    ota_err e;

    if (role_name != NULL && !repo_role_of(r, role_name, &of))
        return OTA_E_NOT_FOUND;
    if (of == REPO_PLATFORM)
        in = REPO_TARGETS;
    e = role_expiry(q, in, expires);
    if (e != OTA_OK)
        return e;
    doc = repo_next(r, in, expires);
    if (doc == NULL)
        return say_fail(OTA_E_NO_MEMORY, "no memory");
    if (role_name != NULL)
        e = keys_change(q, repo_role_name(r, of), doc);
    if (e == OTA_OK && has_online(q) && in == REPO_ROOT)
        e = online_in(q, r, doc);
    if (e == OTA_OK)
        e = repo_keys_check(doc); /* forgets keys that no role has any more */
    if (e == OTA_OK) {
        e = propose(r, in, doc);
        return e == OTA_OK ? refill(q, r) : e;
    }
    json_decref(doc);
    return e;
}

ota_err repo_run_rotate(const struct repo_request *q)
{
    struct repo r;
    ota_err e = repo_open(q->dir, q->now_unix_s, &r);

    if (e != OTA_OK)
        return e;
    if (q->role != NULL && strcmp(q->role, r.platform) == 0 && has_online(q))
        e = say_fail(OTA_E_CONFLICT, "online keys are root's: rotate them by themselves");
    if (e == OTA_OK)
        e = change(q, &r, q->role);
    if (e == OTA_OK)
        e = tell(&r);
    repo_close(&r);
    return e;
}

/* --- revoke ---------------------------------------------------------------------------------
 */

/* Where the key to be revoked is: the platform's role or targets; NULL: in neither, said. */
static const char *role_of_key(const struct repo *r, const char *name)
{
    const char *const role[] = {r->platform, "targets"};
    const json_t *const doc[] = {repo_newest(r, REPO_TARGETS), repo_newest(r, REPO_ROOT)};
    char id[REPO_KEYID_TEXT_BYTES];

    for (size_t i = 0; i < 2; i++) {
        if (repo_keyid_has(doc[i], role[i], name, id))
            return role[i];
    }
    say_error("%s is a key of neither %s nor targets", name, r->platform);
    say_hint("`signer repo status` lists the keys; root's are changed by `signer repo rotate`");
    return NULL;
}

ota_err repo_run_revoke(const struct repo_request *given)
{
    struct repo_request q = *given;
    struct repo r;
    const char *role = q.role;
    ota_err e = repo_open(q.dir, q.now_unix_s, &r);

    if (e != OTA_OK)
        return e;
    q.remove.at[0] = q.operand.at[0];
    q.remove.count = 1;
    if (role == NULL)
        role = role_of_key(&r, q.operand.at[0]);
    e = role == NULL ? OTA_E_NOT_FOUND : change(&q, &r, role);
    if (e == OTA_OK)
        e = tell(&r);
    repo_close(&r);
    return e;
}

/* --- renew ----------------------------------------------------------------------------------
 */

ota_err repo_run_renew(const struct repo_request *q)
{
    struct repo r;
    ota_err e = repo_open(q->dir, q->now_unix_s, &r);

    if (e != OTA_OK)
        return e;
    if (q->operand.count == 0)
        e = propose_next(q, &r, REPO_PLATFORM);
    for (size_t i = 0; e == OTA_OK && i < q->operand.count; i++) {
        enum repo_role role;

        e = repo_role_of(&r, q->operand.at[i], &role) ? propose_next(q, &r, role)
                                                      : OTA_E_NOT_FOUND;
    }
    if (e == OTA_OK)
        e = tell(&r);
    repo_close(&r);
    return e;
}
