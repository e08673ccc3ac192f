/* The bytes of key manifests, written; what reads them is firmware/image/manifest.c. */
#include "keymanifest.h"

#include <string.h>

#include "../firmware/image/le.h"
#include "file.h"
#include "say.h"

static void put(struct keymanifest *m, const void *data, size_t len)
{
    memcpy(m->bytes + m->len, data, len);
    m->len += len;
}

static void put_u8(struct keymanifest *m, unsigned v)
{
    m->bytes[m->len++] = (uint8_t)v;
}

static void put_u16(struct keymanifest *m, unsigned v)
{
    le16_store(m->bytes + m->len, (uint16_t)v);
    m->len += 2;
}

/* Body and signatures (at most three, so they fit) as a file. */
static void assemble(const uint8_t *body, size_t body_bytes,
                     const struct manifest_signature *signature, unsigned count,
                     struct keymanifest *out)
{
    struct keymanifest m = {.len = 0};

    put(&m, body, body_bytes);
    put(&m, "SIGS", 4);
    put_u8(&m, count);
    put(&m, (const uint8_t[3]){0}, 3);
    for (unsigned i = 0; i < count; i++) {
        put_u8(&m, signature[i].root);
        put_u8(&m, signature[i].alg);
        put_u16(&m, signature[i].bytes);
        put(&m, signature[i].at, signature[i].bytes);
    }
    *out = m;
}

ota_err keymanifest_new(const struct manifest *m, struct keymanifest *out)
{
    struct keymanifest body = {.len = 0};
    uint8_t sequence[4];

    put(&body, "OTADKEYS", 8);
    put_u16(&body, MANIFEST_FORMAT);
    put_u16(&body, 0);
    le32_store(sequence, m->sequence);
    put(&body, sequence, sizeof sequence);
    put(&body, m->hardware_class, sizeof m->hardware_class);
    put_u8(&body, m->key_count);
    put(&body, (const uint8_t[3]){0}, 3);
    for (uint8_t i = 0; i < m->key_count; i++) {
        put_u8(&body, m->key[i].alg);
        put_u8(&body, m->key[i].purpose);
        put_u16(&body, m->key[i].key_bytes);
        put(&body, m->key[i].key, m->key[i].key_bytes);
    }
    le16_store(body.bytes + 10, (uint16_t)body.len);
    if (manifest_body_read(body.bytes, body.len, NULL) != OTA_OK) {
        say_error("these keys make no key manifest");
        say_hint("1 to %d keys, each once; release keys are Ed25519", MANIFEST_KEYS_MAX);
        return OTA_E_FORMAT;
    }
    assemble(body.bytes, body.len, NULL, 0, out);
    return OTA_OK;
}

ota_err keymanifest_read(const char *path, struct keymanifest *out,
                         struct manifest_parts *parts, struct manifest *m)
{
    struct file_bytes f;
    ota_err e = file_read(path, MANIFEST_BYTES_MAX, &f);

    if (e != OTA_OK)
        return e;
    memcpy(out->bytes, f.data, f.len);
    out->len = f.len;
    file_free(&f);
    e = manifest_split(out->bytes, out->len, parts);
    if (e == OTA_OK && parts->total_bytes != out->len)
        e = OTA_E_FORMAT;
    if (e == OTA_OK)
        e = manifest_body_read(parts->body, parts->body_bytes, m);
    return e == OTA_OK ? OTA_OK : say_fail(e, "%s is no key manifest", path);
}

/* Put s among count others in ascending order of root; there is room. */
static void insert(struct manifest_signature *list, unsigned count,
                   const struct manifest_signature *s)
{
    unsigned i = count;

    for (; i > 0 && list[i - 1].root > s->root; i--)
        list[i] = list[i - 1];
    list[i] = *s;
}

static const struct manifest_signature *signature_of(const struct manifest_parts *p,
                                                     uint8_t root)
{
    for (uint8_t i = 0; i < p->signature_count; i++) {
        if (p->signature[i].root == root)
            return &p->signature[i];
    }
    return NULL;
}

ota_err keymanifest_cosign(const struct keymanifest *m, const struct key *key, uint8_t root,
                           struct keymanifest *out)
{
    uint8_t digest[CRYPTO_DIGEST_BYTES], sig[CRYPTO_SIGNATURE_BYTES_MAX];
    struct manifest_signature s = {.root = root, .alg = (uint8_t)key_public(key)->alg};
    struct manifest_parts parts;
    struct crypto_sha256 h;
    size_t sig_bytes = 0;
    ota_err e = manifest_split(m->bytes, m->len, &parts);

    if (e != OTA_OK)
        return e;
    if (signature_of(&parts, root) != NULL)
        return say_fail(OTA_E_CONFLICT, "boot root %u has signed it already", root + 1u);
    crypto_sha256_init(&h);
    crypto_sha256_update(&h, parts.body, parts.body_bytes);
    crypto_sha256_final(&h, digest);
    e = key_sign(key, digest, sig, &sig_bytes);
    if (e != OTA_OK)
        return e;
    s.bytes = (uint16_t)sig_bytes;
    s.at = sig;
    insert(parts.signature, parts.signature_count, &s);
    assemble(parts.body, parts.body_bytes, parts.signature, parts.signature_count + 1u, out);
    return OTA_OK;
}

ota_err keymanifest_merge(const struct keymanifest *a, const struct keymanifest *b,
                          struct keymanifest *out)
{
    struct manifest_parts pa, pb;
    unsigned count;

    if (manifest_split(a->bytes, a->len, &pa) != OTA_OK ||
        manifest_split(b->bytes, b->len, &pb) != OTA_OK)
        return say_fail(OTA_E_FORMAT, "no key manifest");
    if (pa.body_bytes != pb.body_bytes || memcmp(pa.body, pb.body, pa.body_bytes) != 0)
        return say_fail(OTA_E_CONFLICT, "these are two different key manifests");
    count = pa.signature_count;
    for (uint8_t i = 0; i < pb.signature_count; i++) {
        if (signature_of(&pa, pb.signature[i].root) == NULL)
            insert(pa.signature, count++, &pb.signature[i]);
    }
    assemble(pa.body, pa.body_bytes, pa.signature, count, out);
    return OTA_OK;
}
