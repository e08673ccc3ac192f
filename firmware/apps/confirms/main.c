/*
 * The smallest app that takes part in updates: it asks for a newer image that lies in the
 * staging place, and confirms itself in a trial, without any network.  For ports and for tests
 * of the bootloader.
 */
#include "board.h"

static void say(const char *what, struct image_version v)
{
    board_puts("confirms ");
    board_put_dec(v.major);
    board_putc('.');
    board_put_dec(v.minor);
    board_putc('.');
    board_put_dec(v.revision);
    board_puts(": ");
    board_puts(what);
    board_putc('\n');
}

/* What header and TLVs of an image say; the bootloader is who verifies. */
static bool look(struct image_source src, struct image_info *out)
{
    enum image_verdict why;

    return image_parse(&src, out, &why) == OTA_OK;
}

static bool is_newer(const struct image_info *staged, const struct image_info *running)
{
    return image_version_compare(staged->version, running->version) > 0;
}

/* Nothing was decided since the last request: whoever put the image there wants it. */
static const char *act(const struct image_info *running)
{
    struct image_info staged;
    struct slot_state s;

    if (!boot_record_valid(board_boot_record()))
        return "no boot record";
    if (slot_state_get(&board_map, &s) != OTA_OK)
        return "no journal";
    if (s.phase == SLOT_TRIAL)
        return slot_confirm(&board_map, running) == OTA_OK ? "confirmed" : "confirm failed";
    if (s.phase == SLOT_IDLE && s.last_decision == 0 &&
        look(slot_staged(&board_map), &staged) && is_newer(&staged, running)) {
        if (slot_request(&board_map, &staged) != OTA_OK)
            return "request failed";
        say("requested", running->version);
        board_reset(BOOT_CAUSE_SOFT);
    }
    return "idle";
}

int main(void)
{
    struct image_info running;

    board_start();
    if (look(slot_running(&board_map), &running))
        say(act(&running), running.version);
    for (;;) {
        board_watchdog_feed();
        board_wait();
    }
}
