/*
 * signer repo cosign: a manager sees what is new, signs it, and takes in what the others
 * signed. Invariant: a key is used only on what has passed the rules and was shown.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd_repo.h"
#include "repo_diff.h"
#include "repo_merge.h"
#include "repo_rules.h"
#include "say.h"

/* --- signatures of others -------------------------------------------------------------------
 */

/* One file, if it is of this role. */
static ota_err take_in(struct repo *r, enum repo_role role, const char *path)
{
    json_t *doc = NULL;
    ota_err e = repo_doc_read(path, &doc);

    if (e != OTA_OK)
        return e;
    if (repo_role_of_doc(doc) != role) {
        json_decref(doc);
        return OTA_OK;
    }
    if (r->stands[role] != NULL && repo_doc_same(r->stands[role], doc)) {
        say_warning("%s stands already; more signatures are harmless and not needed", path);
        json_decref(doc);
        return OTA_OK;
    }
    e = repo_merge(r, role, path, doc);
    if (e == OTA_OK)
        e = repo_save(r, role);
    json_decref(doc);
    return e;
}

/* Root first, whatever their order: it says who may sign the others. */
static ota_err take_all_in(struct repo *r, const struct repo_list *files)
{
    ota_err e = OTA_OK;

    for (int role = 0; role < REPO_ROLES; role++) {
        for (size_t i = 0; e == OTA_OK && i < files->count; i++)
            e = take_in(r, (enum repo_role)role, files->at[i]);
    }
    return e;
}

/* --- one's own ------------------------------------------------------------------------------
 */

static void show(const struct repo *r, enum repo_role role)
{
    json_t *lines = repo_diff(r->stands[role], r->pending[role]);
    const json_t *line;
    size_t i;

    (void)fprintf(stderr, "%s %llu", repo_role_name(r, role),
                  (unsigned long long)repo_doc_version(r->pending[role]));
    if (r->stands[role] == NULL)
        (void)fprintf(stderr, ", the first:\n");
    else
        (void)fprintf(stderr, ", after %llu:\n",
                      (unsigned long long)repo_doc_version(r->stands[role]));
    json_array_foreach (lines, i, line)
        (void)fprintf(stderr, "  %s\n", json_string_value(line));
    json_decref(lines);
}

static ota_err ask(const struct repo_request *q)
{
    char answer[16] = "";

    if (q->yes)
        return OTA_OK;
    if (isatty(STDIN_FILENO) != 1) {
        say_error("nobody is there to be asked");
        say_hint("read the above, and give --yes");
        return OTA_E_DENIED;
    }
    (void)fprintf(stderr, "Sign this? [y/N] ");
    if (fgets(answer, sizeof answer, stdin) != NULL &&
        (strcmp(answer, "y\n") == 0 || strcmp(answer, "yes\n") == 0))
        return OTA_OK;
    return say_fail(OTA_E_DENIED, "nothing was signed");
}

/* May what gives the role its keys be trusted at this time? */
static ota_err authority_fresh(const struct repo *r, enum repo_role role)
{
    ota_err e = OTA_OK;

    if (role >= REPO_TARGETS)
        e = repo_fresh(r, REPO_ROOT, repo_newest(r, REPO_ROOT));
    if (e == OTA_OK && role == REPO_PLATFORM)
        e = repo_fresh(r, REPO_TARGETS, repo_newest(r, REPO_TARGETS));
    return e;
}

static bool wanted(const struct repo *r, const struct repo_request *q, enum repo_role role)
{
    return q->role == NULL || strcmp(q->role, repo_role_name(r, role)) == 0;
}

/* Which pending roles this key is asked for, and has not signed.  Says why if there is none. */
static ota_err todo(const struct repo *r, const struct repo_request *q, const char *keyid,
                    bool out[REPO_ROLES])
{
    size_t pending = 0, asked = 0, open = 0;

    for (int i = 0; i < REPO_ROLES; i++) {
        const enum repo_role role = (enum repo_role)i;

        out[i] = false;
        if (r->pending[role] == NULL || !wanted(r, q, role))
            continue;
        pending++;
        if (repo_key_asked(r, role, keyid) == NULL)
            continue;
        asked++;
        out[i] = repo_signature(r->pending[role], keyid) == NULL;
        open += out[i];
    }
    if (open > 0)
        return OTA_OK;
    if (pending == 0)
        say_warning("nothing is pending: there is nothing to sign");
    else if (asked > 0)
        say_warning("key %.16s has signed all that it is asked for", keyid);
    if (pending == 0 || asked > 0)
        return OTA_OK;
    say_error("key %.16s may sign nothing that is pending", keyid);
    say_hint("an unknown key, or one that was taken away; `signer repo status` shows who may");
    return OTA_E_SIGNATURE;
}

