/* link: ota slot image */
/* What is trusted survives wraps and cuts at every byte: the old state or the new one. */
#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "firmware/ota/trust_store.h"

enum { MEM = 4 * 4096, ROOT = 4096, NEVER = 0x7fffffff };

static uint8_t mem[MEM];
static int budget; /* bytes until the power goes */
static bool dead;

static ota_err flash_read(const struct flash *f, uint32_t at, void *buf, size_t len)
{
    (void)f;
    assert(at <= sizeof mem && len <= sizeof mem - at);
    memcpy(buf, mem + at, len);
    return OTA_OK;
}

static ota_err flash_program(const struct flash *f, uint32_t at, const void *buf, size_t len)
{
    assert(at % f->program_bytes == 0 && len % f->program_bytes == 0);
    for (size_t i = 0; i < len && !dead; i++) {
        dead = budget-- == 0;
        if (!dead) {
            assert(mem[at + i] == 0xff); /* never twice without an erase */
            mem[at + i] = ((const uint8_t *)buf)[i];
        }
    }
    return dead ? OTA_E_IO : OTA_OK;
}

static ota_err flash_erase(const struct flash *f, uint32_t at)
{
    assert(at % f->erase_bytes == 0);
    for (size_t i = 0; i < f->erase_bytes && !dead; i++) {
        dead = budget-- == 0;
        if (!dead) {
            mem[at + i] = 0xff;
        }
    }
    return dead ? OTA_E_IO : OTA_OK;
}

static struct flash flash = {.size_bytes = sizeof mem,
                             .erase_bytes = 4096,
                             .program_bytes = 32,
                             .erased = 0xff,
                             .read = flash_read,
                             .program = flash_program,
                             .erase = flash_erase};
static const struct trust_region region = {.flash = &flash, .at = 0};

static void power_on(void)
{
    dead = false;
    budget = NEVER;
}

static void root_of(uint8_t fill, uint8_t out[ROOT])
{
    for (size_t i = 0; i < ROOT; i++) {
        out[i] = (uint8_t)(fill + i * 7);
    }
}

static void blank(void)
{
    power_on();
    memset(mem, 0xff, sizeof mem);
}

/* A blank device was given a root of 100 bytes, and started. */
static struct trust_state provisioned(void)
{
    struct trust_state s = {.root_bytes = 0};
    uint8_t root[ROOT];

    blank();
    root_of(1, root);
    assert(trust_root_save(&region, &s, root, 100) == OTA_OK);
    assert(trust_load(&region, &s) == OTA_OK && s.root_bytes == 100);
    return s;
}

static void test_blank_and_lost(void)
{
    struct trust_state s;

    blank();
    assert(trust_load(&region, &s) == OTA_E_NOT_FOUND);
    s = provisioned();
    mem[70] ^= 1; /* the root's only copy */
    assert(trust_load(&region, &s) == OTA_E_FORMAT);
    s = provisioned();
    mem[2] ^= 1;
    assert(trust_load(&region, &s) == OTA_E_FORMAT);
    s = provisioned();
    memset(mem + 64 + ROOT, 0xff, 96); /* head and root, no record */
    assert(trust_load(&region, &s) == OTA_E_FORMAT);
    assert(trust_root_save(&region, &s, mem, 0) == OTA_E_LIMIT);
    assert(trust_root_save(&region, &s, mem, ROOT + 1) == OTA_E_LIMIT);
}

