/* imgtool dumpinfo: header, TLV areas and trailer, for people, as YAML or as JSON. */
#include "dump.h"

#include <string.h>
#include <strings.h>

#include "../../firmware/image/le.h"

enum { LINE_CHARS = 60, FLAG_INDENT = 20, TLV_INDENT = 7, BASE64_LINE_BYTES = 57 };

/* Fields that lie at aligned places before the magic; those that would lie in the image are
 * none. */
static void trailer_read(const uint8_t *image, size_t len, const struct layout *l,
                         struct dump_trailer *out)
{
    uint32_t align = layout_trailer_align(image, len);
    uint32_t room = align > LAYOUT_BOOT_MAGIC_BYTES ? align : LAYOUT_BOOT_MAGIC_BYTES;
    const uint8_t *magic = image + len - room;

    memset(out, 0, sizeof *out);
    memcpy(out->magic, image + len - LAYOUT_BOOT_MAGIC_BYTES, sizeof out->magic);
    if (align == 0 || len - l->end < room + 4 * (size_t)align)
        return;
    out->align = align;
    out->image_ok = magic[-(ptrdiff_t)align];
    out->copy_done = magic[-2 * (ptrdiff_t)align];
    out->swap_info = magic[-3 * (ptrdiff_t)align];
    out->swap_size = le32_load(magic - 4 * (size_t)align);
    if ((l->flags & LAYOUT_ENCRYPTED) != 0)
        out->key_field_bytes = 2 * room;
}

ota_err dump_read(const char *name, const uint8_t *image, size_t len, struct dump *out)
{
    struct dump d = {.name = name, .image = image, .len = len};
    ota_err e = layout_read(image, len, &d.layout);

    if (e != OTA_OK)
        return e;
    d.has_trailer = len - d.layout.end >= LAYOUT_BOOT_MAGIC_BYTES;
    if (d.has_trailer)
        trailer_read(image, len, &d.layout, &d.trailer);
    *out = d;
    return OTA_OK;
}

/* --- for people ----------------------------------------------------------------------------
 */

static void rule(FILE *to)
{
    for (int i = 0; i < LINE_CHARS; i++)
        (void)fputc('#', to);
    (void)fputc('\n', to);
}

static void row(FILE *to, const char *text)
{
    int n = fprintf(to, "#### %s ", text);

    for (; n < LINE_CHARS; n++)
        (void)fputc('#', to);
    (void)fputc('\n', to);
}

static void row_at(FILE *to, const char *what, size_t at)
{
    char text[80];

    (void)snprintf(text, sizeof text, "%s (offset: 0x%zx)", what, at);
    row(to, text);
}

static void framed(FILE *to, const char *text)
{
    int before = (LINE_CHARS - (int)strlen(text)) / 2 - 1;
    int after = LINE_CHARS - 1 - before - (int)strlen(text) - 1;

    (void)fprintf(to, "|%*s|\n|%*s%s%*s|\n|%*s|\n", LINE_CHARS - 2, "", before, "", text, after,
                  "", LINE_CHARS - 2, "");
    rule(to);
}

static void flags_human(FILE *to, uint32_t flags)
{
    static const struct {
        uint32_t bit;
        const char *name;
    } names[] = {
        {0x1, "PIC"},
        {0x4, "ENCRYPTED_AES128"},
        {0x8, "ENCRYPTED_AES256"},
        {0x10, "NON_BOOTABLE"},
        {0x20, "RAM_LOAD"},
        {0x100, "ROM_FIXED"},
        {0x200, "COMPRESSED_LZMA1"},
        {0x400, "COMPRESSED_LZMA2"},
        {0x800, "COMPRESSED_ARM_THUMB"},
    };
    bool any = false;

    (void)fprintf(to, "%-*s", FLAG_INDENT, "flags:");
    if (flags == 0)
        (void)fputs("0x0", to);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if ((flags & names[i].bit) == 0)
            continue;
        (void)fprintf(to, "%s%*s%s (0x%lx)", any ? "\n" : "", any ? FLAG_INDENT : 0, "",
                      names[i].name, (unsigned long)names[i].bit);
        any = true;
    }
    (void)fputc('\n', to);
}

