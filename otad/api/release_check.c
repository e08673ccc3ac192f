/*
 * The judgement over a release.  Order matters to who reads the refusal: first what is wrong
 * with the request, then who signed, then what was signed, then what is already released.
 */
#include "release_check.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "firmware/boards/host/minisign.h"

static const uint8_t image_magic[4] = {0x3d, 0xb8, 0xf3, 0x96};

struct verdict_row {
    const char *code;
    ota_err err;
    const char *text;
};

static const struct verdict_row rows[] = {
    [RELEASE_GOOD] = {"good", OTA_OK, "The release is good."},
    [RELEASE_BAD_VERSION] = {"bad-version", OTA_E_FORMAT,
                             "The version is not MAJOR.MINOR.REVISION with an optional "
                             "-PRERELEASE and +BUILD."},
    [RELEASE_BAD_SUMS] = {"bad-sums", OTA_E_FORMAT,
                          "SHA256SUMS must have a line 'SHA256 (name) = hex' for each file, "
                          "sorted by name, and nothing else."},
    [RELEASE_BAD_MINISIG] =
        {"bad-minisig", OTA_E_FORMAT,
         "SHA256SUMS.minisig is not a prehashed minisign signature with the "
         "trusted comment 'otad platform=NAME version=VERSION counter=N'."},
    [RELEASE_UNKNOWN_KEY] = {"unknown-key", OTA_E_SIGNATURE,
                             "SHA256SUMS is signed by a key that the platform's key manifest "
                             "does not list as a release key."},
    [RELEASE_BAD_SIGNATURE] = {"bad-signature", OTA_E_SIGNATURE,
                               "The signature does not belong to this SHA256SUMS."},
    [RELEASE_OTHER_PLATFORM] = {"platform-mismatch", OTA_E_SIGNATURE,
                                "The release was signed for another platform."},
    [RELEASE_OTHER_VERSION] = {"version-mismatch", OTA_E_SIGNATURE,
                               "The version that was signed is not the version uploaded to."},
    [RELEASE_OTHER_COUNTER] = {"counter-mismatch", OTA_E_SIGNATURE,
                               "The image's security counter is not the one signed with the "
                               "release."},
    [RELEASE_NOT_IN_SUMS] = {"not-in-sums", OTA_E_SIGNATURE,
                             "The release's SHA256SUMS does not name this file."},
    [RELEASE_DIGEST_DIFFERS] = {"digest-not-in-sums", OTA_E_SIGNATURE,
                                "The file's SHA-256 is not the one that the release's "
                                "SHA256SUMS states."},
    [RELEASE_NOT_AN_IMAGE] = {"not-an-image", OTA_E_SIGNATURE,
                              "The file is no signed MCUboot image, and devices of this "
                              "platform boot nothing else."},
    [RELEASE_IMAGE_REFUSED] = {"image-refused", OTA_E_SIGNATURE, "The image is not good."},
};

static struct release_judgement judge(enum release_verdict v)
{
    return (struct release_judgement){.verdict = v, .image = IMAGE_GOOD};
}

static enum release_verdict verdict_of_signature(ota_err err)
{
    if (err == OTA_OK)
        return RELEASE_GOOD;
    if (err == OTA_E_NOT_FOUND)
        return RELEASE_UNKNOWN_KEY;
    return err == OTA_E_FORMAT || err == OTA_E_LIMIT ? RELEASE_BAD_MINISIG
                                                     : RELEASE_BAD_SIGNATURE;
}

struct release_judgement release_check_sums(const struct release_claim *claim,
                                            struct release_sums *out)
{
    struct version version;
    struct minisign_release signature;
    const struct minisig_release *signed_for = &signature.what;
    if (version_parse(claim->version, &version) != OTA_OK)
        return judge(RELEASE_BAD_VERSION);
    if (sums_parse(claim->sums, claim->sums_bytes, out->entry, SUMS_ENTRIES_MAX, &out->count) !=
        OTA_OK)
        return judge(RELEASE_BAD_SUMS);
    const ota_err err = minisign_release_open(claim->manifest, claim->sums, claim->sums_bytes,
                                              claim->minisig, claim->minisig_bytes, &signature);
    if (err != OTA_OK)
        return judge(verdict_of_signature(err));
    if (strcmp(signed_for->platform, claim->platform) != 0)
        return judge(RELEASE_OTHER_PLATFORM);
    if (strcmp(signed_for->version, claim->version) != 0)
        return judge(RELEASE_OTHER_VERSION);
    out->security_counter = signed_for->counter;
    minisig_number_text(signature.key_number, out->signed_by);
    return judge(RELEASE_GOOD);
}

