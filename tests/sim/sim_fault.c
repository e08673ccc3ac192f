/*
 * Flash that fails: every call of the driver (read, program, erase) in turn reports an error,
 * once, for a while or until the reset, or (programs and erases) does nothing and reports
 * success, while a device boots or its app works on the slots.  A while lasts 3 to 1000 calls,
 * over resets if need be; in it every call fails, or those of one kind, or bursts of them.
 *
 * Invariants: no call is made after which the device could not go on; the boot in which the
 * flash failed may start nothing, but those after it start an authentic image, bit for bit the
 * old or the new one, and the story ends; what slot_confirm reported as kept is kept, and no
 * image is kept that never confirmed.  What a failure may cost: see check_cost.
 *
 *   sim_fault       prints the number of cases; fails on the first broken one; with
 *                   OTAD_TEST_MODE=full more of the whiles
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../bootloader/boot.h"
#include "../../firmware/slot/journal.h"
#include "flash_sim.h"
#include "images_sim.h"

enum { KEY_OLD = 11, KEY_NEW = 12, BOOTS = 8 };

#define FOR_EVER (UINT32_MAX / 2) /* calls: until the reset */

/* What the device is at when its flash fails. */
enum scene {
    SCENE_IDLE,
    SCENE_REQUESTED,
    SCENE_SWAPPING, /* power was cut in the middle of it */
    SCENE_TRIAL,
    SCENE_TRIAL_OVER,  /* no boots left: revert */
    SCENE_TRIAL_FULL,  /* and its unit of the journal is full: the next entry leaves it */
    SCENE_A_ROTTEN,    /* the old image lies in B */
    SCENE_ONLY_STAGED, /* nothing but a staged image */
    SCENE_NO_JOURNAL,
    SCENE_STAGE, /* the app at work: */
    SCENE_REQUEST,
    SCENE_WITHDRAW,
    SCENE_CONFIRM,
    SCENE_MANIFEST,
    SCENES
};

/* What fails, and a power cut on top of it. */
struct fault {
    uint32_t at, calls;
    uint32_t kinds, burst;
    bool quiet;
    uint32_t cut_at;
    bool journal_only;
};

static struct sim base, sim;
static struct sim_image old_image, new_image;
static struct sim_manifest manifest_1, manifest_2;
static unsigned long cases;
static bool asked, confirmed; /* slot_confirm was called; and said that it is kept */
static int trials;            /* boots on trial that were not confirmed */
static const struct boot_hooks no_hooks = {NULL, NULL, NULL};

static void put_image(struct sim *s, uint32_t at, const struct sim_image *image)
{
    sim_put(s, at, image->bytes, image->len);
}

/* Is this what lies there?  Asked of the cells: no call of the driver. */
static bool holds(uint32_t at, const struct sim_image *image)
{
    static const uint8_t stable[SIM_IMAGE_MAX];

    return memcmp(sim.now + at, image->bytes, image->len) == 0 &&
           memcmp(sim.odds + at, stable, image->len) == 0;
}

static enum image_verdict boot(struct boot_record *r)
{
    sim_power_on(&sim);
    return boot_run(&sim.map, sim_roots, BOOT_CAUSE_SOFT, NULL, &no_hooks, r);
}

/* Let the power fail when the third operation of the swap has begun. */
static void cut_in_the_middle(void)
{
    struct journal j = {.step = 0};

    for (volatile uint32_t at = 30; !j.swapping || j.step < 2; at++) {
        struct boot_record r;

        sim_copy(&sim, &base);
        sim.powered = true;
        sim.cut[0] = (struct sim_cut){at, SIM_TORN};
        if (setjmp(sim.off) == 0)
            (void)boot(&r);
        sim.powered = false;
        if (journal_open(&j, &sim.map) != OTA_OK)
            abort();
    }
    sim.cut[0].at = 0;
}

