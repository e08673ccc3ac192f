/*
 * Whole lives of a device under power cuts: the unmodified boot loop, journal and slot
 * functions over hostile flash, with an app that stages an update, asks for it, and confirms
 * it, crashes or never does; with a change of the key manifest; with a corrupt slot.
 *
 * Invariants, after every boot of every life:
 *  - an authentic image runs, bit for bit the old or the new one;
 *  - its security counter is not below the highest that slot_confirm reported as kept;
 *  - an image that has not confirmed runs at most JOURNAL_TRIES times, and meanwhile the old
 * one lies complete in B;
 *  - what the app was told is kept: once confirmed, always new; once refused or reverted, old;
 *  - nothing outside the declared areas is written, no unit twice, operations are bounded.
 *
 *   sim_life [percent]       of the enumeration, default 100; prints the number of cases; fails
 * on the first broken one
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../bootloader/boot.h"
#include "flash_sim.h"
#include "images_sim.h"

enum { BOOTS_MAX = 40, KEY_OLD = 11, KEY_NEW = 12 };

enum app { APP_CONFIRMS, APP_CONFIRMS_LATE, APP_NEVER, APP_WITHDRAWS, APPS };
enum trouble {
    TROUBLE_NONE,
    TROUBLE_NEW_KEY,    /* the new image is signed by a key of a pending manifest            */
    TROUBLE_BAD_IMAGE,  /* the staged image's signature is wrong                             */
    TROUBLE_OLDER,      /* the staged image has a lower counter                              */
    TROUBLE_A_ROTTEN,   /* A is no candidate from the start, B holds the old image           */
    TROUBLE_A_POISONED, /* A has a unit that cannot be read, B holds the old image */
    TROUBLE_STAGED_POISONED, /* the staged image gets one before it is asked for */
    TROUBLES
};

struct life {
    enum app app;
    enum trouble trouble;
    uint32_t old_payload, new_payload;
};

/* What the world outside knows of the device, through its power cuts. */
struct known {
    bool staged;       /* the app's slot_stage and slot_request have been begun */
    bool requested;    /* slot_request has returned */
    bool confirming;   /* slot_confirm has been called */
    bool confirmed;    /* and has returned */
    bool went_back;    /* the old image ran after the new one had */
    uint32_t runs_new; /* unconfirmed */
    uint32_t boots;
    bool settled; /* nothing will change any more */
};

static struct sim base, sim;
static struct known known;
static struct sim_image old_image, new_image;
static struct sim_manifest manifest_1, manifest_2;
static unsigned long cases;
static uint32_t percent = 100;
static const struct boot_hooks no_hooks = {NULL, NULL, NULL};

static bool slot_holds(struct sim *s, uint32_t at, const struct sim_image *image)
{
    uint8_t buf[SIM_IMAGE_MAX];

    return s->flash.read(&s->flash, at, buf, image->len) == OTA_OK &&
           memcmp(buf, image->bytes, image->len) == 0;
}

static void prepare(const struct sim_geometry *g, const struct life *l)
{
    bool new_key = l->trouble == TROUBLE_NEW_KEY;

    sim_init(&base, g, 7);
    sim_image_make(&old_image, 1, 10, KEY_OLD, l->old_payload);
    sim_image_make(&new_image, 2, l->trouble == TROUBLE_OLDER ? 9 : 20,
                   new_key ? KEY_NEW : KEY_OLD, l->new_payload);
    if (l->trouble == TROUBLE_BAD_IMAGE)
        new_image.bytes[new_image.len - 1] ^= 1;
    sim_manifest_make(&manifest_1, 1, KEY_OLD);
    sim_manifest_make(&manifest_2, 2, KEY_NEW);
    if (slot_format(&base.map, manifest_1.bytes, manifest_1.len, 10) != OTA_OK)
        abort();
    sim_put(&base, l->trouble == TROUBLE_A_ROTTEN ? base.map.b_at : base.map.a_at,
            old_image.bytes, old_image.len);
    if (l->trouble == TROUBLE_A_POISONED) {
        sim_put(&base, base.map.b_at, old_image.bytes, old_image.len);
        sim_rot(&base, (struct sim_rot){0, base.map.a_at, 4});
    }
    base.operations_boot_max = 64 * g->erase_bytes / g->program_bytes * g->sectors;
}

