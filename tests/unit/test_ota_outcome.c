/* link: ota slot image */
/* From what a boot left behind to how the update went: every combination has one answer. */
#include <assert.h>
#include <string.h>

#include "firmware/ota/outcome.h"
#include "firmware/slot/boot_record.h"

struct facts {
    enum ota_phase phase;
    bool runs_new;
    enum slot_phase slot;
    uint8_t decision, cause;
    uint32_t why;
    uint8_t attempts;
};

static struct ota_notes judge(struct facts f, bool *changed)
{
    struct ota_notes n = {.phase = f.phase, .size_bytes = 1000, .attempts = f.attempts};
    struct ota_boot b = {.slot = {.phase = f.slot,
                                  .last_decision = f.decision,
                                  .last_cause = f.cause,
                                  .last_why = f.why},
                         .has_running = true};

    memset(n.image_digest, 1, sizeof n.image_digest);
    memset(b.running_digest, f.runs_new ? 1 : 2, sizeof b.running_digest);
    *changed = ota_outcome(&b, &n);
    return n;
}

static void test_new_image_runs(void)
{
    bool changed;
    struct ota_notes n = judge((struct facts){.phase = OTA_REQUESTED,
                                              .runs_new = true,
                                              .slot = SLOT_TRIAL,
                                              .decision = BOOT_SWAPPED},
                               &changed);

    assert(changed && n.phase == OTA_TRIAL);
    n = judge((struct facts){.phase = OTA_TRIAL, .runs_new = true, .slot = SLOT_TRIAL},
              &changed);
    assert(!changed && n.phase == OTA_TRIAL);
    n = judge((struct facts){.phase = OTA_TRIAL, .runs_new = true, .slot = SLOT_IDLE},
              &changed);
    assert(changed && n.phase == OTA_REPORT && n.success);
    n = judge((struct facts){.phase = OTA_REQUESTED, .runs_new = true, .slot = SLOT_IDLE},
              &changed);
    assert(changed && n.phase == OTA_REPORT && n.success);
}

static void failed(struct facts f, uint16_t reason)
{
    bool changed;
    struct ota_notes n = judge(f, &changed);

    assert(changed && n.phase == OTA_REPORT && !n.success && n.reason == reason);
}

static void test_old_image_runs(void)
{
    const enum ota_phase phases[] = {OTA_REQUESTED, OTA_TRIAL};
    bool changed;
    struct ota_notes n;

    for (int i = 0; i < 2; i++) {
        enum ota_phase p = phases[i];

        failed((struct facts){.phase = p, .decision = BOOT_REVERTED, .cause = BOOT_CAUSE_FAULT},
               OTA_REASON_CRASHED);
        failed(
            (struct facts){.phase = p, .decision = BOOT_REVERTED, .cause = BOOT_CAUSE_WATCHDOG},
            OTA_REASON_NOT_CONFIRMED);
        failed((struct facts){.phase = p,
                              .decision = BOOT_REVERTED,
                              .cause = BOOT_CAUSE_SOFT,
                              .why = IMAGE_BAD_DIGEST},
               IMAGE_BAD_DIGEST);
        failed((struct facts){.phase = p, .decision = BOOT_REFUSED, .why = IMAGE_UNKNOWN_KEY},
               IMAGE_UNKNOWN_KEY);
        failed((struct facts){.phase = p, .decision = BOOT_REPAIRED}, OTA_REASON_NOT_INSTALLED);
    }
    failed((struct facts){.phase = OTA_TRIAL, .decision = BOOT_SWAPPED},
           OTA_REASON_NOT_INSTALLED);
    failed((struct facts){.phase = OTA_REQUESTED, .attempts = 2}, OTA_REASON_NOT_INSTALLED);
    failed((struct facts){.phase = OTA_REQUESTED, .slot = SLOT_REQUESTED, .attempts = 1},
           OTA_REASON_NOT_INSTALLED);
    n = judge((struct facts){.phase = OTA_REQUESTED, .attempts = 1}, &changed);
    assert(changed && n.phase == OTA_DOWNLOADING && n.offset == n.size_bytes);
}

/* Whatever the journal says, notes of other phases are none of its business. */
static void test_other_phases(void)
{
    const enum ota_phase phases[] = {OTA_IDLE, OTA_DOWNLOADING, OTA_REPORT, OTA_CLOSED};
    bool changed;

    for (size_t i = 0; i < 4; i++) {
        for (int d = 0; d <= BOOT_RECOVERY; d++) {
            struct ota_notes n = judge((struct facts){.phase = phases[i],
                                                      .decision = (uint8_t)d,
                                                      .runs_new = d % 2 == 0},
                                       &changed);

            assert(!changed && n.phase == phases[i]);
        }
    }
}

int main(void)
{
    test_new_image_runs();
    test_old_image_runs();
    test_other_phases();
    return 0;
}
