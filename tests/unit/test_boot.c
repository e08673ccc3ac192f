/* link: boot */
/*
 * The boot decision over its whole state space, and the loop's promises that rest on it: what
 * is not authentic never starts, a corrupt slot never keeps another from booting, it always
 * ends.
 */
#include <assert.h>
#include <stdio.h>

#include "bootloader/boot.h"

static const uint32_t verdicts[] = {0, IMAGE_BLANK, IMAGE_BAD_SIGNATURE, IMAGE_BELOW_FLOOR,
                                    IMAGE_GOOD};
enum { VERDICTS = sizeof verdicts / sizeof verdicts[0] };

static unsigned long states;

static void check(const struct boot_facts *f)
{
    enum boot_action a = boot_next(f);

    states++;
    assert(a >= BOOT_LOOK_A && a <= BOOT_WAIT);
    /* it asks only for what it does not know */
    assert(a != BOOT_LOOK_A || f->a == 0);
    assert(a != BOOT_LOOK_PREVIOUS || f->previous == 0);
    assert(a != BOOT_LOOK_STAGED || f->staged == 0);
    /* nothing starts that was not judged good */
    if (a == BOOT_START || a == BOOT_TRY)
        assert(f->a == IMAGE_GOOD);
    /* no image moves that was not judged good */
    if (a == BOOT_INSTALL || a == BOOT_REPAIR_STAGED)
        assert(f->staged == IMAGE_GOOD);
    if (a == BOOT_REVERT || a == BOOT_REPAIR)
        assert(f->previous == IMAGE_GOOD);
    if (a == BOOT_INSTALL)
        assert(f->phase == SLOT_REQUESTED && !(f->a == IMAGE_GOOD && f->staged_is_older));
    /* it waits only when there is nothing left */
    if (a == BOOT_WAIT)
        assert(f->a != IMAGE_GOOD &&
               (f->journal_dead || (f->previous != IMAGE_GOOD && f->staged != IMAGE_GOOD)));
    /* without a journal that can be written nothing is changed */
    if (f->journal_dead)
        assert(a == BOOT_LOOK_A || a == BOOT_START || a == BOOT_WAIT);
    /* a trial ends when its boots are used up and there is something to go back to */
    if (a == BOOT_TRY)
        assert(f->phase == SLOT_TRIAL && (f->tries_left > 0 || f->previous != IMAGE_GOOD));
    if (a == BOOT_START && !f->journal_dead)
        assert(f->phase == SLOT_IDLE);
    if (f->has_journal && !f->journal_dead && f->phase == SLOT_SWAPPING)
        assert(a == BOOT_RESUME);
}

static void test_every_state(void)
{
    struct boot_facts f;

    for (int bits = 0; bits < 8; bits++)
        for (int phase = SLOT_IDLE; phase <= SLOT_SWAPPING; phase++)
            for (uint8_t tries = 0; tries < 4; tries++)
                for (int a = 0; a < VERDICTS; a++)
                    for (int p = 0; p < VERDICTS; p++)
                        for (int s = 0; s < VERDICTS; s++) {
                            f = (struct boot_facts){.has_journal = bits & 1,
                                                    .journal_dead = bits & 2,
                                                    .staged_is_older = bits & 4,
                                                    .phase = (enum slot_phase)phase,
                                                    .tries_left = tries,
                                                    .a = verdicts[a],
                                                    .previous = verdicts[p],
                                                    .staged = verdicts[s]};
                            check(&f);
                        }
}

/* What boot_run does to the facts, without flash.  True when it was the last action. */
static bool apply(struct boot_facts *f, enum boot_action a, const uint32_t truth[3])
{
    switch (a) {
    case BOOT_LOOK_A:
        f->a = truth[0];
        return false;
    case BOOT_LOOK_PREVIOUS:
        f->a = f->a == IMAGE_GOOD ? f->a : 0; /* that A is bad does not outlive this look */
        f->previous = truth[1];
        return false;
    case BOOT_LOOK_STAGED:
        f->a = f->a == IMAGE_GOOD ? f->a : 0;
        f->staged = truth[2];
        return false;
    case BOOT_FORMAT:
        f->has_journal = true;
        return false;
    case BOOT_REFUSE:
        f->phase = SLOT_IDLE;
        return false;
    case BOOT_RESUME:
    case BOOT_INSTALL:
    case BOOT_REPAIR_STAGED:
        f->phase = SLOT_TRIAL;
        f->tries_left = 3;
        f->a = f->previous = f->staged = 0;
        return false;
    case BOOT_REVERT:
    case BOOT_REPAIR:
        f->phase = SLOT_IDLE;
        f->a = f->previous = f->staged = 0;
        return false;
    case BOOT_TRY:
    case BOOT_START:
    case BOOT_WAIT:
        break;
    }
    return true;
}

