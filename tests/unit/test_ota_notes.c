/* link: ota slot image */
/* The agent's log: the newest state survives wraps, torn records and torn erases. */
#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "firmware/ota/notes.h"

enum { ERASE = 4096, PAGES = 2, NEVER = 0x7fffffff };

static uint8_t mem[PAGES * ERASE];
static int budget; /* bytes until the power goes; erases count as one page of bytes */
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
            assert(mem[at + i] == 0xff);
            mem[at + i] = ((const uint8_t *)buf)[i];
        }
    }
    return dead ? OTA_E_IO : OTA_OK;
}

static ota_err flash_erase(const struct flash *f, uint32_t at)
{
    (void)f;
    assert(at % ERASE == 0);
    for (size_t i = 0; i < ERASE && !dead; i++) {
        dead = budget-- == 0;
        if (!dead) {
            mem[at + i] = 0xff;
        }
    }
    return dead ? OTA_E_IO : OTA_OK;
}

static const struct flash flash = {.size_bytes = sizeof mem,
                                   .erase_bytes = ERASE,
                                   .program_bytes = 32,
                                   .erased = 0xff,
                                   .read = flash_read,
                                   .program = flash_program,
                                   .erase = flash_erase};
static const struct slot_map map = {.flash = &flash, .agent_at = 0};

static struct ota_notes loaded(void)
{
    struct ota_notes n;

    assert(ota_notes_load(&map, &n) == OTA_OK);
    return n;
}

static void blank(void)
{
    memset(mem, 0xff, sizeof mem);
    budget = NEVER;
    dead = false;
}

static struct ota_notes example(uint32_t action)
{
    struct ota_notes n = {.phase = OTA_REPORT,
                          .action = action,
                          .size_bytes = 100000,
                          .offset = 8192,
                          .attempts = 1,
                          .refusals = 1,
                          .success = true,
                          .reason = OTA_REASON_CRASHED,
                          .etag =
                              "\"00112233445566778899aabbccddeeff00112233445566778899aabbccddee"
                              "ff\""};

    memset(n.file_sha256, 0xa5, sizeof n.file_sha256);
    memset(n.image_digest, 0x5a, sizeof n.image_digest);
    return n;
}

static void test_round_trip(void)
{
    struct ota_notes n, back;

    blank();
    n = loaded();
    assert(n.phase == OTA_IDLE && n.action == 0);
    n = example(8);
    assert(ota_notes_save(&map, &n) == OTA_OK);
    back = loaded();
    assert(back.phase == n.phase && back.action == 8 && back.size_bytes == 100000);
    assert(back.offset == 8192 && back.attempts == 1 && back.refusals == 1);
    assert(back.success && back.reason == OTA_REASON_CRASHED);
    assert(strcmp(back.etag, n.etag) == 0);
    assert(memcmp(back.file_sha256, n.file_sha256, sizeof n.file_sha256) == 0);
    assert(memcmp(back.image_digest, n.image_digest, sizeof n.image_digest) == 0);
    assert(back.sequence == n.sequence && back.next_at == n.next_at);
}

static void test_wraps(void)
{
    struct ota_notes n;

    blank();
    n = loaded();
    for (uint32_t i = 1; i < 80; i++) {
        n.action = i;
        assert(ota_notes_save(&map, &n) == OTA_OK);
        n = loaded();
        assert(n.action == i && n.sequence == i);
    }
}

/* A save into a log that holds `before` records, cut after so many bytes; then another one. */
static void save_cut(uint32_t before, int cut)
{
    struct ota_notes n;
    ota_err e;

    blank();
    n = loaded();
    for (uint32_t i = 1; i <= before; i++) {
        n.action = i;
        assert(ota_notes_save(&map, &n) == OTA_OK);
    }
    budget = cut;
    n.action = before + 1;
    e = ota_notes_save(&map, &n);
    assert(e == OTA_OK || dead);
    budget = NEVER;
    dead = false;
    n = loaded();
    assert(n.action == before || n.action == before + 1);
    assert(e != OTA_OK || n.action == before + 1);
    n.action = before + 2;
    assert(ota_notes_save(&map, &n) == OTA_OK);
    assert(loaded().action == before + 2);
}

/* Fresh, within a page, at its end (25 records), and when both pages are in use. */
static void test_torn(void)
{
    static const uint32_t before[] = {0, 1, 24, 25, 26, 49, 50, 51, 75};

    for (size_t i = 0; i < sizeof before / sizeof before[0]; i++) {
        for (int cut = 0; cut < 200; cut += 3) {
            save_cut(before[i], cut);
        }
        for (int cut = 200; cut < ERASE + 200; cut += 331) {
            save_cut(before[i], cut);
        }
    }
}

static void test_garbage(void)
{
    struct ota_notes n;

    for (int fill = 0; fill < 256; fill += 85) {
        blank();
        memset(mem, fill, sizeof mem);
        n = loaded();
        assert(n.phase == OTA_IDLE);
        n.action = 5;
        assert(ota_notes_save(&map, &n) == OTA_OK);
        assert(loaded().action == 5);
    }
}

static void test_names(void)
{
    assert(strcmp(ota_reason_name(OTA_REASON_CRASHED), "reverted-crashed") == 0);
    assert(strcmp(ota_reason_name(IMAGE_BAD_SIGNATURE), "bad-signature") == 0);
    assert(ota_reason_name(9999) != NULL);
}

int main(void)
{
    test_round_trip();
    test_wraps();
    test_torn();
    test_garbage();
    test_names();
    return 0;
}
