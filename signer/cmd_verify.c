/* signer verify: is this image authentic? */
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "cmd.h"
#include "file.h"
#include "judge.h"
#include "key.h"
#include "report.h"
#include "say.h"
#include "uuid.h"

enum { OPT_KEY, OPT_MANIFEST, OPT_ROOT, OPT_VID, OPT_CLASS, OPT_CID, OPT_FLOOR };

static const struct arg_spec options[] = {
    [OPT_KEY] = {'k', "key", "PUB", "public key that must have signed: PEM or pkcs11:"},
    [OPT_MANIFEST] = {'m', "manifest", "FILE", "key manifest whose image keys may have signed"},
    [OPT_ROOT] = {0, "root", "PUB", "boot root's public key; give three, in their order"},
    [OPT_VID] = {0, "vid", "NAME|UUID", "vendor of the class (default otad.example)"},
    [OPT_CLASS] = {0, "class", "NAME|UUID", "hardware class the image must be for"},
    [OPT_CID] = {0, "cid", "NAME|UUID", "the same as --class"},
    [OPT_FLOOR] = {0, "floor", "N", "lowest security counter to accept"},
    {0, NULL, NULL, NULL},
};

static const struct verb_spec verb = {
    "verify [OPTION]... (-k PUBLIC | --manifest FILE --root A --root B --root C) IMAGE",
    "Judge an image as device and server do.  Without keys nothing is authentic, so one of "
    "the\n"
    "two ways must be given.",
    options,
    "With --manifest the image must be what otad and a bootloader accept: known key, the\n"
    "manifest's hardware class, counter not below the floor.  With -k the signature counts, "
    "and\n"
    "class and counter if --class or --floor are given.",
};

struct request {
    const char *key, *manifest, *vid, *class, *image;
    const char *root[MANIFEST_ROOTS];
    size_t roots;
    uint64_t floor;
    bool has_floor;
};

static bool take(struct args *a, void *request, int option, const char *value)
{
    struct request *q = request;

    switch (option) {
    case OPT_KEY:
        q->key = value;
        return true;
    case OPT_MANIFEST:
        q->manifest = value;
        return true;
    case OPT_VID:
        q->vid = value;
        return true;
    case OPT_CLASS:
    case OPT_CID:
        q->class = value;
        return true;
    case OPT_FLOOR:
        q->has_floor = true;
        return args_number("floor", value, UINT32_MAX, &q->floor);
    case OPT_ROOT:
        if (q->roots < MANIFEST_ROOTS) {
            q->root[q->roots++] = value;
            return true;
        }
        args_complain(a, "there are three boot roots, not more");
        return false;
    default:
        break;
    }
    if (q->image != NULL)
        args_complain(a, "one image at a time: '%s'", value);
    else
        q->image = value;
    return q->image == value;
}

static bool complete(const struct args *a, void *request)
{
    const struct request *q = request;

    if (q->image == NULL)
        args_complain(a, "which image?");
    else if ((q->key == NULL) == (q->manifest == NULL))
        args_complain(a, "give either -k PUBLIC or --manifest FILE with three --root");
    else if (q->manifest != NULL && q->roots != MANIFEST_ROOTS)
        args_complain(a, "--manifest needs --root three times");
    else
        return true;
    return false;
}

static const struct args_reader reader = {take, complete};

/* A manifest of one key, for the rules of class and floor alone. */
static ota_err manifest_of_key(const struct request *q, const struct image_info *info,
                               const struct key_public *key, struct manifest *m)
{
    struct uuid vendor, class;

    memset(m, 0, sizeof *m);
    m->key_count = 1;
    m->key[0].alg = key->alg;
    m->key[0].purpose = MANIFEST_IMAGE;
    m->key[0].key_bytes = (uint8_t)key->bytes;
    memcpy(m->key[0].key, key->key, sizeof key->key);
    memcpy(m->key[0].hash, key->hash, sizeof key->hash);
    memcpy(m->hardware_class, info->hardware_class, sizeof m->hardware_class);
    if (q->class == NULL)
        return OTA_OK;
    if (!uuid_vendor(q->vid == NULL ? "otad.example" : q->vid, &vendor) ||
        !uuid_class(&vendor, q->class, &class))
        return say_fail(OTA_E_INTERNAL, "libcrypto has no SHA-1 for UUIDs");
    memcpy(m->hardware_class, class.b, sizeof class.b);
    return OTA_OK;
}

