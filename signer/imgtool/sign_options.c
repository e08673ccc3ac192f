/* imgtool sign's options: one table, one taker for each, and what must go together. */
#include "sign_options.h"

#include <stdlib.h>
#include <string.h>

#include "../args.h"
#include "../make.h"
#include "../say.h"
#include "hex.h"
#include "layout.h"

enum option {
    OPT_KEY,
    OPT_VERSION,
    OPT_HEADER,
    OPT_SLOT,
    OPT_PAD_HEADER,
    OPT_PAD,
    OPT_CONFIRM,
    OPT_TEST,
    OPT_ALIGN,
    OPT_MAX_ALIGN,
    OPT_MAX_SECTORS,
    OPT_OVERWRITE,
    OPT_ENDIAN,
    OPT_LOAD,
    OPT_ROM_FIXED,
    OPT_HEX,
    OPT_ERASED,
    OPT_COUNTER,
    OPT_DEPENDENCIES,
    OPT_BOOT_RECORD,
    OPT_CUSTOM,
    OPT_CUSTOM_FILE,
    OPT_VID,
    OPT_CID,
    OPT_KEY_FORMAT,
    OPT_SHA,
    OPT_PURE,
    OPT_PAD_SIG,
    OPT_NON_BOOTABLE,
    OPT_VECTOR,
    OPT_FIX_SIG,
    OPT_FIX_KEY,
    OPT_SIG_OUT,
    OPT_ENCRYPT,
    OPT_ENCRYPT_KEYLEN,
    OPT_HMAC,
    OPT_SAVE_ENCTLV,
    OPT_CLEAR,
    OPT_COMPRESSION,
};

static const struct arg_spec options[] = {
    [OPT_KEY] = {'k', "key", "FILE|URI", "key that signs; none: the image is unsigned"},
    [OPT_VERSION] = {'v', "version", "X.Y.Z+B", "version of the image (required)"},
    [OPT_HEADER] = {'H', "header-size", "N", "where the program starts, 32 or more (required)"},
    [OPT_SLOT] = {'S', "slot-size", "N", "size of the slot (required)"},
    [OPT_PAD_HEADER] = {0, "pad-header", NULL, "put the header before the input"},
    [OPT_PAD] = {0, "pad", NULL, "fill the slot, with the trailer's magic at its end"},
    [OPT_CONFIRM] = {0, "confirm", NULL, "--pad, and mark the image as confirmed"},
    [OPT_TEST] = {0, "test", NULL, "--pad, and mark the image for a test"},
    [OPT_ALIGN] = {0, "align", "1|2|4|8|16|32", "unit in which the flash is written"},
    [OPT_MAX_ALIGN] = {0, "max-align", "8|16|32", "largest such unit of the system"},
    [OPT_MAX_SECTORS] = {'M', "max-sectors", "N", "sectors the trailer is made for (128)"},
    [OPT_OVERWRITE] = {0, "overwrite-only", NULL, "the trailer of an overwriting bootloader"},
    [OPT_ENDIAN] = {'e', "endian", "little|big", "byte order of header and TLVs"},
    [OPT_LOAD] = {'L', "load-addr", "N", "address in RAM where it runs"},
    [OPT_ROM_FIXED] = {'F', "rom-fixed", "N", "address in flash it is built for"},
    [OPT_HEX] = {'x', "hex-addr", "N", "address in a .hex output"},
    [OPT_ERASED] = {'R', "erased-val", "0|0xff", "what erased flash reads as"},
    [OPT_COUNTER] = {'s', "security-counter", "N|auto", "rollback counter"},
    [OPT_DEPENDENCIES] = {'d', "dependencies", "LIST",
                          "\"(ID, VERSION), ...\" of other images"},
    [OPT_BOOT_RECORD] = {0, "boot-record", "TYPE", "a CBOR boot record for this software type"},
    [OPT_CUSTOM] = {0, "custom-tlv", "TAG VALUE", "a protected TLV: text, or bytes after 0x"},
    [OPT_CUSTOM_FILE] = {0, "custom-tlv-file", "TAG FILE", "the same from a file"},
    [OPT_VID] = {0, "vid", "NAME|UUID", "vendor"},
    [OPT_CID] = {0, "cid", "NAME|UUID", "hardware class"},
    [OPT_KEY_FORMAT] = {0, "public-key-format", "hash|full", "how the image names its key"},
    [OPT_SHA] = {0, "sha", "auto|256|384|512", "hash; auto goes by the key"},
    [OPT_PURE] = {0, "pure", NULL, "sign the image itself (Ed25519)"},
    [OPT_PAD_SIG] = {0, "pad-sig", NULL, "ECDSA signatures of constant length"},
    [OPT_NON_BOOTABLE] = {0, "non-bootable", NULL, "mark the image so"},
    [OPT_VECTOR] = {0, "vector-to-sign", "payload|digest",
                    "write what is to be signed elsewhere"},
    [OPT_FIX_SIG] = {0, "fix-sig", "FILE", "signature made elsewhere (base64); it is checked"},
    [OPT_FIX_KEY] = {0, "fix-sig-pubkey", "FILE", "public key of that signature"},
    [OPT_SIG_OUT] = {0, "sig-out", "FILE", "write the signature there, too (base64)"},
    [OPT_ENCRYPT] = {'E', "encrypt", "FILE", "not supported"},
    [OPT_ENCRYPT_KEYLEN] = {0, "encrypt-keylen", "128|256", "has no effect"},
    [OPT_HMAC] = {0, "hmac-sha", "auto|256|512", "has no effect"},
    [OPT_SAVE_ENCTLV] = {0, "save-enctlv", NULL, "has no effect"},
    [OPT_CLEAR] = {'c', "clear", NULL, "has no effect"},
    [OPT_COMPRESSION] = {0, "compression", "disabled", "no other is supported"},
    {0, NULL, NULL, NULL},
};