static void test_every_number_comes_back(void)
{
    struct trust_state s = provisioned(), back;
    uint8_t root[ROOT], read[ROOT];

    root_of(9, root);
    s.root = 7;
    s.timestamp = 5;
    s.snapshot = 4;
    s.targets = 3;
    s.role = 2;
    s.time_s = UINT64_C(0x123456789a);
    s.director = UINT64_C(0x2222222222);
    s.root_expires_s = UINT64_C(0x3333333333);
    s.targets_expires_s = UINT64_C(0x4444444444);
    s.role_expires_s = UINT64_C(0x5555555555);
    assert(trust_root_save(&region, &s, root, ROOT) == OTA_E_CONFLICT);
    assert(trust_save(&region, &s) == OTA_OK);
    assert(trust_root_save(&region, &s, root, ROOT) == OTA_OK);
    assert(trust_load(&region, &back) == OTA_OK);
    assert(back.root == 7 && back.timestamp == 5 && back.snapshot == 4 && back.targets == 3);
    assert(back.role == 2 && back.time_s == s.time_s && back.director == s.director);
    assert(back.root_expires_s == s.root_expires_s && back.role_expires_s == s.role_expires_s);
    assert(back.targets_expires_s == s.targets_expires_s && back.root_bytes == ROOT);
    assert(back.copy == s.copy && back.next_at == s.next_at && back.sequence == s.sequence);
    assert(trust_root_read(&region, &back, read) == OTA_OK && memcmp(read, root, ROOT) == 0);
}

static void test_wraps_with_its_root(uint32_t erase_bytes)
{
    struct trust_state s, back;
    uint8_t root[ROOT], read[ROOT];
    unsigned changes = 0;

    flash.erase_bytes = erase_bytes;
    s = provisioned();
    root_of(1, root);
    for (uint32_t i = 1; i <= 500; i++) {
        uint8_t before = s.copy;

        s.timestamp = i;
        assert(trust_save(&region, &s) == OTA_OK);
        changes += s.copy != before;
        assert(trust_load(&region, &back) == OTA_OK && back.timestamp == i);
        assert(back.copy == s.copy && back.next_at == s.next_at);
        assert(trust_root_read(&region, &back, read) == OTA_OK);
        assert(back.root_bytes == 100 && memcmp(read, root, 100) == 0);
    }
    assert(changes > 3 && changes <= 50); /* an erase is for ten records at least */
    flash.erase_bytes = 4096;
}

/* The step after `saves` records, cut after every byte of it; with a new root, or without. The
 * first of them goes into both copies. */
static void cut_everywhere(uint32_t saves, bool new_root)
{
    struct trust_state s = provisioned(), back;
    uint8_t root[ROOT], read[ROOT], kept[MEM];
    bool whole = false;

    for (uint32_t i = 1; i <= saves; i++) {
        s.timestamp = i;
        assert(trust_save(&region, &s) == OTA_OK);
    }
    memcpy(kept, mem, sizeof mem);
    for (int cut = 0; !whole; cut += cut < 8000 ? 61 : 1) {
        struct trust_state mine = s;
        bool is_new;

        memcpy(mem, kept, sizeof mem);
        power_on();
        budget = cut;
        mine.timestamp = saves + 1;
        root_of(2, root);
        whole = (new_root ? trust_root_save(&region, &mine, root, 3000)
                          : trust_save(&region, &mine)) == OTA_OK;
        power_on();
        assert(trust_load(&region, &back) == OTA_OK);
        is_new = back.timestamp == saves + 1;
        assert(is_new || back.timestamp == saves);
        assert(!whole || is_new);
        root_of(is_new && new_root ? 2 : 1, root);
        assert(back.root_bytes == (is_new && new_root ? 3000u : 100u));
        assert(trust_root_read(&region, &back, read) == OTA_OK);
        assert(memcmp(read, root, back.root_bytes) == 0);
        back.timestamp = saves + 9; /* and it goes on from there */
        assert(trust_save(&region, &back) == OTA_OK);
        assert(trust_load(&region, &back) == OTA_OK && back.timestamp == saves + 9);
    }
}

int main(void)
{
    test_blank_and_lost();
    test_every_number_comes_back();
    test_wraps_with_its_root(4096);
    test_wraps_with_its_root(8192);
    test_wraps_with_its_root(1024);
    cut_everywhere(0, false);
    cut_everywhere(1, false);
    cut_everywhere(1, true);
    cut_everywhere(5, true);
    cut_everywhere(41, false); /* the copy is full: it changes */
    return 0;
}