/* Stage the update and ask for it, as the agent would, from the start after each cut. */
static void app_update(const struct life *l)
{
    struct image_info info = {.total_bytes = new_image.len};
    struct slot_state s;
    uint32_t unit = sim.flash.erase_bytes;

    if (slot_state_get(&sim.map, &s) != OTA_OK)
        sim_violate(&sim, "an app finds no journal");
    if (s.phase == SLOT_REQUESTED)
        sim_violate(&sim, "a request survives the boot");
    known.staged = true;
    if (l->trouble == TROUBLE_NEW_KEY &&
        slot_manifest_stage(&sim.map, sim_roots, manifest_2.bytes, manifest_2.len) != OTA_OK)
        sim_violate(&sim, "the new manifest is refused");
    for (uint32_t at = 0; at < new_image.len; at += unit) {
        uint32_t some = new_image.len - at < unit ? new_image.len - at : unit;

        if (slot_stage(&sim.map, at, new_image.bytes + at, some) != OTA_OK)
            sim_violate(&sim, "staging fails");
    }
    if (l->trouble == TROUBLE_STAGED_POISONED)
        sim_rot(&sim, (struct sim_rot){0, sim.map.b_at + unit, 4});
    if (slot_request(&sim.map, &info) != OTA_OK)
        sim_violate(&sim, "the request fails");
    known.requested = true;
    if (l->app == APP_WITHDRAWS) {
        if (slot_request_withdraw(&sim.map) != OTA_OK)
            sim_violate(&sim, "withdrawing fails");
        known.settled = true;
    }
}

static void app_confirm(void)
{
    struct image_info info = {.security_counter = 20};

    known.confirming = true;
    if (slot_confirm(&sim.map, &info) != OTA_OK)
        sim_violate(&sim, "confirming fails");
    known.confirmed = true;
    known.settled = true;
}

/* Is the new image one that must never be let in? */
static bool refusable(const struct life *l)
{
    return l->trouble == TROUBLE_BAD_IMAGE || l->trouble == TROUBLE_OLDER ||
           l->trouble == TROUBLE_STAGED_POISONED;
}

/* The old image runs: what does that mean? */
static void run_old(const struct life *l, const struct boot_record *r)
{
    if (known.confirmed)
        sim_violate(&sim, "the old image runs after the new one was confirmed");
    if (r->on_trial != 0)
        sim_violate(&sim, "the old image is on trial");
    if (refusable(l) && sim.erases_a > 0)
        sim_violate(&sim, "an image that must be refused was moved to A");
    if (known.runs_new > 0)
        known.went_back = true;
    if (known.requested && (known.went_back || r->decision == BOOT_REFUSED))
        known.settled = true;
    /* Started once: a cut may have torn the first attempt, then the agent does it again. */
    if (!known.settled && !known.requested)
        app_update(l);
    else if (known.requested && !known.went_back)
        known.settled = true; /* refused, and the record of it was in a boot that was cut */
}

static void run_new(const struct life *l, const struct boot_record *r)
{
    struct slot_state s;

    known.requested = true; /* the request may have been cut and count all the same */
    if (known.went_back)
        sim_violate(&sim, "the new image runs again after it was given up");
    if (refusable(l))
        sim_violate(&sim, "an image that must be refused runs");
    if (slot_state_get(&sim.map, &s) != OTA_OK)
        sim_violate(&sim, "no journal");
    if (known.confirmed && (s.phase != SLOT_IDLE || s.security_floor != 20))
        sim_violate(&sim, "the confirmation is lost");
    if (known.confirmed && s.manifest_sequence != (l->trouble == TROUBLE_NEW_KEY ? 2u : 1u))
        sim_violate(&sim, "the key manifest in force is %u", s.manifest_sequence);
    if (!known.confirming && r->on_trial == 0)
        sim_violate(&sim, "an unconfirmed image is not on trial");
    if (!known.confirming && s.security_floor != 10)
        sim_violate(&sim, "the floor rose before the confirmation");
    if (!known.confirming && l->trouble != TROUBLE_A_ROTTEN &&
        !slot_holds(&sim, sim.map.b_at, &old_image))
        sim_violate(&sim, "the old image is not complete in B during the trial");
    if (!known.confirming && ++known.runs_new > 3)
        sim_violate(&sim, "an unconfirmed image runs for the %uth time", known.runs_new);
    if (known.settled)
        return;
    if (l->app == APP_CONFIRMS || (l->app == APP_CONFIRMS_LATE && r->tries_left == 0))
        app_confirm();
}

/* One boot: the loader, then the app until it resets.  False when the life is over. */
static void boot(const struct life *l)
{
    struct boot_record r;
    enum image_verdict v = boot_run(&sim.map, sim_roots, BOOT_CAUSE_SOFT, NULL, &no_hooks, &r);

    if (v != IMAGE_GOOD)
        sim_violate(&sim, "nothing boots (%u)", (unsigned)v);
    else if (slot_holds(&sim, sim.map.a_at, &old_image) && r.version.major == 1)
        run_old(l, &r);
    else if (slot_holds(&sim, sim.map.a_at, &new_image) && r.version.major == 2)
        run_new(l, &r);
    else
        sim_violate(&sim, "A holds neither image");
}

