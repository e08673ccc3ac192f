/* link: tuf */
/* Any bytes as every kind of metadata, in a device's memory and in a host's form. */
#include <assert.h>
#include <string.h>

#include "firmware/tuf/device.h"

static ota_err load(void *arg, const char *name, uint8_t *buf, size_t max, size_t *out_len)
{
    (void)arg;
    (void)name;
    (void)buf;
    (void)max;
    (void)out_len;
    return OTA_E_NOT_FOUND;
}

static ota_err save(void *arg, const char *name, const uint8_t *bytes, size_t len)
{
    (void)arg;
    (void)name;
    (void)bytes;
    (void)len;
    return OTA_OK;
}

static ota_err forget(void *arg, const char *name)
{
    (void)arg;
    (void)name;
    return OTA_OK;
}

static const struct tuf_store store = {NULL, load, save, forget};

enum { FILE_BYTES_MAX = 16384, SLOTS = FILE_BYTES_MAX / 4 };

/* A role with these keys, of any kind, by any names. */
static void role_with(struct canonical entry, struct canonical keys, const struct tuf_file *f)
{
    static const struct tuf_key_rules rules = {8, 4, true};
    struct tuf_key key[8];
    struct crypto_rsa rsa[8];
    struct tuf_keys ring = {key, 0, 8, rsa};
    struct tuf_role role;

    if (tuf_role_read(entry, keys, &rules, &ring, &role) != TUF_GOOD)
        return;
    assert(role.threshold >= 1 && role.threshold <= 4 && ring.count <= 8);
    if (tuf_signed_by(&ring, &role, &rules, f->signatures, f->body) == TUF_GOOD)
        assert(ring.count >= role.threshold);
}

/* Unsigned, as an attacker with keys would have it. */
static void file_as_everything(const struct tuf_file *f)
{
    struct canonical body = f->body;
    struct canonical roles = canonical_member(body, "roles"), name, entry;
    struct canonical_walk all = canonical_walk(roles);
    struct tuf_head head;
    struct tuf_listed listed;
    struct tuf_target target;
    struct tuf_delegation d;
    struct canonical_walk w = tuf_delegations(body);
    struct canonical meta;

    for (int type = TUF_ROOT; type <= TUF_TARGETS; type++)
        if (tuf_head_read(body, (enum tuf_type)type, &head) == TUF_GOOD)
            assert(head.version > 0);
    (void)tuf_timestamp_read(body, &listed);
    if (tuf_snapshot_read(body, &meta) == TUF_GOOD) {
        assert(tuf_snapshot_follows(meta, meta) == TUF_GOOD);
        assert(tuf_snapshot_find(meta, "targets", &listed) == TUF_GOOD);
    }
    if (tuf_targets_check(body) == TUF_GOOD)
        (void)tuf_target_find(body, "1.0.0/fw.bin", &target);
    while (tuf_delegation_next(&w, body, &d)) {
        (void)tuf_delegation_covers(&d, "1.0.0/fw.bin");
        role_with(d.entry, d.keys, f);
    }
    while (canonical_next_member(&all, &name, &entry))
        role_with(entry, canonical_member(body, "keys"), f);
}

/* JSON of any form, which PEM needs. */
static void as_a_host(const uint8_t *data, size_t size)
{
    static uint8_t text[FILE_BYTES_MAX], copy[FILE_BYTES_MAX];
    static struct canonical_slot slot[SLOTS];
    struct tuf_file f;
    size_t n = 0;

    if (size <= sizeof text && canonical_compact(data, size, text, &n) == OTA_OK &&
        canonical_sort(text, n, copy, slot, SLOTS) == OTA_OK &&
        tuf_file_open((struct canonical){text, n}, &f) == TUF_GOOD)
        file_as_everything(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tuf_device device;
    static const struct tuf_question question = {"device", {0}, 0};
    static const struct tuf_key_rules rules = {8, 4, false};
    struct tuf_answer answer;
    struct tuf_setup setup;
    struct tuf_file f;

    if (canonical_check(data, size) == OTA_OK &&
        tuf_file_open((struct canonical){data, size}, &f) == TUF_GOOD)
        file_as_everything(&f);
    as_a_host(data, size);
    if (size > sizeof device.file)
        return 0;
    tuf_device_setup(&device, &store, &setup);
    memcpy(device.file, data, size);
    if (tuf_client_root(&device.client, &setup, size) == TUF_GOOD) {
        const struct tuf_client *c = &device.client;

        assert(c->root.version > 0 && c->s.memory.keys.count <= TUF_DEVICE_KEYS);
        (void)tuf_director_check((struct canonical){data, size}, &c->s.memory.keys,
                                 &c->role[TUF_ROLE_TIMESTAMP], &rules, &question, &answer);
    }
    return 0;
}
