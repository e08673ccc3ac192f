/* What images, keys and key manifests are worth, said in words. */
#include "judge.h"

#include <string.h>

#include "../firmware/boards/host/minisign.h"
#include "file.h"
#include "make.h"
#include "say.h"
#include "uuid.h"

enum image_verdict judge_with_key(const struct image_source *src, const struct key_public *key,
                                  struct image_info *out)
{
    struct manifest_key k = {.alg = key->alg, .key_bytes = (uint8_t)key->bytes};
    enum image_verdict v;

    memcpy(k.key, key->key, sizeof k.key);
    memcpy(k.hash, key->hash, sizeof k.hash);
    if (image_parse(src, out, &v) != OTA_OK)
        return v;
    v = image_contents(src, out, NULL, NULL);
    return v == IMAGE_GOOD ? image_signed(out, &k) : v;
}

ota_err judge_roots_read(const char *const path[MANIFEST_ROOTS],
                         struct manifest_root out[MANIFEST_ROOTS])
{
    for (int i = 0; i < MANIFEST_ROOTS; i++) {
        struct key_public key;
        ota_err e = key_public_read(path[i], &key);

        if (e == OTA_OK)
            e = key_sample_check(&key, path[i]);
        if (e != OTA_OK)
            return e;
        memset(&out[i], 0, sizeof out[i]);
        out[i].alg = key.alg;
        out[i].key_bytes = (uint8_t)key.bytes;
        memcpy(out[i].key, key.key, key.bytes);
        for (int j = 0; j < i; j++) {
            if (out[i].alg == out[j].alg && memcmp(out[i].key, out[j].key, key.bytes) == 0)
                return say_fail(OTA_E_CONFLICT, "%s and %s are the same boot root", path[j],
                                path[i]);
        }
    }
    return OTA_OK;
}

ota_err judge_manifest_read(const char *path, const struct manifest_root roots[MANIFEST_ROOTS],
                            struct manifest *out)
{
    struct file_bytes f;
    ota_err e = file_read(path, MANIFEST_BYTES_MAX, &f);

    if (e != OTA_OK)
        return e;
    e = manifest_open(f.data, f.len, roots, out);
    file_free(&f);
    if (e == OTA_E_SIGNATURE) {
        say_error("%s is not signed by two of these boot roots", path);
        say_hint("`signer inspect %s` shows who signed; the order of --root matters", path);
    } else if (e != OTA_OK) {
        say_error("%s is no key manifest", path);
    }
    return e;
}

void judge_report_image(struct report *r, const struct image_info *info)
{
    char version[MAKE_VERSION_TEXT_BYTES], hardware_class[UUID_TEXT_BYTES];

    make_version_text(info->version, version);
    report_text(r, "kind", "image");
    report_text(r, "version", "%s", version);
    if (info->has_security_counter)
        report_number(r, "security_counter", info->security_counter);
    if (info->has_hardware_class) {
        uuid_text(info->hardware_class, hardware_class);
        report_text(r, "hardware_class", "%s", hardware_class);
    }
    report_number(r, "size", info->total_bytes);
    report_number(r, "header_bytes", info->header_bytes);
    report_number(r, "payload_bytes", info->payload_bytes);
    if (info->flags != 0)
        report_text(r, "load_address", "0x%08lx", (unsigned long)info->load_address);
    report_hex(r, "digest", info->digest, info->digest_bytes);
    report_text(r, "alg", "%s", key_alg_name(info->alg));
    report_hex(r, "key_hash", info->key_hash, info->digest_bytes);
}

void judge_report_key(struct report *r, const struct key_public *key, bool minisign)
{
    uint8_t number[MINISIG_KEY_NUMBER_BYTES];
    char text[MINISIG_NUMBER_TEXT_BYTES];

    report_text(r, "alg", "%s", key_alg_name(key->alg));
    report_hex(r, "key_hash", key->hash, sizeof key->hash);
    if (!minisign || key->alg != CRYPTO_ED25519)
        return;
    minisign_key_number(key->key, number);
    minisig_number_text(number, text);
    report_text(r, "minisign_number", "%s", text);
}

void judge_report_manifest(struct report *r, const struct manifest *m)
{
    char hardware_class[UUID_TEXT_BYTES];

    uuid_text(m->hardware_class, hardware_class);
    report_text(r, "kind", "key-manifest");
    report_text(r, "hardware_class", "%s", hardware_class);
    report_number(r, "sequence", m->sequence);
    report_list(r, "keys");
    for (uint8_t i = 0; i < m->key_count; i++) {
        const struct manifest_key *k = &m->key[i];
        struct key_public key = {.alg = k->alg, .bytes = k->key_bytes};

        memcpy(key.key, k->key, sizeof key.key);
        memcpy(key.hash, k->hash, sizeof key.hash);
        report_object(r, NULL);
        report_text(r, "purpose", "%s", k->purpose == MANIFEST_IMAGE ? "image" : "release");
        judge_report_key(r, &key, k->purpose == MANIFEST_RELEASE);
        report_end(r);
    }
    report_end(r);
}