static ota_err sign_all(struct repo *r, const struct repo_request *q, const struct key *key,
                        const char *keyid)
{
    bool todo_in[REPO_ROLES];
    ota_err e = todo(r, q, keyid, todo_in);
    bool any = false;

    for (int i = 0; e == OTA_OK && i < REPO_ROLES; i++) {
        if (!todo_in[i])
            continue;
        e = repo_rules(r, (enum repo_role)i);
        if (e == OTA_OK)
            e = authority_fresh(r, (enum repo_role)i);
        if (e == OTA_OK && (!say_json() || !q->yes))
            show(r, (enum repo_role)i);
        any = true;
    }
    if (e == OTA_OK && any)
        e = ask(q);
    for (int i = 0; e == OTA_OK && i < REPO_ROLES; i++) {
        if (!todo_in[i])
            continue;
        e = repo_sign(r->pending[i], keyid, key);
        if (e == OTA_OK)
            e = repo_save(r, (enum repo_role)i);
    }
    return e;
}

static ota_err sign(struct repo *r, const struct repo_request *q)
{
    char keyid[REPO_KEYID_TEXT_BYTES];
    struct key *key = NULL;
    json_t *object = NULL;
    ota_err e = key_read(q->key, &key);

    if (e != OTA_OK)
        return e;
    e = repo_key_object(key_public(key), &object);
    if (e == OTA_OK)
        e = repo_key_id(object, keyid);
    if (e == OTA_OK)
        e = sign_all(r, q, key, keyid);
    json_decref(object);
    key_free(key);
    return e;
}

/* --- the result -----------------------------------------------------------------------------
 */

/* Copies of what this run had pending, for the next manager. */
static ota_err copy_out(const struct repo *r, const struct repo_request *q,
                        json_t *const docs[REPO_ROLES])
{
    if (mkdir(q->out, 0777) != 0 && errno != EEXIST)
        return say_fail(OTA_E_IO, "cannot make the folder %s: %s", q->out, strerror(errno));
    for (int i = 0; i < REPO_ROLES; i++) {
        char name[REPO_NAME_BYTES_MAX + 32], path[4096];
        struct file_bytes text;
        ota_err e;

        if (docs[i] == NULL)
            continue;
        repo_file_name(r, (enum repo_role)i, repo_doc_version(docs[i]), name, sizeof name);
        (void)snprintf(path, sizeof path, "%s/%s", q->out, name);
        e = repo_doc_text(docs[i], &text);
        if (e != OTA_OK)
            return e;
        e = file_write(path, text.data, text.len);
        file_free(&text);
        if (e != OTA_OK)
            return e;
    }
    return OTA_OK;
}

static ota_err finish(struct repo *r, const struct repo_request *q)
{
    json_t *docs[REPO_ROLES];
    struct report out;
    ota_err e;

    for (int i = 0; i < REPO_ROLES; i++)
        docs[i] = json_incref(r->pending[i]);
    e = repo_settle(r);
    if (e == OTA_OK && q->out != NULL)
        e = copy_out(r, q, docs);
    for (int i = 0; i < REPO_ROLES; i++)
        json_decref(docs[i]);
    if (e != OTA_OK)
        return e;
    report_init(&out);
    repo_report_all(&out, r);
    return report_print(&out) ? OTA_OK : OTA_E_IO;
}

ota_err repo_run_cosign(const struct repo_request *q)
{
    struct repo r;
    ota_err e = repo_open(q->dir, q->now_unix_s, &r);

    if (e != OTA_OK)
        return e;
    e = take_all_in(&r, &q->operand);
    if (e == OTA_OK && q->key != NULL)
        e = sign(&r, q);
    if (e == OTA_OK)
        e = finish(&r, q);
    repo_close(&r);
    return e;
}
