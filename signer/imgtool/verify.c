/* imgtool verify: is this image whole, and is it signed by that key? */
#include <stdio.h>
#include <string.h>

#include "../args.h"
#include "../say.h"
#include "check.h"
#include "imgtool.h"

enum { OPT_KEY, OPT_COMPAT };

static const struct arg_spec options[] = {
    [OPT_KEY] = {'k', "key", "FILE|URI", "key that must have signed it"},
    [OPT_COMPAT] = {0, "compat", NULL,
                    "as imgtool: exit 0 without a key, whatever KEYHASH says"},
    {0, NULL, NULL, NULL},
};

static const struct verb_spec verb = {
    "imgtool verify [OPTION]... IMGFILE",
    "Check digest and signature of an image.  Without a key the digest alone is checked, "
    "which\n"
    "anybody can make: exit status 3.",
    options,
    NULL,
};

struct request {
    const char *key, *path;
    bool compat;
};

/* Bytes behind the TLVs that are neither erased flash nor a trailer: nobody signed them. */
static bool stray(const struct file_bytes *f, const struct layout *l)
{
    uint8_t erased;

    if (l->end >= f->len || layout_trailer_align(f->data, f->len) != 0)
        return false;
    erased = f->data[l->end];
    if (erased != 0 && erased != 0xff)
        return true;
    for (size_t i = l->end; i < f->len; i++) {
        if (f->data[i] != erased)
            return true;
    }
    return false;
}

static void print_good(const struct check_found *found, const char *how)
{
    const struct image_version *v = &found->layout.version;

    printf("%s\nImage version: %u.%u.%u+%lu\nImage digest: ", how, v->major, v->minor,
           v->revision, (unsigned long)v->build);
    for (size_t i = 0; i < found->digest_bytes; i++)
        printf("%02x", found->digest[i]);
    putchar('\n');
}

static enum exit_status good(const struct request *q, const struct check_found *found)
{
    if (q->key != NULL || q->compat) {
        print_good(found, "Image was correctly validated");
        return EXIT_DONE;
    }
    print_good(found, "Integrity only, NOT authenticated: no key was given");
    say_error("the digest is right, which anybody can make: %s",
              found->is_signed ? "give --key to have the signature checked"
                               : "the image is not signed");
    return EXIT_NOT_AUTHENTIC;
}

static enum exit_status judge(const struct request *q, const struct imgkey *key,
                              const struct file_bytes *f)
{
    struct check_found found;
    enum check_verdict v = check_image(f->data, f->len, key, &found);

    if (v == CHECK_OTHER_KEY && q->compat)
        v = CHECK_GOOD;
    if (v == CHECK_GOOD && stray(f, &found.layout))
        say_warning("%zu bytes behind the image are covered by no signature",
                    f->len - found.layout.end);
    switch (v) {
    case CHECK_GOOD:
        return good(q, &found);
    case CHECK_NO_MAGIC:
        puts("Invalid image magic; is this an MCUboot image?");
        break;
    case CHECK_BAD_TLVS:
        puts("Invalid TLV info magic; is this an MCUboot image?");
        break;
    case CHECK_NO_DIGEST:
    case CHECK_BAD_DIGEST:
        puts("Image has an invalid hash");
        break;
    case CHECK_OTHER_KEY:
        puts("Signed by the given key, but the image names another one: it would not boot");
        break;
    case CHECK_BAD_SIGNATURE:
        puts("No signature found for the given key");
        break;
    }
    return EXIT_FAILED;
}

static enum exit_status run(const struct request *q)
{
    struct file_bytes f = {NULL, 0};
    struct imgkey *key = NULL;
    uint32_t address = 0;
    bool hex = false;
    enum exit_status s;
    ota_err e = q->key == NULL ? OTA_OK : imgkey_read(q->key, &key);

    if (e == OTA_OK)
        e = imgtool_read(q->path, &f, &hex, &address);
    s = e == OTA_OK ? judge(q, key, &f) : imgtool_exit(e);
    imgkey_free(key);
    file_free(&f);
    return s;
}

static bool take(struct args *a, void *request, int option, const char *value)
{
    struct request *q = request;

    if (option == OPT_KEY)
        q->key = value;
    else if (option == OPT_COMPAT)
        q->compat = true;
    else
        return imgtool_take_file(a, value, &q->path);
    return true;
}

static bool complete(const struct args *a, void *request)
{
    const struct request *q = request;

    return imgtool_has_file(a, q->path);
}

enum exit_status imgtool_verify(int argc, char **argv)
{
    static const struct args_reader reader = {take, complete};
    struct request q = {NULL, NULL, false};
    enum exit_status s;
    struct args a;

    args_init(&a, &verb, argc, argv);
    if (!args_read(&a, &reader, &q, &s))
        return s;
    return run(&q);
}
