/* signer repo status, and the report that every verb of `repo` ends with. */
#include <string.h>

#include "cmd_repo.h"
#include "repo_diff.h"
#include "say.h"

bool repo_role_of(const struct repo *r, const char *name, enum repo_role *out)
{
    for (int i = 0; i < REPO_ROLES; i++) {
        if (strcmp(name, repo_role_name(r, (enum repo_role)i)) == 0) {
            *out = (enum repo_role)i;
            return true;
        }
    }
    say_error("there is no role '%s'", name);
    say_hint("root, targets or %s", r->platform);
    return false;
}

static void expiry(struct report *to, const struct repo *r, const json_t *doc)
{
    enum { DAY_S = 86400 };
    int64_t t = 0;

    report_text(to, "expires", "%s", repo_doc_expires(doc));
    if (repo_date_parse(repo_doc_expires(doc), &t) != OTA_OK || t <= r->now_unix_s)
        report_flag(to, "expired", true);
    else
        report_number(to, "days_left", (uint64_t)((t - r->now_unix_s) / DAY_S));
}

static void keyids(struct report *to, const char *name, const json_t *doc,
                   const struct repo_signers *s, bool that_signed)
{
    const json_t *id;
    size_t i;

    report_list(to, name);
    json_array_foreach (s->keyids, i, id) {
        const char *text = json_string_value(id);
        const json_t *key = text == NULL ? NULL : json_object_get(s->keys, text);

        if (key != NULL && repo_signed_by(doc, text, key) == that_signed)
            report_text(to, NULL, "%s", text);
    }
    report_end(to);
}

static void signed_so_far(struct report *to, const json_t *doc, const struct repo_signers *s)
{
    const uint64_t have = repo_signatures(doc, s);

    report_number(to, "threshold", s->threshold);
    report_number(to, "missing", have >= s->threshold ? 0 : s->threshold - have);
    keyids(to, "signed_by", doc, s, true);
    keyids(to, "not_signed_by", doc, s, false);
}

ota_err repo_report_keyid(struct report *to, const struct key_public *key)
{
    char id[REPO_KEYID_TEXT_BYTES];
    json_t *object = NULL;
    ota_err e = repo_key_object(key, &object);

    if (e == OTA_OK)
        e = repo_key_id(object, id);
    if (e == OTA_OK)
        report_text(to, "keyid", "%s", id);
    json_decref(object);
    return e;
}

void repo_report_changes(struct report *to, const json_t *old, const json_t *doc)
{
    json_t *lines = repo_diff(old, doc);
    const json_t *line;
    size_t i;

    report_list(to, "changes");
    json_array_foreach (lines, i, line)
        report_text(to, NULL, "%s", json_string_value(line));
    report_end(to);
    json_decref(lines);
}

static void pending(struct report *to, const struct repo *r, enum repo_role role)
{
    const json_t *doc = r->pending[role];
    struct repo_signers s[2];
    size_t n = repo_asked(r, role, s);

    report_object(to, "pending");
    report_number(to, "version", repo_doc_version(doc));
    expiry(to, r, doc);
    report_flag(to, "complete", repo_complete(r, role));
    if (n > 0)
        signed_so_far(to, doc, &s[0]);
    if (n > 1) {
        report_object(to, "by_the_root_before");
        signed_so_far(to, doc, &s[1]);
        report_end(to);
    }
    repo_report_changes(to, r->stands[role], doc);
    report_end(to);
}

/* Who has to sign what stands, by what is newest above it. */
static bool signers_now(const struct repo *r, enum repo_role role, struct repo_signers *out)
{
    const json_t *above =
        role == REPO_PLATFORM ? r->stands[REPO_TARGETS] : r->stands[REPO_ROOT];

    return above != NULL && repo_signers(above, repo_role_name(r, role), out);
}

void repo_report_role(struct report *to, const struct repo *r, enum repo_role role)
{
    struct repo_signers s;

    report_object(to, NULL);
    report_text(to, "role", "%s", repo_role_name(r, role));
    if (r->stands[role] != NULL) {
        report_number(to, "version", repo_doc_version(r->stands[role]));
        expiry(to, r, r->stands[role]);
        if (signers_now(r, role, &s))
            signed_so_far(to, r->stands[role], &s);
    }
    if (r->pending[role] != NULL)
        pending(to, r, role);
    report_end(to);
}

void repo_report_all(struct report *to, const struct repo *r)
{
    report_text(to, "repository", "%s", r->dir);
    report_text(to, "platform", "%s", r->platform);
    report_list(to, "roles");
    for (int i = 0; i < REPO_ROLES; i++)
        repo_report_role(to, r, (enum repo_role)i);
    report_end(to);
}

ota_err repo_run_status(const struct repo_request *q)
{
    struct report out;
    struct repo r;
    ota_err e = repo_open(q->dir, q->now_unix_s, &r);

    if (e != OTA_OK)
        return e;
    report_init(&out);
    repo_report_all(&out, &r);
    repo_close(&r);
    return report_print(&out) ? OTA_OK : OTA_E_IO;
}