static void prepare(const struct sim_geometry *g, enum scene scene)
{
    struct image_info info = {.total_bytes = 100};
    struct journal j;
    struct boot_record r;
    uint32_t unit = g->erase_bytes;

    sim_init(&base, g, 3);
    if (slot_format(&base.map, manifest_1.bytes, manifest_1.len, 10) != OTA_OK)
        abort();
    if (scene != SCENE_A_ROTTEN && scene != SCENE_ONLY_STAGED)
        put_image(&base, base.map.a_at, &old_image);
    if (scene == SCENE_A_ROTTEN)
        put_image(&base, base.map.b_at, &old_image);
    if (scene == SCENE_NO_JOURNAL)
        memset(base.now, g->erased, (size_t)2 * unit);
    if (scene == SCENE_ONLY_STAGED || (scene >= SCENE_REQUESTED && scene <= SCENE_TRIAL_FULL) ||
        scene == SCENE_WITHDRAW || scene == SCENE_CONFIRM || scene == SCENE_REQUEST)
        put_image(&base, base.map.b_at + unit, &new_image);
    if ((scene >= SCENE_REQUESTED && scene <= SCENE_TRIAL_FULL) || scene == SCENE_WITHDRAW ||
        scene == SCENE_CONFIRM)
        if (slot_request(&base.map, &info) != OTA_OK)
            abort();
    sim_copy(&sim, &base);
    if (scene == SCENE_SWAPPING) {
        cut_in_the_middle();
    } else if ((scene >= SCENE_TRIAL && scene <= SCENE_TRIAL_FULL) || scene == SCENE_CONFIRM) {
        (void)boot(&r);
    }
    if (scene == SCENE_TRIAL_OVER || scene == SCENE_TRIAL_FULL) {
        if (journal_open(&j, &sim.map) != OTA_OK)
            abort();
        if (scene == SCENE_TRIAL_OVER)
            j.state.tries_left = 0;
        do {
            if (journal_settle(&j) != OTA_OK)
                abort();
        } while (scene == SCENE_TRIAL_FULL && (j.log.next + 1u) * LOG_RECORD_BYTES < unit);
    }
    sim.powered = false;
    sim_copy(&base, &sim);
    base.operations = base.calls = base.erases_a = 0;
}

static void confirm(void)
{
    struct image_info info = {.security_counter = 20};

    asked = true;
    if (slot_confirm(&sim.map, &info) == OTA_OK)
        confirmed = true;
}

/* Begin the scene; errors are what is expected of it. */
static enum image_verdict play(enum scene scene)
{
    struct image_info info = {.total_bytes = new_image.len};
    enum image_verdict v = IMAGE_BLANK;
    struct boot_record r;
    ota_err e = OTA_OK;

    switch (scene) {
    case SCENE_STAGE:
        e = slot_stage(&sim.map, 0, new_image.bytes, new_image.len);
        break;
    case SCENE_REQUEST:
        e = slot_request(&sim.map, &info);
        break;
    case SCENE_WITHDRAW:
        e = slot_request_withdraw(&sim.map);
        break;
    case SCENE_CONFIRM:
        confirm();
        break;
    case SCENE_MANIFEST:
        e = slot_manifest_stage(&sim.map, sim_roots, manifest_2.bytes, manifest_2.len);
        break;
    case SCENE_IDLE:
    case SCENE_REQUESTED:
    case SCENE_SWAPPING:
    case SCENE_TRIAL:
    case SCENE_TRIAL_OVER:
    case SCENE_TRIAL_FULL:
    case SCENE_A_ROTTEN:
    case SCENE_ONLY_STAGED:
    case SCENE_NO_JOURNAL:
    case SCENES:
        v = boot(&r);
        break;
    }
    if (e != OTA_OK && e != OTA_E_IO && e != OTA_E_NOT_FOUND && e != OTA_E_SIGNATURE &&
        e != OTA_E_FORMAT)
        sim_violate(&sim, "an unexpected error %d", (int)e);
    return v;
}