static ota_err judge_key(const struct request *q, const struct image_source *src,
                         struct image_info *info, enum image_verdict *out)
{
    struct image_policy policy = {NULL, (uint32_t)q->floor};
    struct key_public key;
    struct manifest m;
    ota_err e = key_public_read(q->key, &key);

    if (e != OTA_OK)
        return e;
    *out = judge_with_key(src, &key, info);
    if (*out != IMAGE_GOOD || (q->class == NULL && !q->has_floor))
        return OTA_OK;
    e = manifest_of_key(q, info, &key, &m);
    policy.manifest = &m;
    if (e == OTA_OK)
        *out = image_verify(src, &policy, NULL, NULL, info);
    return e;
}

static ota_err judge_manifest(const struct request *q, const struct image_source *src,
                              struct image_info *info, enum image_verdict *out)
{
    struct manifest_root roots[MANIFEST_ROOTS];
    struct image_policy policy = {NULL, (uint32_t)q->floor};
    struct uuid vendor, class;
    struct manifest m;
    ota_err e = judge_roots_read(q->root, roots);

    if (e == OTA_OK)
        e = judge_manifest_read(q->manifest, roots, &m);
    if (e != OTA_OK)
        return e;
    policy.manifest = &m;
    *out = image_verify(src, &policy, NULL, NULL, info);
    if (*out != IMAGE_GOOD || q->class == NULL)
        return OTA_OK;
    if (!uuid_vendor(q->vid == NULL ? "otad.example" : q->vid, &vendor) ||
        !uuid_class(&vendor, q->class, &class))
        return say_fail(OTA_E_INTERNAL, "libcrypto has no SHA-1 for UUIDs");
    if (memcmp(class.b, info->hardware_class, sizeof class.b) != 0)
        *out = IMAGE_WRONG_CLASS;
    return OTA_OK;
}

static enum exit_status tell(const struct request *q, enum image_verdict v,
                             const struct image_info *info, size_t file_bytes)
{
    struct report r;

    if (v == IMAGE_UNREADABLE) {
        say_error("%s: %s", q->image, image_verdict_text(v));
        return EXIT_FAILED;
    }
    if (v != IMAGE_GOOD) {
        say_error("%s is NOT authentic: %s (%s)", q->image,
                  v == IMAGE_UNKNOWN_KEY && q->key != NULL ? "another key signed it"
                                                           : image_verdict_text(v),
                  image_verdict_name(v));
        return EXIT_NOT_AUTHENTIC;
    }
    report_init(&r);
    report_text(&r, "verdict", "%s", image_verdict_name(v));
    report_text(&r, "file", "%s", q->image);
    judge_report_image(&r, info);
    report_number(&r, "bytes_behind", file_bytes - info->total_bytes);
    if (file_bytes != info->total_bytes)
        say_warning("%s: the last %zu bytes are no part of the image; nothing vouches for them",
                    q->image, file_bytes - info->total_bytes);
    return report_print(&r) ? EXIT_DONE : EXIT_FAILED;
}

static enum exit_status run(const struct request *q)
{
    struct file_bytes f;
    struct image_source src;
    struct image_info info;
    enum image_verdict v = IMAGE_UNREADABLE;
    enum exit_status s;
    ota_err e = file_read(q->image, 2 * (size_t)IMAGE_BYTES_MAX, &f);

    if (e != OTA_OK)
        return exit_of(e);
    src = image_source_memory(f.data, (uint32_t)f.len);
    e = q->key != NULL ? judge_key(q, &src, &info, &v) : judge_manifest(q, &src, &info, &v);
    s = e == OTA_OK ? tell(q, v, &info, f.len) : exit_of(e);
    file_free(&f);
    return s;
}

enum exit_status cmd_verify(int argc, char **argv)
{
    struct request q = {0};
    enum exit_status s;
    struct args a;

    args_init(&a, &verb, argc, argv);
    return args_read(&a, &reader, &q, &s) ? run(&q) : s;
}
