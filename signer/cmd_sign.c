/* signer sign: make a signed MCUboot image, byte for byte what imgtool makes. */
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "cmd.h"
#include "file.h"
#include "judge.h"
#include "key.h"
#include "make.h"
#include "report.h"
#include "say.h"
#include "uuid.h"

enum {
    OPT_KEY,
    OPT_VERSION,
    OPT_HEADER,
    OPT_SLOT,
    OPT_PAD,
    OPT_ERASED,
    OPT_VID,
    OPT_CID,
    OPT_CLASS,
    OPT_COUNTER,
    OPT_ROM_FIXED,
    OPT_SHA,
    OPT_ALIGN,
    OPT_BARE,
};

static const struct arg_spec options[] = {
    [OPT_KEY] = {'k', "key", "KEY", "private key, Ed25519 or P-256: PEM or pkcs11:"},
    [OPT_VERSION] = {'v', "version", "X.Y.Z[+B]", "version of the firmware"},
    [OPT_HEADER] = {'H', "header-size", "BYTES", "32 to 4096; where the program starts"},
    [OPT_SLOT] = {'S', "slot-size", "BYTES", "refuse an image that does not fit"},
    [OPT_PAD] = {0, "pad-header", NULL, "the input has no room for the header: make it"},
    [OPT_ERASED] = {'R', "erased-val", "0|0xff", "what fills that room (default 0xff)"},
    [OPT_VID] = {0, "vid", "NAME|UUID", "vendor (default otad.example)"},
    [OPT_CID] = {0, "cid", "NAME|UUID", "hardware class the image is for"},
    [OPT_CLASS] = {0, "class", "NAME|UUID", "the same as --cid"},
    [OPT_COUNTER] = {'s', "security-counter", "N|auto", "rollback floor (default auto)"},
    [OPT_ROM_FIXED] = {'F', "rom-fixed", "ADDRESS", "where the image must lie in flash"},
    [OPT_SHA] = {0, "sha", "256|512|auto", "hash (default 256; 512 with Ed25519 only)"},
    [OPT_ALIGN] = {0, "align", "N", "taken for imgtool's sake; changes nothing"},
    [OPT_BARE] = {0, "bare", NULL, "no counter, vendor or class unless given"},
    {0, NULL, NULL, NULL},
};

static const struct verb_spec verb = {
    "sign [OPTION]... IN OUT",
    "Sign firmware as an MCUboot image (version 2).  The result is verified before it is\n"
    "written, and written in one step.",
    options,
    "The counter `auto` is X * 2^24 + Y * 2^16 + Z.  The class is UUIDv5(vendor, NAME), the\n"
    "vendor UUIDv5(DNS, NAME), as imgtool has it.  Images made with --bare boot on other "
    "MCUboot\n"
    "loaders; otad and its bootloader refuse them.",
};

struct request {
    struct make_spec spec;
    const char *key, *vid, *cid, *in, *out;
    uint64_t slot_bytes; /* 0 = not given */
    bool has_version, auto_counter, bare;
};

static bool take_number(const char *name, const char *text, uint64_t max, uint32_t *out)
{
    uint64_t v;

    if (!args_number(name, text, max, &v))
        return false;
    *out = (uint32_t)v;
    return true;
}

static bool take_counter(struct request *q, const char *value)
{
    q->auto_counter = strcmp(value, "auto") == 0;
    q->spec.has_counter = true;
    return q->auto_counter ||
           take_number("security-counter", value, UINT32_MAX, &q->spec.counter);
}

static bool take_erased(struct request *q, const char *value)
{
    uint32_t v;

    if (!take_number("erased-val", value, UINT8_MAX, &v))
        return false;
    q->spec.pad_byte = (uint8_t)v;
    if (v == 0 || v == UINT8_MAX)
        return true;
    say_error("--erased-val is 0 or 0xff");
    return false;
}

static bool take_version(struct request *q, const char *value)
{
    q->has_version = make_version_parse(value, &q->spec.version) == OTA_OK;
    if (!q->has_version)
        say_error("'%s' is no version: MAJOR.MINOR.REVISION[+BUILD], at most "
                  "255.255.65535+4294967295",
                  value);
    return q->has_version;
}

static bool take_sha(struct request *q, const char *value)
{
    q->spec.sha512 = strcmp(value, "512") == 0;
    if (q->spec.sha512 || strcmp(value, "256") == 0 || strcmp(value, "auto") == 0)
        return true;
    say_error("--sha is 256, 512 or auto");
    return false;
}

static bool take_operand(struct request *q, const char *value)
{
    if (q->out != NULL) {
        say_error("more than two files: '%s'", value);
        return false;
    }
    if (q->in == NULL)
        q->in = value;
    else
        q->out = value;
    return true;
}