static void report(const struct sim_geometry *g, const struct life *l)
{
    printf("BROKEN: %s\n  erase %u program %u erased %02x sectors %u, app %d, trouble %d, "
           "payloads %u %u",
           sim.why, g->erase_bytes, g->program_bytes, g->erased, g->sectors, (int)l->app,
           (int)l->trouble, l->old_payload, l->new_payload);
    for (int i = 0; i < SIM_CUTS_MAX; i++)
        printf("  cut %u/%d", sim.cut[i].at, (int)sim.cut[i].tear);
    printf("\n  after %lu cases\n", cases);
    exit(1);
}

static uint32_t live(const struct sim_geometry *g, const struct life *l, struct sim_cut first,
                     struct sim_cut second)
{
    volatile int after = 0;

    sim_copy(&sim, &base);
    sim.random = (first.at * 7919u + second.at * 104729u + first.tear * 31u + second.tear) *
                     2654435761u |
                 1u;
    sim.cut[0] = first;
    sim.cut[1] = second;
    memset(&known, 0, sizeof known);
    sim.powered = true;
    /* two more boots after all is settled: it must stay so */
    for (volatile int i = 0; i < BOOTS_MAX && after < 3 && !sim.violated; i++) {
        sim_power_on(&sim);
        if (setjmp(sim.off) == 0)
            boot(l);
        after += known.settled;
    }
    sim.powered = false;
    if (!sim.violated && after < 3)
        sim_violate(&sim, "the update does not end");
    if (sim.violated)
        report(g, l);
    cases++;
    return sim.operations;
}

/* A sample that stays the same from run to run: is this one of it? */
static bool chosen(uint32_t per_mille)
{
    static uint32_t n;

    n = n * 1664525u + 1013904223u;
    return (n >> 8) % 1000 < per_mille * percent / 100;
}

/* All operations of all lives, all tears. */
static void singles(const struct sim_geometry *g, uint32_t per_mille)
{
    static const uint32_t payloads[][2] = {{700, 900}, {1200, 300}, {200, 1250}};
    const struct sim_cut none = {0, SIM_BEFORE};

    for (int trouble = 0; trouble < TROUBLES; trouble++)
        for (int app = 0; app < APPS; app++)
            for (size_t p = 0; p < sizeof payloads / sizeof payloads[0]; p++) {
                struct life l = {(enum app)app, (enum trouble)trouble, payloads[p][0],
                                 payloads[p][1]};
                uint32_t operations;

                prepare(g, &l);
                operations = live(g, &l, none, none);
                for (uint32_t at = 1; at <= operations; at++)
                    for (int tear = 0; tear < SIM_TEARS; tear++)
                        if (chosen(per_mille))
                            (void)live(g, &l, (struct sim_cut){at, (enum sim_tear)tear}, none);
            }
}

/* Random lives with three cuts near each other. */
static void clusters(const struct sim_geometry *g, uint32_t count)
{
    const struct sim_cut none = {0, SIM_BEFORE};
    uint32_t random = 99;

    for (uint32_t i = 0; i < count * percent / 100; i++) {
        uint32_t r = random = random * 1664525u + 1013904223u, operations;
        struct life l = {(enum app)((r >> 8) % APPS), (enum trouble)((r >> 12) % TROUBLES),
                         200 + (r >> 16) % 1100, 200 + (r >> 5) % 1100};

        prepare(g, &l);
        operations = live(g, &l, none, none);
        for (int k = 0; k < 16; k++) {
            struct sim_cut first, second;

            r = (random = random * 1664525u + 1013904223u) >> 5;
            first = (struct sim_cut){1 + r % operations, (enum sim_tear)(1 + (r >> 20) % 5)};
            r = (random = random * 1664525u + 1013904223u) >> 5;
            second = (struct sim_cut){first.at + 1 + r % 120,
                                      (enum sim_tear)((r >> 20) % SIM_TEARS)};
            base.cut[2] = (struct sim_cut){second.at + 1 + (r >> 9) % 90, SIM_UNSTABLE};
            (void)live(g, &l, first, second);
        }
    }
}

int main(int argc, char **argv)
{
    static const struct sim_geometry all[] = {{512, 32, 0xff, 3}, {512, 16, 0x00, 3}};
    static const struct sim_geometry some[] = {
        {512, 8, 0xff, 3}, {1024, 4, 0x00, 2}, {512, 2, 0x00, 3}, {512, 1, 0xff, 3}};

    if (argc > 1)
        percent = (uint32_t)strtoul(argv[1], NULL, 10);
    singles(&all[0], 1000);
    singles(&all[1], 400);
    printf("lives with one cut:          %8lu cases\n", cases);
    for (size_t i = 0; i < sizeof some / sizeof some[0]; i++)
        singles(&some[i], some[i].program_bytes * 6);
    printf("and finer program units:     %8lu cases\n", cases);
    clusters(&all[0], 8000);
    printf("and random cuts in threes:   %8lu cases, all well\n", cases);
    return 0;
}