/* A boot, and what the app does in it.  True when there is nothing left to do. */
static bool boot_and_confirm(bool flash_works)
{
    struct slot_state s;
    struct boot_record r;
    enum image_verdict v = boot(&r);
    bool runs_old, runs_new;

    if (v != IMAGE_GOOD && flash_works)
        sim_violate(&sim, "nothing boots (%u)", (unsigned)v);
    if (v != IMAGE_GOOD)
        return false;
    runs_old = holds(sim.map.a_at, &old_image);
    runs_new = holds(sim.map.a_at, &new_image);
    if (!runs_old && !runs_new)
        sim_violate(&sim, "A holds neither image");
    else if (runs_old && confirmed)
        sim_violate(&sim, "the confirmation is lost");
    else if (slot_state_get(&sim.map, &s) != OTA_OK && flash_works)
        sim_violate(&sim, "there is no state");
    else if (runs_new && !r.on_trial && !asked && flash_works)
        sim_violate(&sim, "an image is kept that never confirmed");
    else if (r.on_trial)
        confirm();
    else
        return true;
    if (r.on_trial && !confirmed)
        trials++;
    return false;
}

/* The flash fails on, over resets, until it works again. */
static void meanwhile(struct fault f)
{
    uint32_t before;

    if (f.calls == 0 || f.calls == FOR_EVER)
        return;
    do {
        before = sim.calls;
        (void)boot_and_confirm(false);
    } while (!sim.violated && sim.calls - f.at < f.calls && sim.calls != before);
}

/* The flash works again: what runs, and does it end? */
static void after(void)
{
    bool at_rest = false;

    for (int i = 0; i < BOOTS && !sim.violated; i++)
        at_rest = boot_and_confirm(true) || at_rest;
    if (!at_rest)
        sim_violate(&sim, "it does not end");
}

static void report(const struct sim_geometry *g, enum scene scene, struct fault f)
{
    printf("BROKEN: %s\n  erase %u program %u erased %02x, scene %d, calls %u to %u, kinds %u, "
           "burst %u fail%s, cut at %u%s\n",
           sim.why, g->erase_bytes, g->program_bytes, g->erased, (int)scene, f.at,
           f.at + f.calls - 1, f.kinds, f.burst, f.quiet ? " quietly" : "", f.cut_at,
           f.journal_only ? ", journal only" : "");
    exit(1);
}

/*
 * What a failure may cost.  Nothing where no sectors have to move, however long it takes, but
 * for a trial that could not be confirmed; nothing of a swap that was begun; no more than time,
 * if it is a single call.
 */
static void check_cost(enum scene scene, struct fault f, bool started)
{
    bool peace = scene == SCENE_IDLE || ((scene == SCENE_TRIAL || scene == SCENE_TRIAL_FULL) &&
                                         trials < JOURNAL_TRIES);
    bool once = f.calls == 1 && !f.quiet, runs_new = holds(sim.map.a_at, &new_image);

    if (f.burst > 0 || f.cut_at > 0)
        return;
    if (peace && sim.erases_a > 0)
        sim_violate(&sim, "a failure for a while moves sectors");
    if (peace && once && !started)
        sim_violate(&sim, "a single failure keeps a good image from starting");
    if ((scene == SCENE_SWAPPING || (scene == SCENE_REQUESTED && once)) &&
        trials < JOURNAL_TRIES && !(runs_new && holds(sim.map.b_at, &old_image)))
        sim_violate(&sim, "the update or its way back is lost");
}

static uint32_t run(const struct sim_geometry *g, enum scene scene, struct fault f)
{
    volatile uint32_t taken = 0;
    volatile bool started = true;

    sim_copy(&sim, &base);
    asked = confirmed = false;
    trials = 0;
    sim.powered = true;
    sim.fail_at = f.at;
    sim.fail_for = f.calls;
    sim.fail_kinds = f.kinds;
    sim.fail_burst = f.burst;
    sim.quiet = f.quiet;
    sim.journal_only = f.journal_only;
    sim.cut[0] = (struct sim_cut){f.cut_at, SIM_UNSTABLE};
    if (setjmp(sim.off) == 0) {
        started = play(scene) == IMAGE_GOOD;
        taken = sim.calls;
    }
    sim.cut[0].at = 0;
    if (!sim.violated && setjmp(sim.off) == 0)
        meanwhile(f);
    sim.fail_for = 0;
    if (!sim.violated && setjmp(sim.off) == 0)
        after();
    if (!sim.violated)
        check_cost(scene, f, started);
    if (sim.violated)
        report(g, scene, f);
    cases++;
    return taken;
}

