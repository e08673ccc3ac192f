/* The end of a padded slot: what a bootloader finds there before it ever ran. */
#include <stdlib.h>
#include <string.h>

#include "../say.h"
#include "build.h"
#include "hex.h"
#include "layout.h"

enum { IMAGE_OK_SET = 1, STATUS_ENTRIES = 3, FLAGS = 4, FLAGS_OVERWRITE = 2 };

static uint32_t magic_room(const struct build_spec *s)
{
    return s->max_align > LAYOUT_BOOT_MAGIC_BYTES ? s->max_align : LAYOUT_BOOT_MAGIC_BYTES;
}

uint64_t build_trailer_bytes(const struct build_spec *s)
{
    if (s->overwrite_only)
        return (uint64_t)FLAGS_OVERWRITE * s->max_align + magic_room(s);
    return (uint64_t)s->max_sectors * STATUS_ENTRIES * s->align +
           (uint64_t)FLAGS * s->max_align + magic_room(s);
}

static bool confirmed(const struct build_spec *s)
{
    return s->confirm && !s->overwrite_only;
}

ota_err build_pad(const struct build_spec *s, struct file_bytes *image)
{
    size_t at = image->len, trailer = (size_t)build_trailer_bytes(s);
    size_t len = at + trailer < s->slot_bytes ? s->slot_bytes : at + trailer;
    uint8_t *p = realloc(image->data, len);

    if (p == NULL)
        return say_fail(OTA_E_NO_MEMORY, "no memory");
    memset(p + at, s->erased, len - at);
    layout_boot_magic(s->big, s->max_align, p + len - LAYOUT_BOOT_MAGIC_BYTES);
    if (confirmed(s))
        p[len - magic_room(s) - s->max_align] = IMAGE_OK_SET;
    *image = (struct file_bytes){p, len};
    return OTA_OK;
}

ota_err build_hex(const struct build_spec *s, const struct file_bytes *image, uint32_t address,
                  struct file_bytes *out)
{
    uint8_t magic[LAYOUT_BOOT_MAGIC_BYTES], ok[32];
    struct hex_piece piece[3] = {{address, image->data, image->len}};
    uint64_t end = (uint64_t)address + s->slot_bytes;
    size_t count = 1, len = 0;
    char *text = NULL;
    ota_err e;

    if (s->pad &&
        (end > (uint64_t)UINT32_MAX + 1 || image->len + build_trailer_bytes(s) > s->slot_bytes))
        return say_fail(OTA_E_LIMIT, "the slot does not hold the image at this address");
    memset(ok, s->erased, sizeof ok);
    if (confirmed(s))
        ok[0] = IMAGE_OK_SET;
    layout_boot_magic(s->big, s->max_align, magic);
    if (s->pad && (s->confirm || s->test) && !s->overwrite_only)
        piece[count++] = (struct hex_piece){(uint32_t)(end - magic_room(s) - s->max_align), ok,
                                            s->max_align};
    if (s->pad)
        piece[count++] =
            (struct hex_piece){(uint32_t)(end - sizeof magic), magic, sizeof magic};
    e = hex_write(piece, count, &text, &len);
    if (e != OTA_OK)
        return say_fail(e,
                        "cannot write Intel HEX: the image does not fit into 32-bit addresses");
    *out = (struct file_bytes){(uint8_t *)text, len};
    return OTA_OK;
}