static const struct verb_spec verb = {
    "imgtool sign [OPTION]... INFILE OUTFILE",
    "Make an MCUboot image, byte for byte as imgtool 2.4.0 makes it.  Files whose names end "
    "in\n"
    ".hex are Intel HEX, others binary.",
    options,
    NULL,
};

/* Which of the words (a list ended by NULL) value is; -1, and said, if none. */
static int choice(const char *name, const char *value, const char *const word[])
{
    for (int i = 0; word[i] != NULL; i++) {
        if (strcmp(word[i], value) == 0)
            return i;
    }
    say_error("--%s: '%s' is none of the choices", name, value);
    return -1;
}

static bool take_u32(enum option o, const char *value, uint32_t *out)
{
    uint64_t v;

    if (!imgtool_number(value, UINT32_MAX, &v)) {
        say_error("--%s: '%s' is not a number from 0 to 0xffffffff", options[o].name, value);
        return false;
    }
    *out = (uint32_t)v;
    return true;
}

/* As imgtool: a build number only behind three parts, no leading zeros. */
static bool version_read(const char *text, struct image_version *out)
{
    unsigned dots = 0;

    for (const char *p = text; *p != '\0'; p++) {
        bool starts = p == text || p[-1] == '.' || p[-1] == '+';

        dots += *p == '.';
        if ((*p == '+' && dots != 2) || (starts && p[0] == '0' && p[1] >= '0' && p[1] <= '9'))
            return false;
    }
    return make_version_parse(text, out) == OTA_OK;
}

static bool take_version(struct sign_request *q, const char *value)
{
    q->has_version = version_read(value, &q->spec.version);
    if (!q->has_version)
        say_error("'%s' is no version: MAJOR[.MINOR[.REVISION[+BUILD]]], at most "
                  "255.255.65535+4294967295",
                  value);
    return q->has_version;
}

/* One "(ID, VERSION)" at *text, which moves behind it and the comma that may follow. */
static bool dependency_read(const char **text, struct build_dependency *out)
{
    const char *p = *text, *comma = strchr(p, ','), *end = strchr(p, ')');
    char word[2][40] = {"", ""};
    uint64_t id = 0;
    size_t n;

    if (*p != '(' || comma == NULL || end == NULL || comma > end)
        return false;
    n = (size_t)(comma - p) - 1;
    if (n >= sizeof word[0])
        return false;
    memcpy(word[0], p + 1, n);
    for (comma++; *comma == ' ';)
        comma++;
    n = (size_t)(end - comma);
    if (n >= sizeof word[1])
        return false;
    memcpy(word[1], comma, n);
    if (!imgtool_number(word[0], UINT8_MAX, &id) || !version_read(word[1], &out->version))
        return false;
    out->image = (uint8_t)id;
    for (p = end + 1; *p == ' ' || *p == ',';)
        p++;
    *text = p;
    return true;
}