static bool boots_images(const struct manifest *m)
{
    for (unsigned i = 0; i < m->key_count; i++)
        if (m->key[i].purpose == MANIFEST_IMAGE)
            return true;
    return false;
}

static bool named_like_an_image(const char *name)
{
    const size_t len = strlen(name);
    return len > 4 &&
           (strcmp(name + len - 4, ".bin") == 0 || strcmp(name + len - 4, ".img") == 0);
}

/* The release's version says which build too only if it has one. */
static bool version_matches(const char *release, struct image_version image)
{
    char core[32], whole[48];
    (void)snprintf(core, sizeof core, "%u.%u.%u", (unsigned)image.major, (unsigned)image.minor,
                   (unsigned)image.revision);
    (void)snprintf(whole, sizeof whole, "%s+%u", core, (unsigned)image.build);
    return strcmp(release, core) == 0 || strcmp(release, whole) == 0;
}

static struct release_judgement check_image(const struct release_claim *claim,
                                            const struct release_sums *sums,
                                            const struct image_source *source,
                                            struct image_info *out)
{
    const struct image_policy policy = {.manifest = claim->manifest, .security_floor = 0};
    struct image_info info;
    const enum image_verdict v = image_verify(source, &policy, NULL, NULL, &info);
    if (v != IMAGE_GOOD)
        return (struct release_judgement){.verdict = RELEASE_IMAGE_REFUSED, .image = v};
    if (!version_matches(claim->version, info.version))
        return judge(RELEASE_OTHER_VERSION);
    if (info.security_counter != sums->security_counter)
        return judge(RELEASE_OTHER_COUNTER);
    *out = info;
    return judge(RELEASE_GOOD);
}

struct release_judgement release_check_file(const struct release_claim *claim,
                                            const struct release_sums *sums,
                                            const struct release_upload *file,
                                            bool *out_is_image, struct image_info *out_image)
{
    *out_is_image = false;
    const struct sums_entry *entry = sums_find(sums->entry, sums->count, file->name);
    if (entry == NULL)
        return judge(RELEASE_NOT_IN_SUMS);
    if (!crypto_equal(entry->sha256, file->sha256.b, sizeof file->sha256.b))
        return judge(RELEASE_DIGEST_DIFFERS);

    uint8_t magic[sizeof image_magic] = {0};
    const struct image_source *source = file->source;
    if (source->size_bytes >= sizeof magic &&
        source->read(source, 0, magic, sizeof magic) != OTA_OK)
        return (struct release_judgement){.verdict = RELEASE_IMAGE_REFUSED,
                                          .image = IMAGE_UNREADABLE};
    if (memcmp(magic, image_magic, sizeof magic) != 0)
        return judge(named_like_an_image(file->name) && boots_images(claim->manifest)
                         ? RELEASE_NOT_AN_IMAGE
                         : RELEASE_GOOD);
    const struct release_judgement j = check_image(claim, sums, source, out_image);
    *out_is_image = j.verdict == RELEASE_GOOD;
    return j;
}

const char *release_judgement_code(struct release_judgement j)
{
    return j.verdict == RELEASE_IMAGE_REFUSED ? image_verdict_name(j.image)
                                              : rows[j.verdict].code;
}

const char *release_judgement_text(struct release_judgement j)
{
    return j.verdict == RELEASE_IMAGE_REFUSED ? image_verdict_text(j.image)
                                              : rows[j.verdict].text;
}

ota_err release_judgement_err(struct release_judgement j)
{
    return rows[j.verdict].err;
}