static bool take(struct args *a, void *request, int option, const char *value)
{
    struct request *q = request;
    uint32_t ignored;

    (void)a;
    switch (option) {
    case ARGS_OPERAND:
        return take_operand(q, value);
    case OPT_KEY:
        q->key = value;
        return true;
    case OPT_VERSION:
        return take_version(q, value);
    case OPT_HEADER:
        return take_number("header-size", value, 4096, &q->spec.header_bytes);
    case OPT_SLOT:
        return args_number("slot-size", value, UINT32_MAX, &q->slot_bytes);
    case OPT_PAD:
        q->spec.pad_header = true;
        return true;
    case OPT_ERASED:
        return take_erased(q, value);
    case OPT_VID:
        q->vid = value;
        return true;
    case OPT_CID:
    case OPT_CLASS:
        q->cid = value;
        return true;
    case OPT_COUNTER:
        return take_counter(q, value);
    case OPT_ROM_FIXED:
        q->spec.has_rom_fixed = true;
        return take_number("rom-fixed", value, UINT32_MAX, &q->spec.rom_fixed);
    case OPT_SHA:
        return take_sha(q, value);
    case OPT_ALIGN:
        return take_number("align", value, 32, &ignored);
    default:
        q->bare = true;
        return true;
    }
}

static bool complete(const struct args *a, void *request)
{
    const struct request *q = request;
    const char *missing = NULL;

    if (q->key == NULL)
        missing = "-k KEY";
    else if (!q->has_version)
        missing = "-v VERSION";
    else if (q->spec.header_bytes == 0)
        missing = "-H BYTES (512 fits any Cortex-M vector table)";
    else if (q->cid == NULL && !q->bare)
        missing = "--class NAME";
    else if (q->out == NULL)
        missing = q->in == NULL ? "the input file" : "the output file";
    if (missing != NULL)
        args_complain(a, "%s is missing", missing);
    return missing == NULL;
}

static const struct args_reader reader = {take, complete};

/* Counter, vendor and class from what was given and the defaults. */
static ota_err fill(struct request *q)
{
    struct make_spec *s = &q->spec;
    struct uuid vendor;

    if (!s->has_counter && !q->bare)
        s->has_counter = q->auto_counter = true;
    if (q->auto_counter)
        s->counter = make_counter(s->version);
    if (!uuid_vendor(q->vid == NULL ? "otad.example" : q->vid, &vendor))
        return say_fail(OTA_E_INTERNAL, "libcrypto has no SHA-1 for UUIDs");
    s->vendor = vendor;
    s->has_vendor = q->vid != NULL || !q->bare;
    s->has_class = q->cid != NULL;
    if (s->has_class && !uuid_class(&vendor, q->cid, &s->hardware_class))
        return say_fail(OTA_E_INTERNAL, "libcrypto has no SHA-1 for UUIDs");
    return OTA_OK;
}

static ota_err fits(const struct request *q, const struct file_bytes *made)
{
    if (q->slot_bytes == 0 || made->len <= q->slot_bytes)
        return OTA_OK;
    return say_fail(OTA_E_LIMIT, "the image has %zu bytes, the slot %llu", made->len,
                    (unsigned long long)q->slot_bytes);
}

static ota_err report(const struct request *q, const struct file_bytes *made)
{
    struct image_source src = image_source_memory(made->data, (uint32_t)made->len);
    struct image_info info;
    enum image_verdict why;
    struct report r;

    if (image_parse(&src, &info, &why) != OTA_OK)
        return OTA_E_INTERNAL;
    report_init(&r);
    report_text(&r, "file", "%s", q->out);
    judge_report_image(&r, &info);
    return report_print(&r) ? OTA_OK : OTA_E_IO;
}

static ota_err run(struct request *q)
{
    struct file_bytes input = {NULL, 0}, made = {NULL, 0};
    struct key *key = NULL;
    ota_err e = fill(q);

    if (e == OTA_OK)
        e = key_read(q->key, &key);
    if (e == OTA_OK)
        e = file_read(q->in, IMAGE_BYTES_MAX, &input);
    if (e == OTA_OK)
        e = make_image(&q->spec, key, &input, &made);
    if (e == OTA_OK)
        e = fits(q, &made);
    if (e == OTA_OK)
        e = file_write(q->out, made.data, made.len);
    if (e == OTA_OK)
        e = report(q, &made);
    key_free(key);
    file_free(&input);
    file_free(&made);
    return e;
}

enum exit_status cmd_sign(int argc, char **argv)
{
    struct request q = {.spec = {.pad_byte = 0xff}};
    enum exit_status s;
    struct args a;

    args_init(&a, &verb, argc, argv);
    return args_read(&a, &reader, &q, &s) ? exit_of(run(&q)) : s;
}
