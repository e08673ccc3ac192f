/* MCUboot's calls over the journal; the one place with a map of its own, as they have no
 * argument for it. */
#include "mcuboot_compat.h"

static const struct slot_map *map;

void mcuboot_compat_init(const struct slot_map *m)
{
    map = m;
}

static int result(ota_err e)
{
    if (e == OTA_OK)
        return BOOT_OK;
    if (e == OTA_E_CONFLICT)
        return BOOT_EBADSTATUS;
    return e == OTA_E_LIMIT ? BOOT_EBADIMAGE : BOOT_EFLASH;
}

int boot_set_pending(int permanent)
{
    struct image_source src;
    struct image_info info;
    enum image_verdict why;

    if (map == NULL || permanent != 0)
        return BOOT_EBADARGS;
    src = slot_staged(map);
    if (image_parse(&src, &info, &why) != OTA_OK)
        return BOOT_EBADIMAGE;
    return result(slot_request(map, &info));
}

int boot_set_confirmed(void)
{
    struct image_source src;
    struct image_info info;
    enum image_verdict why;

    if (map == NULL)
        return BOOT_EBADARGS;
    src = slot_running(map);
    if (image_parse(&src, &info, &why) != OTA_OK)
        return BOOT_EBADIMAGE;
    return result(slot_confirm(map, &info));
}

int boot_swap_type(void)
{
    struct slot_state s;

    if (map == NULL || slot_state_get(map, &s) != OTA_OK)
        return BOOT_SWAP_TYPE_FAIL;
    switch (s.phase) {
    case SLOT_IDLE:
        return BOOT_SWAP_TYPE_NONE;
    case SLOT_REQUESTED:
        return BOOT_SWAP_TYPE_TEST;
    case SLOT_TRIAL:
        return BOOT_SWAP_TYPE_REVERT;
    case SLOT_SWAPPING:
        break;
    }
    return BOOT_SWAP_TYPE_FAIL;
}