static bool take_dependencies(struct sign_request *q, const char *value)
{
    const char *at = value;

    q->spec.dependencies = 0;
    do {
        if (q->spec.dependencies == BUILD_DEPENDENCIES_MAX ||
            !dependency_read(&at, &q->spec.dependency[q->spec.dependencies++])) {
            say_error("--dependencies: '%s' is no list of at most %d \"(ID, VERSION)\"", value,
                      BUILD_DEPENDENCIES_MAX);
            return false;
        }
    } while (*at != '\0');
    return true;
}

static bool take_counter(struct sign_request *q, const char *value)
{
    q->auto_counter = strcmp(value, "auto") == 0 || strcmp(value, "AUTO") == 0;
    q->spec.has_counter = true;
    return q->auto_counter || take_u32(OPT_COUNTER, value, &q->spec.counter);
}

/* Text as it is, or bytes after 0x.  false: said. */
static bool custom_value(const char *text, struct file_bytes *out)
{
    size_t n = strlen(text);
    bool hex = strncmp(text, "0x", 2) == 0;

    if (hex && n % 2 != 0) {
        say_error("--custom-tlv: '%s' has an odd number of digits", text);
        return false;
    }
    *out = (struct file_bytes){malloc(n + 1), hex ? n / 2 - 1 : n};
    if (out->data == NULL) {
        say_error("no memory");
        return false;
    }
    if (!hex) {
        memcpy(out->data, text, n);
        return true;
    }
    for (size_t i = 0; i < out->len; i++) {
        int high = hex_digit(text[2 + 2 * i]), low = hex_digit(text[3 + 2 * i]);

        if (high < 0 || low < 0) {
            say_error("--custom-tlv: '%s' is not hexadecimal", text);
            return false;
        }
        out->data[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* Options with two values: args gives the first, the second is the next word. */
static bool take_custom(struct sign_request *q, struct args *a, bool file, const char *tag)
{
    struct build_custom *c = &q->spec.custom[q->spec.customs];
    uint64_t v = 0;

    if (a->at >= a->argc || q->spec.customs == BUILD_CUSTOM_MAX) {
        say_error(a->at >= a->argc ? "a custom TLV needs a tag and a value"
                                   : "too many custom TLVs");
        return false;
    }
    if (!imgtool_number(tag, UINT16_MAX, &v) || v < 0xa0 || v > 0xfffe) {
        say_error("custom TLV tags lie between 0x00a0 and 0xfffe: '%s'", tag);
        return false;
    }
    for (size_t i = 0; i < q->spec.customs; i++) {
        if (q->spec.custom[i].tag == v) {
            say_error("the custom TLV 0x%x exists already", (unsigned)v);
            return false;
        }
    }
    q->spec.customs++;
    c->tag = (uint16_t)v;
    if (file)
        return file_read(a->argv[a->at++], BUILD_CUSTOM_BYTES_MAX, &c->value) == OTA_OK;
    return custom_value(a->argv[a->at++], &c->value);
}

static bool take_align(enum option o, const char *value, uint32_t *out)
{
    static const char *const any[] = {"1", "2", "4", "8", "16", "32", NULL};
    int i = choice(options[o].name, value, o == OPT_ALIGN ? any : any + 3);

    if (i >= 0)
        *out = 1u << (unsigned)(o == OPT_ALIGN ? i : i + 3);
    return i >= 0;
}

static bool take_operand(struct sign_request *q, const char *value)
{
    if (q->out != NULL) {
        say_error("one word too many: '%s'", value);
        return false;
    }
    *(q->in == NULL ? &q->in : &q->out) = value;
    return true;
}

/* Of a few words, as an index. */
static bool take_choice(struct sign_request *q, enum option o, const char *value)
{
    static const char *const endian[] = {"little", "big", NULL};
    static const char *const erased[] = {"0", "0xff", NULL};
    static const char *const format[] = {"hash", "full", NULL};
    static const char *const sha[] = {"auto", "256", "384", "512", NULL};
    static const char *const vector[] = {"payload", "digest", NULL};
    const char *const *words = o == OPT_ENDIAN       ? endian
                               : o == OPT_ERASED     ? erased
                               : o == OPT_KEY_FORMAT ? format
                               : o == OPT_SHA        ? sha
                                                     : vector;
    int i = choice(options[o].name, value, words);

    if (i < 0)
        return false;
    if (o == OPT_ENDIAN)
        q->spec.big = i == 1;
    else if (o == OPT_ERASED)
        q->spec.erased = i == 1 ? 0xff : 0;
    else if (o == OPT_KEY_FORMAT)
        q->spec.full_key = i == 1;
    else if (o == OPT_SHA)
        q->spec.sha_bits = i == 0 ? 0 : 128u * (unsigned)(i + 1);
    else
        q->spec.vector = i == 0 ? BUILD_PAYLOAD : BUILD_DIGEST;
    return true;
}

static bool take_flag(struct sign_request *q, enum option o)
{
    struct build_spec *s = &q->spec;

    s->pad_header = s->pad_header || o == OPT_PAD_HEADER;
    s->pad = s->pad || o == OPT_PAD || o == OPT_CONFIRM || o == OPT_TEST;
    s->confirm = s->confirm || o == OPT_CONFIRM;
    s->test = s->test || o == OPT_TEST;
    s->overwrite_only = s->overwrite_only || o == OPT_OVERWRITE;
    s->pure = s->pure || o == OPT_PURE;
    s->pad_sig = s->pad_sig || o == OPT_PAD_SIG;
    s->non_bootable = s->non_bootable || o == OPT_NON_BOOTABLE;
    return true;
}

/* File names and other texts, taken as they are. */
static bool take_text(struct sign_request *q, enum option o, const char *value)
{
    const char **to = o == OPT_KEY       ? &q->key
                      : o == OPT_VID     ? &q->vid
                      : o == OPT_CID     ? &q->cid
                      : o == OPT_FIX_SIG ? &q->fix_sig
                      : o == OPT_FIX_KEY ? &q->fix_sig_pubkey
                      : o == OPT_SIG_OUT ? &q->sig_out
                                         : &q->spec.sw_type;

    *to = value;
    if (o != OPT_BOOT_RECORD || strlen(value) <= BUILD_SW_TYPE_BYTES_MAX)
        return true;
    say_error("--boot-record: '%s' is longer than %d characters", value,
              BUILD_SW_TYPE_BYTES_MAX);
    return false;
}

static bool take_unsupported(enum option o, const char *value)
{
    if (o == OPT_COMPRESSION && strcmp(value, "disabled") == 0)
        return true;
    if (o != OPT_COMPRESSION && o != OPT_ENCRYPT)
        return true; /* they say how to encrypt, if at all */
    say_error("--%s is not supported: images are neither %s", options[o].name,
              o == OPT_ENCRYPT ? "encrypted here nor by otad" : "compressed here nor by otad");
    say_hint("leave the option away; use Python's imgtool if the bootloader needs it");
    return false;
}

static bool take_option(struct sign_request *q, struct args *a, enum option o,
                        const char *value)
{
    switch (o) {
    case OPT_VERSION:
        return take_version(q, value);
    case OPT_HEADER:
        return q->has_header = take_u32(o, value, &q->spec.header_bytes);
    case OPT_SLOT:
        return q->has_slot = take_u32(o, value, &q->spec.slot_bytes);
    case OPT_ALIGN:
        return take_align(o, value, &q->spec.align);
    case OPT_MAX_ALIGN:
        return take_align(o, value, &q->spec.max_align);
    case OPT_MAX_SECTORS:
        return take_u32(o, value, &q->spec.max_sectors);
    case OPT_LOAD:
        return take_u32(o, value, &q->spec.load_address);
    case OPT_ROM_FIXED:
        return take_u32(o, value, &q->spec.rom_fixed);
    case OPT_HEX:
        return q->has_hex_address = take_u32(o, value, &q->hex_address);
    case OPT_COUNTER:
        return take_counter(q, value);
    case OPT_DEPENDENCIES:
        return take_dependencies(q, value);
    case OPT_CUSTOM:
    case OPT_CUSTOM_FILE:
        return take_custom(q, a, o == OPT_CUSTOM_FILE, value);
    case OPT_ENDIAN:
    case OPT_ERASED:
    case OPT_KEY_FORMAT:
    case OPT_SHA:
    case OPT_VECTOR:
        return take_choice(q, o, value);
    case OPT_PAD_HEADER:
    case OPT_PAD:
    case OPT_CONFIRM:
    case OPT_TEST:
    case OPT_OVERWRITE:
    case OPT_PURE:
    case OPT_PAD_SIG:
    case OPT_NON_BOOTABLE:
        return take_flag(q, o);
    case OPT_KEY:
    case OPT_BOOT_RECORD:
    case OPT_VID:
    case OPT_CID:
    case OPT_FIX_SIG:
    case OPT_FIX_KEY:
    case OPT_SIG_OUT:
        return take_text(q, o, value);
    case OPT_ENCRYPT:
    case OPT_ENCRYPT_KEYLEN:
    case OPT_HMAC:
    case OPT_SAVE_ENCTLV:
    case OPT_CLEAR:
    case OPT_COMPRESSION:
        break;
    }
    return take_unsupported(o, value);
}

/* 32 digits become the form with dashes. */
static const char *dashed(const char *text, char room[UUID_TEXT_BYTES])
{
    size_t to = 0;

    if (text == NULL || strlen(text) != 32 || strspn(text, "0123456789abcdefABCDEF") != 32)
        return text;
    for (size_t i = 0; i < 32; i++) {
        if (i == 8 || i == 12 || i == 16 || i == 20)
            room[to++] = '-';
        room[to++] = text[i];
    }
    room[to] = '\0';
    return room;
}

static bool is_uuid(const char *text)
{
    return strlen(text) == UUID_TEXT_BYTES - 1 && text[8] == '-' && text[13] == '-' &&
           strspn(text, "0123456789abcdefABCDEF-") == UUID_TEXT_BYTES - 1;
}

static bool uuids(struct sign_request *q)
{
    char room[2][UUID_TEXT_BYTES];
    const char *vid = dashed(q->vid, room[0]), *cid = dashed(q->cid, room[1]);
    struct build_spec *s = &q->spec;

    s->has_vendor = vid != NULL;
    s->has_class = cid != NULL;
    if (s->has_class && !s->has_vendor && !is_uuid(cid)) {
        say_error("--cid with a name needs --vid: the class is named within its vendor");
        return false;
    }
    if ((s->has_vendor && !uuid_vendor(vid, &s->vendor)) ||
        (s->has_class && !uuid_class(&s->vendor, cid, &s->hardware_class))) {
        say_error("libcrypto has no SHA-1 for UUIDs");
        return false;
    }
    return true;
}

static const char *contradiction(const struct sign_request *q)
{
    const struct build_spec *s = &q->spec;

    if (!q->has_version)
        return "--version is missing";
    if (!q->has_header)
        return "--header-size is missing";
    if (s->header_bytes < IMAGE_HEADER_BYTES)
        return "--header-size must be 32 or more";
    if (!q->has_slot)
        return "--slot-size is missing";
    if (q->in == NULL)
        return "INFILE is missing";
    if (q->out == NULL)
        return "OUTFILE is missing";
    if (s->load_address != 0 && s->rom_fixed != 0)
        return "--load-addr and --rom-fixed exclude each other";
    if (s->max_sectors > UINT32_MAX / 3 / 32)
        return "--max-sectors is too large";
    if (q->fix_sig != NULL && q->fix_sig_pubkey == NULL && q->key == NULL)
        return "the public key of the fixed signature is missing: --fix-sig-pubkey";
    if (q->sig_out != NULL && (s->vector != BUILD_IMAGE || (q->key == NULL && !q->fix_sig)))
        return "--sig-out: there is no signature";
    return NULL;
}

static bool take(struct args *a, void *request, int option, const char *value)
{
    return option == ARGS_OPERAND ? take_operand(request, value)
                                  : take_option(request, a, (enum option)option, value);
}

static bool complete(const struct args *a, void *request)
{
    struct sign_request *q = request;
    const char *wrong = contradiction(q);

    if (wrong != NULL) {
        args_complain(a, "%s", wrong);
        return false;
    }
    if (q->spec.max_align == 0)
        q->spec.max_align = q->spec.align < 8 ? 8 : q->spec.align;
    if (q->auto_counter)
        q->spec.counter = make_counter(q->spec.version);
    return uuids(q);
}

bool sign_options(int argc, char **argv, struct sign_request *out, enum exit_status *out_status)
{
    static const struct args_reader reader = {take, complete};
    struct args a;

    *out = (struct sign_request){.spec = {.erased = 0xff, .align = 1}};
    out->spec.max_sectors = BUILD_SECTORS_DEFAULT;
    args_init(&a, &verb, argc, argv);
    return args_read(&a, &reader, out, out_status);
}

void sign_options_free(struct sign_request *q)
{
    for (size_t i = 0; i < q->spec.customs; i++)
        file_free(&q->spec.custom[i].value);
    q->spec.customs = 0;
}
