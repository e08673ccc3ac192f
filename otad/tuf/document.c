/* A thin layer over firmware/tuf, with a device's limits. */
#include "document.h"

#include <string.h>

#include "firmware/tuf/device.h"

enum { SUBMITTED_BYTES_MAX = 4 * REPO_FILE_BYTES_MAX, SLOTS = 256 };

static const struct tuf_key_rules rules = {.role_keys_max = HOLDER_KEYS_MAX,
                                           .threshold_max = 4};

static enum tuf_type type_of(enum repo_role role)
{
    static const enum tuf_type types[REPO_ROLES] = {
        [REPO_ROOT] = TUF_ROOT,           [REPO_TARGETS] = TUF_TARGETS,
        [REPO_PLATFORM] = TUF_TARGETS,    [REPO_SNAPSHOT] = TUF_SNAPSHOT,
        [REPO_TIMESTAMP] = TUF_TIMESTAMP,
    };
    return types[role];
}

enum tuf_verdict document_open(enum repo_role role, const uint8_t *bytes, size_t len,
                               struct document *out)
{
    const enum tuf_verdict v =
        tuf_file_open((struct canonical){.at = bytes, .len = len}, &out->part);
    return v == TUF_GOOD ? tuf_head_read(out->part.body, type_of(role), &out->head) : v;
}

ota_err document_canonical(struct arena *a, const uint8_t *text, size_t len,
                           const uint8_t **out, size_t *out_len)
{
    size_t n = 0;
    if (len > SUBMITTED_BYTES_MAX)
        return OTA_E_LIMIT;
    uint8_t *sorted = arena_alloc(a, len), *copy = arena_alloc(a, len);
    struct canonical_slot *slot = arena_array(a, SLOTS, sizeof *slot);
    if (sorted == NULL || copy == NULL || slot == NULL)
        return OTA_E_LIMIT;
    ota_err err = canonical_compact(text, len, sorted, &n);
    if (err == OTA_OK)
        err = canonical_sort(sorted, n, copy, slot, SLOTS);
    if (err == OTA_OK)
        err = canonical_check(sorted, n);
    if (err == OTA_OK && n > REPO_FILE_BYTES_MAX)
        err = OTA_E_LIMIT;
    if (err != OTA_OK)
        return err;
    *out = sorted;
    *out_len = n;
    return OTA_OK;
}

static enum tuf_verdict holder_read(struct canonical role, struct canonical keys,
                                    struct holder *out)
{
    out->ring = (struct tuf_keys){.key = out->key, .max = HOLDER_KEYS_MAX};
    return tuf_role_read(role, keys, &rules, &out->ring, &out->role);
}

enum tuf_verdict holder_of_root(struct canonical root, const char *name, struct holder *out)
{
    const bool ours = strncmp(name, "x-", 2) == 0;
    const struct canonical role =
        canonical_member(ours ? root : canonical_member(root, "roles"), name);
    return holder_read(role, canonical_member(root, "keys"), out);
}

bool document_root_fits(struct canonical root)
{
    static const char *const names[] = {"root", "timestamp", "snapshot", "targets"};
    const struct canonical keys = canonical_member(root, "keys"),
                           roles = canonical_member(root, "roles");
    struct tuf_key key[TUF_DEVICE_KEYS];
    struct tuf_keys ring = {.key = key, .max = TUF_DEVICE_KEYS};
    struct tuf_role role;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (tuf_role_read(canonical_member(roles, names[i]), keys, &rules, &ring, &role) !=
            TUF_GOOD)
            return false;
    return tuf_role_read(canonical_member(root, "x-otad-director"), keys, &rules, &ring,
                         &role) == TUF_GOOD;
}

enum tuf_verdict holder_of_targets(struct canonical targets, const char *platform,
                                   struct holder *out)
{
    struct canonical_walk w = tuf_delegations(targets);
    struct tuf_delegation d;
    while (tuf_delegation_next(&w, targets, &d))
        if (canonical_is(d.name, platform))
            return holder_read(d.entry, d.keys, out);
    return TUF_ROLE_NAME;
}

bool holder_signed(const struct holder *h, const struct document *d)
{
    return tuf_signed_by(&h->ring, &h->role, &rules, d->part.signatures, d->part.body) ==
           TUF_GOOD;
}

bool holder_key_signed(const struct holder *h, unsigned n, const struct document *d)
{
    const struct tuf_role one = {.members = h->role.members & UINT64_C(1) << n, .threshold = 1};
    return tuf_signed_by(&h->ring, &one, &rules, d->part.signatures, d->part.body) == TUF_GOOD;
}

bool holder_takes(const struct holder *h, struct canonical entry, struct canonical body)
{
    uint8_t list[REPO_FILE_BYTES_MAX];
    const struct tuf_role one = {.members = h->role.members, .threshold = 1};
    if (entry.len + 2 > sizeof list)
        return false;
    list[0] = '[';
    memcpy(list + 1, entry.at, entry.len);
    list[entry.len + 1] = ']';
    return tuf_signed_by(&h->ring, &one, &rules,
                         (struct canonical){.at = list, .len = entry.len + 2},
                         body) == TUF_GOOD;
}

void document_sha256(const void *bytes, size_t len, uint8_t out[32])
{
    struct crypto_sha256 h;
    crypto_sha256_init(&h);
    crypto_sha256_update(&h, bytes, len);
    crypto_sha256_final(&h, out);
}

void document_id(const struct document *d, uint8_t out[32])
{
    document_sha256(d->part.body.at, d->part.body.len, out);
}
