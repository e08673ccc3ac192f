/*
 * The bootloader: start, decide, jump.  What it decides is boot_run's; here are the board and
 * what a single fault (a skipped instruction, a flipped bit) has to get past: two opinions by
 * different code, and an address to jump to that is wrong unless both are IMAGE_GOOD.
 */
#include "../firmware/boards/common/proven.h"
#include "../firmware/boards/roots.h"
#include "board.h"
#include "boot.h"
#include "say.h"

enum { RETRY_MS = 60000, BLINK_MS = 256 };

/* Nothing boots, or not now: flash that fails for a while may work in a minute.  Meanwhile the
 * LEDs count. */
_Noreturn static void wait_and_retry(void)
{
    uint32_t since = board_ms(), ms;

    board_watchdog_stop();
    while ((ms = board_ms() - since) < RETRY_MS) {
        board_leds(ms / BLINK_MS);
        board_wait();
    }
    board_reset(BOOT_CAUSE_OTHER);
}

/* Do two boot roots stand behind the manifest of this sector, and one of its keys, for this
 * board, behind the image? */
static bool vouched_by(uint32_t sector, const struct image_info *info)
{
    uint8_t digest[CRYPTO_DIGEST_BYTES];
    const struct manifest_key *key;
    struct manifest m;
    uint32_t roots = 0;

    if (slot_manifest_look(&board_map, sector, &m, digest) != OTA_OK)
        return false;
    for (uint32_t i = 0; i < MANIFEST_ROOTS; i++)
        roots += proven(boot_roots[i].key, digest);
    key = image_key(info, &m);
    return roots >= MANIFEST_THRESHOLD && key != NULL && proven(key->key, info->digest) &&
           crypto_equal(info->hardware_class, m.hardware_class, sizeof m.hardware_class);
}

/*
 * The second opinion, not by boot_run: its record is whole, what lies in A states the digest
 * that was measured, and of the signatures that this takes each one was proven since the
 * reset.  IMAGE_GOOD or IMAGE_UNREADABLE.  Not inlined, to leave the stack to the verification.
 */
__attribute__((noinline)) static uint32_t second_opinion(const struct boot_record *r,
                                                         uint32_t *out_header_bytes)
{
    struct image_source a = slot_running(&board_map);
    enum image_verdict why = IMAGE_UNREADABLE;
    struct image_info info;

    if (!boot_record_valid(r) || image_parse(&a, &info, &why) != OTA_OK ||
        !crypto_equal(info.digest, r->digest, sizeof r->digest))
        return IMAGE_UNREADABLE;
    *out_header_bytes = info.header_bytes;
    for (uint32_t i = 0; i < SLOT_MANIFEST_SECTORS; i++)
        if (vouched_by(i, &info))
            return (uint32_t)why;
    return IMAGE_UNREADABLE;
}

int main(void)
{
    struct boot_record *record = board_boot_record();
    volatile uint32_t verdict, again;
    uint32_t header_bytes = 0;
    struct boot_record now;

    board_watchdog_stop();
    board_start();
    verdict = (uint32_t)boot_run(&board_map, boot_roots, board_reset_cause(), record,
                                 &boot_says, &now);
    *record = now;
    if (verdict != IMAGE_GOOD)
        wait_and_retry();
    say_start(&now);
    if (now.on_trial != 0)
        board_watchdog_arm();
    again = second_opinion(record, &header_bytes);
    if (again != IMAGE_GOOD) /* a read that failed for once must not cost a boot */
        again = second_opinion(record, &header_bytes);
    if (again != IMAGE_GOOD || verdict != again)
        wait_and_retry();
    board_jump(BOARD_SLOT_A_AT + header_bytes + (verdict ^ IMAGE_GOOD) + (again ^ IMAGE_GOOD));
}
