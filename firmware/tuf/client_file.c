/* How a file is opened, compared with what is listed, loaded and kept; and what is too much. */
#include "client_parts.h"

const struct tuf_limits tuf_device_limits = {
    .root_bytes = 4096,
    .timestamp_bytes = 1024,
    .snapshot_bytes = 2048,
    .targets_bytes = 4096,
    .roots = 32,
    .delegations = 1,
    .keys = {.role_keys_max = 8, .threshold_max = 4},
};

const struct tuf_limits tuf_host_limits = {
    .root_bytes = 512000,
    .timestamp_bytes = 16384,
    .snapshot_bytes = 2000000,
    .targets_bytes = 5000000,
    .roots = 256,
    .delegations = 32,
    .keys = {.role_keys_max = TUF_ROLE_KEYS_MAX, .threshold_max = TUF_ROLE_KEYS_MAX},
    .any_form = true,
};

/* memory.file as canonical text, split. */
enum tuf_verdict client_open_file(struct tuf_client *c, size_t len, struct tuf_file *out)
{
    const struct tuf_memory *m = &c->s.memory;
    ota_err e;

    if (c->s.limits->any_form) {
        size_t n = 0;

        e = canonical_compact(m->file, len, m->text, &n);
        if (e == OTA_OK)
            e = canonical_sort(m->text, n, m->copy, m->slot, m->slots);
        c->text = (struct canonical){m->text, n};
    } else {
        e = canonical_check(m->file, len);
        c->text = (struct canonical){m->file, len};
    }
    if (e != OTA_OK)
        return e == OTA_E_LIMIT ? TUF_LIMIT : TUF_NOT_CANONICAL;
    return tuf_file_open(c->text, out);
}

enum tuf_verdict client_signed_by_role(const struct tuf_client *c, unsigned role,
                                       const struct tuf_file *f)
{
    return tuf_signed_by(&c->s.memory.keys, &c->role[role], &c->s.limits->keys, f->signatures,
                         f->body);
}

/* A trusted copy of the file into memory.file; false if there is none that we can read. */
bool client_load(struct tuf_client *c, const char *name, size_t max, size_t *out_len)
{
    const struct tuf_store *s = c->s.store;

    if (max > c->s.memory.file_bytes)
        max = c->s.memory.file_bytes;
    return s->load(s->arg, name, c->s.memory.file, max, out_len) == OTA_OK && *out_len <= max;
}

enum tuf_verdict client_save(struct tuf_client *c, const char *name, size_t len)
{
    const struct tuf_store *s = c->s.store;

    return s->save(s->arg, name, c->s.memory.file, len) == OTA_OK ? TUF_GOOD : TUF_STORE;
}

bool client_expired(const struct tuf_client *c, const struct tuf_head *h)
{
    return h->expires_unix_s <= c->s.now_unix_s;
}

/* Length and digest of memory.file, as listed. */
enum tuf_verdict client_as_listed(const struct tuf_client *c, const struct tuf_listed *l,
                                  size_t len)
{
    if (l->has_length && len != l->length)
        return TUF_LENGTH;
    return l->has_hashes ? tuf_hashes_check(&l->hashes, c->s.memory.file, len) : TUF_GOOD;
}