/* Images may be anything, and moving them turns out in any way that is not worse: it ends. */
static void test_every_boot_ends(void)
{
    for (int phase = SLOT_IDLE; phase <= SLOT_SWAPPING; phase++)
        for (uint8_t tries = 0; tries < 4; tries++)
            for (int t = 0; t < 8 * 8; t++)
                for (int journal = 0; journal < 2; journal++) {
                    struct boot_facts f = {.has_journal = journal == 1,
                                           .phase = (enum slot_phase)phase,
                                           .tries_left = tries};
                    uint32_t before[3], after[3];
                    bool moved = false, over = false;
                    int i;

                    for (int k = 0; k < 3; k++) {
                        before[k] = t >> k & 1 ? (uint32_t)IMAGE_GOOD : IMAGE_BLANK;
                        after[k] = t >> (k + 3) & 1 ? (uint32_t)IMAGE_GOOD : IMAGE_BLANK;
                    }
                    /* what was moved there is good, or the flash is dying: then it may not be,
                     * but in the model a second move does not make it worse again */
                    for (i = 0; i < BOOT_ACTIONS_MAX && !over; i++) {
                        enum boot_action a = boot_next(&f);

                        if (a == BOOT_RESUME || a == BOOT_INSTALL || a == BOOT_REVERT ||
                            a == BOOT_REPAIR || a == BOOT_REPAIR_STAGED)
                            moved = true;
                        over = apply(&f, a, moved ? after : before);
                        /* a move whose result is bad and whose sources stay good would be
                         * repeated: the bound of boot_run ends that, and nothing starts */
                        if (over && a != BOOT_WAIT)
                            assert(f.a == IMAGE_GOOD);
                    }
                    if (!over)
                        assert(after[0] != IMAGE_GOOD);
                    states++;
                }
}

static void test_the_plain_cases(void)
{
    struct boot_facts f = {.has_journal = true, .phase = SLOT_IDLE, .a = IMAGE_GOOD};

    assert(boot_next(&f) == BOOT_START);
    f.phase = SLOT_REQUESTED;
    assert(boot_next(&f) == BOOT_LOOK_STAGED);
    f.staged = IMAGE_GOOD;
    assert(boot_next(&f) == BOOT_INSTALL);
    f.staged_is_older = true;
    assert(boot_next(&f) == BOOT_REFUSE);
    f.staged = IMAGE_UNKNOWN_KEY;
    assert(boot_next(&f) == BOOT_REFUSE);
    f = (struct boot_facts){
        .has_journal = true, .phase = SLOT_TRIAL, .tries_left = 1, .a = IMAGE_GOOD};
    assert(boot_next(&f) == BOOT_TRY);
    f.tries_left = 0;
    assert(boot_next(&f) == BOOT_LOOK_PREVIOUS);
    f.previous = IMAGE_GOOD;
    assert(boot_next(&f) == BOOT_REVERT);
    f.previous = IMAGE_BELOW_FLOOR;
    assert(boot_next(&f) == BOOT_TRY); /* nothing to go back to: it may yet confirm itself */
    f.a = IMAGE_BAD_DIGEST;
    f.staged = IMAGE_BLANK;
    assert(boot_next(&f) == BOOT_WAIT);
    f = (struct boot_facts){.has_journal = true, .a = IMAGE_BAD_DIGEST, .previous = IMAGE_GOOD};
    assert(boot_next(&f) == BOOT_REPAIR);
}

int main(void)
{
    test_every_state();
    test_every_boot_ends();
    test_the_plain_cases();
    printf("boot: %lu states\n", states);
    return 0;
}
