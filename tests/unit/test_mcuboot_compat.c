/* link: boot slot image */
/* MCUboot's calls: what they do to the journal, and what the bootloader then does. */
#include "firmware/slot/mcuboot_compat.h"

#include <stdio.h>

#include "bootloader/boot.h"
#include "flash_memory.h"
#include "image_maker.h"

static void put_image(uint32_t at, uint32_t counter)
{
    struct maker m;

    maker_good(&m, counter);
    memset(fm_bytes + at, 0xff, FM_SLOT);
    memcpy(fm_bytes + at, m.bytes, m.used);
}

static void device_new(void)
{
    memset(fm_bytes, 0xff, sizeof fm_bytes);
    assert(slot_format(&fm_map, test_manifest, sizeof test_manifest, 3) == OTA_OK);
    put_image(fm_map.a_at, 3);
}

static uint8_t boot(void)
{
    static const struct boot_hooks hooks = {NULL, NULL, NULL};
    struct boot_record r;

    assert(boot_run(&fm_map, test_roots, BOOT_CAUSE_SOFT, NULL, &hooks, &r) == IMAGE_GOOD);
    return r.decision;
}

static struct slot_state state(void)
{
    struct slot_state s;

    assert(slot_state_get(&fm_map, &s) == OTA_OK);
    return s;
}

static void test_nothing_works_before_init(void)
{
    assert(boot_set_pending(0) == BOOT_EBADARGS);
    assert(boot_set_confirmed() == BOOT_EBADARGS);
    assert(boot_swap_type() == BOOT_SWAP_TYPE_FAIL);
    mcuboot_compat_init(&fm_map);
    memset(fm_bytes, 0xff, sizeof fm_bytes);
    assert(boot_swap_type() == BOOT_SWAP_TYPE_FAIL); /* no journal */
}

static void test_pending_try_confirm(void)
{
    device_new();
    assert(boot_swap_type() == BOOT_SWAP_TYPE_NONE);
    assert(boot_set_pending(0) == BOOT_EBADIMAGE); /* nothing is staged */
    put_image(fm_map.b_at + FM_UNIT, 4);
    assert(boot_set_pending(1) == BOOT_EBADARGS);
    assert(boot_swap_type() == BOOT_SWAP_TYPE_NONE);
    assert(boot_set_pending(0) == BOOT_OK);
    assert(boot_swap_type() == BOOT_SWAP_TYPE_TEST);
    assert(boot() == BOOT_SWAPPED);
    assert(boot_swap_type() == BOOT_SWAP_TYPE_REVERT && state().security_floor == 3);
    assert(boot_set_pending(0) == BOOT_EBADSTATUS); /* on trial */
    assert(boot_set_confirmed() == BOOT_OK);
    assert(boot_swap_type() == BOOT_SWAP_TYPE_NONE && state().security_floor == 4);
    assert(boot_set_confirmed() == BOOT_OK);
    assert(boot() == BOOT_RUN);
}

static void test_without_confirmation_it_goes_back(void)
{
    device_new();
    put_image(fm_map.b_at + FM_UNIT, 4);
    assert(boot_set_pending(0) == BOOT_OK);
    assert(boot() == BOOT_SWAPPED);
    assert(boot() == BOOT_RUN && boot() == BOOT_RUN); /* three trials in all */
    assert(boot() == BOOT_REVERTED);
    assert(boot_swap_type() == BOOT_SWAP_TYPE_NONE && state().security_floor == 3);
}

static void test_broken_flash_is_said(void)
{
    device_new();
    put_image(fm_map.b_at + FM_UNIT, 4);
    fm_broken = true;
    assert(boot_set_pending(0) == BOOT_EFLASH);
    fm_broken = false;
    assert(boot_swap_type() == BOOT_SWAP_TYPE_NONE);
    memset(fm_bytes + fm_map.a_at, 0xff, 32);
    assert(boot_set_confirmed() == BOOT_EBADIMAGE);
}

int main(void)
{
    test_nothing_works_before_init();
    test_pending_try_confirm();
    test_without_confirmation_it_goes_back();
    test_broken_flash_is_said();
    puts("mcuboot_compat: ok");
    return 0;
}
