/*
 * What others have signed comes into a repository: as the file that is pending, or as
 * signatures more on it.  Invariant: nothing is adopted that the rules refuse, no signature
 * kept that does not count.
 */
#include "repo_merge.h"

#include "repo_rules.h"
#include "say.h"

enum repo_role repo_role_of_doc(const json_t *doc)
{
    if (repo_doc_is(doc, "root"))
        return REPO_ROOT;
    return json_object_get(repo_doc_signed(doc), "delegations") != NULL ? REPO_TARGETS
                                                                        : REPO_PLATFORM;
}

const json_t *repo_key_asked(const struct repo *r, enum repo_role role, const char *keyid)
{
    struct repo_signers s[2];

    for (size_t n = repo_asked(r, role, s); n > 0; n--) {
        if (repo_signers_have(&s[n - 1], keyid))
            return json_object_get(s[n - 1].keys, keyid);
    }
    return NULL;
}

static ota_err signatures_in(struct repo *r, enum repo_role role, const char *path,
                             const json_t *from)
{
    const json_t *item;
    ota_err e = OTA_OK;
    size_t i;

    json_array_foreach (json_object_get(from, "signatures"), i, item) {
        const char *id = json_string_value(json_object_get(item, "keyid"));
        const json_t *key = repo_key_asked(r, role, id);

        if (e != OTA_OK)
            break;
        if (key == NULL) {
            say_error("%s: key %.16s may not sign %s", path, id, repo_role_name(r, role));
            say_hint(
                "an unknown key, or one that was taken away; `signer repo status` shows who "
                "may");
            e = OTA_E_SIGNATURE;
        } else if (!repo_signed_by(from, id, key)) {
            e = say_fail(OTA_E_SIGNATURE, "%s: the signature of key %.16s is wrong", path, id);
        } else {
            e = repo_signature_put(r->pending[role], id,
                                   json_string_value(json_object_get(item, "sig")));
        }
    }
    return e;
}

/* The contents of a file of another manager's become what is pending, without signatures. */
static ota_err adopt(struct repo *r, enum repo_role role, const char *path, const json_t *doc)
{
    const uint64_t next = r->stands[role] == NULL ? 1 : repo_doc_version(r->stands[role]) + 1;
    json_t *copy;

    if (repo_doc_version(doc) != next) {
        say_error("%s is version %llu of %s; version %llu is next", path,
                  (unsigned long long)repo_doc_version(doc), repo_role_name(r, role),
                  (unsigned long long)next);
        say_hint("a lower version is never signed; if yours is old, take the new files first");
        return OTA_E_ROLLBACK;
    }
    copy = repo_doc_new(json_deep_copy(repo_doc_signed(doc)));
    if (copy == NULL)
        return say_fail(OTA_E_NO_MEMORY, "no memory");
    r->pending[role] = copy;
    ota_err e = repo_rules(r, role);

    if (e != OTA_OK) {
        r->pending[role] = NULL;
        json_decref(copy);
    }
    return e;
}

ota_err repo_merge(struct repo *r, enum repo_role role, const char *path, const json_t *doc)
{
    ota_err e = OTA_OK;

    if (r->pending[role] == NULL)
        e = adopt(r, role, path, doc);
    else if (!repo_doc_same(r->pending[role], doc)) {
        say_error("%s is not the %s that is pending here", path, repo_role_name(r, role));
        say_hint("agree on one of the two, and remove the other from pending/");
        e = OTA_E_CONFLICT;
    }
    return e == OTA_OK ? signatures_in(r, role, path, doc) : e;
}