static void header_human(FILE *to, const struct layout *l)
{
    const struct {
        const char *name;
        uint32_t value;
    } rows[] = {
        {"magic:", LAYOUT_MAGIC},        {"load_addr:", l->load_address},
        {"hdr_size:", l->header_bytes},  {"protected_tlv_size:", l->protected_bytes},
        {"img_size:", l->payload_bytes},
    };

    row_at(to, "Image header", 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        (void)fprintf(to, "%-*s0x%lx\n", FLAG_INDENT, rows[i].name,
                      (unsigned long)rows[i].value);
    flags_human(to, l->flags);
    (void)fprintf(to, "%-*s%u.%u.%u+%lu\n", FLAG_INDENT, "version:", l->version.major,
                  l->version.minor, l->version.revision, (unsigned long)l->version.build);
    rule(to);
}

static void entry_human(FILE *to, const struct layout_entry *e)
{
    (void)fprintf(to, "%*s ---------------------------------------------\n", TLV_INDENT, "");
    (void)fprintf(to, "%*s type: %s (0x%x)\n", TLV_INDENT, "", layout_tlv_name(e->type),
                  e->type);
    (void)fprintf(to, "%*s len:  0x%x\n%*s data: ", TLV_INDENT, "", e->len, TLV_INDENT, "");
    for (size_t i = 0; i < e->len; i++)
        (void)fprintf(to, "0x%02x %s%*s", e->value[i],
                      (i + 1) % 8 == 0 && i + 1 != e->len ? "\n" : "",
                      (i + 1) % 8 == 0 && i + 1 != e->len ? TLV_INDENT + 7 : 0, "");
    (void)fputc('\n', to);
}

static void area_human(FILE *to, const struct dump *d, const struct layout_area *area,
                       const char *name, unsigned magic)
{
    struct layout_entry e;

    row_at(to, name, area->at);
    (void)fprintf(to, "magic:     0x%x\narea size: 0x%lx\n", magic, (unsigned long)area->bytes);
    for (size_t at = 0; layout_next(d->image, &d->layout, area, &at, &e);)
        entry_human(to, &e);
    rule(to);
}

static void status_human(FILE *to, const char *name, uint8_t v)
{
    static const char *const words[] = {NULL, "SET", "BAD", "UNSET", "ANY"};

    (void)fprintf(to, "%s %s (0x%x)\n", name, v >= 1 && v <= 4 ? words[v] : "INVALID", v);
}

static void trailer_human(FILE *to, const struct dump *d)
{
    const struct dump_trailer *t = &d->trailer;

    row(to, "Image trailer (offset: unknown)");
    (void)fputs("(Note: some fields may not be used, depending on the update \nstrategy)\n\n",
                to);
    (void)fputs("swap status: (len: unknown)\n", to);
    if (t->key_field_bytes != 0)
        (void)fprintf(to, "enc. keys:   (len: 0x%lx, if BOOT_SWAP_SAVE_ENCTLV is unset)\n",
                      (unsigned long)t->key_field_bytes);
    else
        (void)fputs("enc. keys:   Image not encrypted\n", to);
    if (t->align != 0) {
        if (t->swap_size == UINT32_MAX)
            (void)fputs("swap size:   unknown\n", to);
        else
            (void)fprintf(to, "swap size:   0x%lx octal: %lu\n", (unsigned long)t->swap_size,
                          (unsigned long)t->swap_size);
        status_human(to, "swap_info:  ", t->swap_info);
        status_human(to, "copy_done:  ", t->copy_done);
        status_human(to, "image_ok:   ", t->image_ok);
    }
    (void)fputs("boot magic:  ", to);
    for (size_t i = 0; i < LAYOUT_BOOT_MAGIC_BYTES; i++)
        (void)fprintf(to, "0x%02x %s", t->magic[i], i == 7 ? "\n             " : "");
    (void)fputs("\n\n", to);
}

static void dump_human(FILE *to, const struct dump *d)
{
    const struct layout *l = &d->layout;
    char size[80];

    (void)fprintf(to, "Printing content of signed image: %s \n\n", d->name);
    header_human(to, l);
    row_at(to, "Payload", l->header_bytes);
    (void)snprintf(size, sizeof size, "FW image (size: 0x%lx Bytes)",
                   (unsigned long)l->payload_bytes);
    framed(to, size);
    if (l->protected.bytes != 0)
        area_human(to, d, &l->protected, "Protected TLV area", LAYOUT_AREA_PROTECTED);
    area_human(to, d, &l->plain, "TLV area", LAYOUT_AREA_PLAIN);
    if (d->has_trailer)
        trailer_human(to, d);
    row(to, "End of Image");
}

/* --- YAML and JSON -------------------------------------------------------------------------
 */

static void name_json(FILE *to, const char *text)
{
    (void)fputc('"', to);
    for (const char *p = text; *p != '\0'; p++) {
        if ((unsigned char)*p < 0x20)
            (void)fprintf(to, "\\u%04x", (unsigned)*p);
        else
            (void)fprintf(to, "%s%c", *p == '"' || *p == '\\' ? "\\" : "", *p);
    }
    (void)fputc('"', to);
}

/* Plain where no reader sees a number, a date or a truth in it; else in quotes. */
static void name_yaml(FILE *to, const char *text)
{
    static const char *const words[] = {"y",   "n",    "yes",   "no",  "on",
                                        "off", "true", "false", "null"};
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    size_t n = strlen(text);
    bool plain =
        strspn(text, letters) > 0 || strpbrk(text, "ghijklmnpqrstuvwyzGHIJKLMNPQRSTUVWYZ");

    for (size_t i = 0; i < n; i++)
        plain =
            plain && (strchr(letters, text[i]) != NULL || (text[i] >= '0' && text[i] <= '9') ||
                      (i > 0 && strchr("._-+", text[i]) != NULL));
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        plain = plain && strcasecmp(text, words[i]) != 0;
    if (plain) {
        (void)fputs(text, to);
        return;
    }
    name_json(to, text); /* YAML's double quotes know JSON's escapes */
}

static void base64_yaml(FILE *to, int indent, const uint8_t *p, size_t len)
{
    static const char digit[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    (void)fputs(len == 0 ? "!!binary \"\"" : "!!binary |", to);
    for (size_t i = 0; i < len; i += 3) {
        uint32_t v = (uint32_t)p[i] << 16 | (i + 1 < len ? (uint32_t)p[i + 1] << 8 : 0) |
                     (i + 2 < len ? p[i + 2] : 0);

        if (i % BASE64_LINE_BYTES == 0)
            (void)fprintf(to, "\n%*s", indent, "");
        (void)fprintf(to, "%c%c%c%c", digit[v >> 18], digit[v >> 12 & 63],
                      i + 1 < len ? digit[v >> 6 & 63] : '=',
                      i + 2 < len ? digit[v & 63] : '=');
    }
    (void)fputc('\n', to);
}

static void area_yaml(FILE *to, const struct dump *d, const struct layout_area *area,
                      const char *suffix, unsigned magic)
{
    struct layout_entry e;
    bool any = false;

    if (area->bytes == 0) {
        (void)fprintf(to, "  tlv_hdr%s: {}\n  tlvs%s: []\n", suffix, suffix);
        return;
    }
    (void)fprintf(to, "  tlv_hdr%s:\n    magic: %u\n    tlv_tot: %lu\n", suffix, magic,
                  (unsigned long)area->bytes);
    for (size_t at = 0; layout_next(d->image, &d->layout, area, &at, &e); any = true) {
        if (!any)
            (void)fprintf(to, "  tlvs%s:\n", suffix);
        (void)fprintf(to, "  - type: %u\n    type_name: %s\n    len: %u\n    data: ", e.type,
                      layout_tlv_name(e.type), e.len);
        base64_yaml(to, 6, e.value, e.len);
    }
    if (!any)
        (void)fprintf(to, "  tlvs%s: []\n", suffix);
}

static void dump_yaml(FILE *to, const struct dump *d)
{
    const struct layout *l = &d->layout;
    const struct dump_trailer *t = &d->trailer;

    (void)fputs("filename: ", to);
    name_yaml(to, d->name);
    (void)fprintf(to,
                  "\nheader:\n  magic: %lu\n  load_addr: %lu\n  hdr_size: %lu\n"
                  "  protected_tlv_size: %lu\n  img_size: %lu\n  flags: %lu\n"
                  "  version: %u.%u.%u+%lu\ntlv_area:\n",
                  (unsigned long)LAYOUT_MAGIC, (unsigned long)l->load_address,
                  (unsigned long)l->header_bytes, (unsigned long)l->protected_bytes,
                  (unsigned long)l->payload_bytes, (unsigned long)l->flags, l->version.major,
                  l->version.minor, l->version.revision, (unsigned long)l->version.build);
    area_yaml(to, d, &l->protected, "_prot", LAYOUT_AREA_PROTECTED);
    area_yaml(to, d, &l->plain, "", LAYOUT_AREA_PLAIN);
    if (!d->has_trailer) {
        (void)fputs("trailer: {}\n", to);
        return;
    }
    (void)fputs("trailer:\n  magic: ", to);
    base64_yaml(to, 4, t->magic, sizeof t->magic);
    if (t->align != 0)
        (void)fprintf(to,
                      "  image_ok: %u\n  copy_done: %u\n  swap_info: %u\n  swap_size: %lu\n",
                      t->image_ok, t->copy_done, t->swap_info, (unsigned long)t->swap_size);
    if (t->key_field_bytes != 0)
        (void)fprintf(to, "  key_field_len: %lu\n", (unsigned long)t->key_field_bytes);
}

static void hex_json(FILE *to, const uint8_t *p, size_t len)
{
    (void)fputc('"', to);
    for (size_t i = 0; i < len; i++)
        (void)fprintf(to, "%02x", p[i]);
    (void)fputc('"', to);
}

static void area_json(FILE *to, const struct dump *d, const struct layout_area *area,
                      const char *suffix, unsigned magic)
{
    struct layout_entry e;
    bool any = false;

    if (area->bytes == 0)
        (void)fprintf(to, "    \"tlv_hdr%s\": {},\n    \"tlvs%s\": [", suffix, suffix);
    else
        (void)fprintf(to,
                      "    \"tlv_hdr%s\": {\n      \"magic\": %u,\n      \"tlv_tot\": %lu\n"
                      "    },\n    \"tlvs%s\": [",
                      suffix, magic, (unsigned long)area->bytes, suffix);
    for (size_t at = 0; layout_next(d->image, &d->layout, area, &at, &e); any = true) {
        (void)fprintf(to,
                      "%s\n      {\n        \"type\": %u,\n        \"type_name\": \"%s\",\n"
                      "        \"len\": %u,\n        \"data\": ",
                      any ? "," : "", e.type, layout_tlv_name(e.type), e.len);
        hex_json(to, e.value, e.len);
        (void)fputs("\n      }", to);
    }
    (void)fprintf(to, "%s]", any ? "\n    " : "");
}

static void dump_json(FILE *to, const struct dump *d)
{
    const struct layout *l = &d->layout;
    const struct dump_trailer *t = &d->trailer;

    (void)fputs("{\n  \"filename\": ", to);
    name_json(to, d->name);
    (void)fprintf(to,
                  ",\n  \"header\": {\n    \"magic\": %lu,\n    \"load_addr\": %lu,\n"
                  "    \"hdr_size\": %lu,\n    \"protected_tlv_size\": %lu,\n"
                  "    \"img_size\": %lu,\n    \"flags\": %lu,\n"
                  "    \"version\": \"%u.%u.%u+%lu\"\n  },\n  \"tlv_area\": {\n",
                  (unsigned long)LAYOUT_MAGIC, (unsigned long)l->load_address,
                  (unsigned long)l->header_bytes, (unsigned long)l->protected_bytes,
                  (unsigned long)l->payload_bytes, (unsigned long)l->flags, l->version.major,
                  l->version.minor, l->version.revision, (unsigned long)l->version.build);
    area_json(to, d, &l->protected, "_prot", LAYOUT_AREA_PROTECTED);
    (void)fputs(",\n", to);
    area_json(to, d, &l->plain, "", LAYOUT_AREA_PLAIN);
    (void)fputs("\n  },\n  \"trailer\": {", to);
    if (d->has_trailer) {
        (void)fputs("\n    \"magic\": ", to);
        hex_json(to, t->magic, sizeof t->magic);
        if (t->align != 0)
            (void)fprintf(to,
                          ",\n    \"image_ok\": %u,\n    \"copy_done\": %u,\n"
                          "    \"swap_info\": %u,\n    \"swap_size\": %lu",
                          t->image_ok, t->copy_done, t->swap_info, (unsigned long)t->swap_size);
        if (t->key_field_bytes != 0)
            (void)fprintf(to, ",\n    \"key_field_len\": %lu",
                          (unsigned long)t->key_field_bytes);
        (void)fputs("\n  ", to);
    }
    (void)fputs("}\n}", to);
}

void dump_print(FILE *to, const struct dump *d, enum dump_form form)
{
    if (form == DUMP_HUMAN)
        dump_human(to, d);
    else if (form == DUMP_YAML)
        dump_yaml(to, d);
    else
        dump_json(to, d);
}