/* One failure, a few, and until the reset; a power cut on top; a journal that takes nothing. */
static void short_ones(const struct sim_geometry *g, enum scene scene, uint32_t calls)
{
    static const uint32_t lengths[] = {1, 3, 5, FOR_EVER};
    bool moves =
        scene == SCENE_REQUESTED || scene == SCENE_SWAPPING || scene == SCENE_TRIAL_OVER;

    for (uint32_t at = 1; at <= calls; at++) {
        for (size_t k = 0; k < 2 * sizeof lengths / sizeof lengths[0]; k++)
            (void)run(g, scene,
                      (struct fault){.at = at, .calls = lengths[k / 2], .quiet = k % 2 == 1});
        for (uint32_t cut = 1 + at % 5; moves && cut < 400; cut += 47) {
            (void)run(g, scene, (struct fault){.at = at, .calls = 4 + cut % 3, .cut_at = cut});
            (void)run(g, scene,
                      (struct fault){
                          .at = at, .calls = FOR_EVER, .cut_at = cut, .journal_only = true});
        }
    }
}

/*
 * A while that ends by itself, in this boot or a later one: everything fails, or one kind of
 * call, solidly or in bursts.  Each place gets a few of the ways, others than its neighbours,
 * so that each way meets each part of each scene.
 */
static void windows(const struct sim_geometry *g, enum scene scene, uint32_t calls, bool more)
{
    static const uint32_t lengths[] = {7,  8,  9,  10, 12, 15,  18,  21,  24,  27,  30,
                                       36, 42, 48, 64, 85, 100, 140, 200, 300, 500, 1000};
    static const uint32_t kinds[] = {0, SIM_READ, SIM_PROGRAM, SIM_ERASE,
                                     SIM_PROGRAM | SIM_ERASE};
    static const uint32_t bursts[] = {0, 1, 4, 15, 40};
    enum {
        LENGTHS = sizeof lengths / sizeof lengths[0],
        KINDS = sizeof kinds / sizeof kinds[0],
        BURSTS = sizeof bursts / sizeof bursts[0],
        WAYS = LENGTHS * KINDS * BURSTS * 2
    };
    uint32_t stride = more ? 13 : 449; /* primes, no factors of WAYS */

    for (uint32_t at = 1; at <= calls; at++)
        for (uint32_t k = at % stride; k < WAYS; k += stride)
            (void)run(g, scene,
                      (struct fault){.at = at,
                                     .calls = lengths[k % LENGTHS],
                                     .kinds = kinds[k / LENGTHS % KINDS],
                                     .burst = bursts[k / LENGTHS / KINDS % BURSTS],
                                     .quiet = k / LENGTHS / KINDS / BURSTS == 1});
}

int main(void)
{
    static const struct sim_geometry geometries[] = {{512, 16, 0xff, 3}, {1024, 4, 0x00, 2}};
    const char *mode = getenv("OTAD_TEST_MODE");
    bool more = mode != NULL && strcmp(mode, "full") == 0;

    sim_image_make(&old_image, 1, 10, KEY_OLD, 700);
    sim_image_make(&new_image, 2, 20, KEY_OLD, 900);
    sim_manifest_make(&manifest_1, 1, KEY_OLD);
    sim_manifest_make(&manifest_2, 2, KEY_NEW);
    for (size_t i = 0; i < sizeof geometries / sizeof geometries[0]; i++)
        for (int scene = 0; scene < SCENES; scene++) {
            uint32_t calls;

            prepare(&geometries[i], (enum scene)scene);
            calls = run(&geometries[i], (enum scene)scene, (struct fault){.at = 0});
            short_ones(&geometries[i], (enum scene)scene, calls);
            windows(&geometries[i], (enum scene)scene, calls, more);
        }
    printf("flash that fails: %lu cases, all recovered\n", cases);
    return 0;
}
