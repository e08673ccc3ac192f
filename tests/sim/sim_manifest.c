/*
 * Rotating image keys under power cuts: the unmodified boot loop and slot functions over
 * hostile flash, with an app that brings two newer key manifests and, between them, an image
 * by a key that was revoked.
 *
 * Manifest 1 lists key A, 2 lists key B, 3 lists key C; each drops the one before.  Invariants:
 *  - some authentic image runs after every boot, of the version the story is at;
 *  - a manifest is in force at every boot, and it is the last one whose image was confirmed:
 *    never an older one, never a newer one before slot_confirm was called;
 *  - once 2 is in force, an image by key A is refused, and manifest 1 cannot come back;
 *  - an image valid only under the manifest in force leaves the pending one pending;
 *  - when what runs at the end is lost, nothing boots rather than the image behind it, which is
 *    whole, but by a key that was revoked.
 * Behind image 1 lies nothing, a good image, or another one by the same key, which may all be
 * a thief's.
 *
 *   sim_manifest [seconds]   prints the number of distinct cases; fails on the first broken one
 */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../bootloader/boot.h"
#include "flash_sim.h"
#include "images_sim.h"

enum { KEY_A = 11, KEY_B = 12, KEY_C = 13, BOOTS_MAX = 40, PAYLOAD_BYTES = 300 };

/* The story; the app does what its place says, again after each cut. */
enum place {
    BRING_2,   /* image 1 runs; manifest 2, image 2 by key B */
    CONFIRM_2, /* image 2 runs on trial */
    REVOKED,   /* image 2 runs; manifest 1 again, and an image by key A */
    SAME_KEY,  /* image 2 runs; manifest 3, and image 3 by key B: 3 stays pending */
    CONFIRM_3,
    BRING_3, /* image 3 runs; image 4 by key C: now 3 comes into force */
    CONFIRM_4,
    END
};

static struct sim base, sim;
static struct sim_manifest manifest[4];
static struct sim_image image[5], revoked, behind[3];
static unsigned long cases;

/* What the world outside knows, through power cuts. */
static struct known {
    enum place place;
    bool asked;          /* slot_request was called */
    bool confirming;     /* slot_confirm was called, and not known to be done */
    uint32_t in_force;   /* sequence, as far as slot_confirm returned */
    unsigned after_end;  /* boots */
    bool refused_is_due; /* the request for the revoked image returned */
} known;

static void prepare(const struct sim_geometry *g, unsigned what_is_behind)
{
    sim_init(&base, g, 5);
    for (uint8_t i = 1; i <= 3; i++)
        sim_manifest_make(&manifest[i], i, (uint8_t)(KEY_A + i - 1));
    sim_image_make(&image[1], 1, 10, KEY_A, PAYLOAD_BYTES);
    sim_image_make(&image[2], 2, 20, KEY_B, PAYLOAD_BYTES + 200);
    sim_image_make(&revoked, 5, 50, KEY_A, PAYLOAD_BYTES);
    sim_image_make(&image[3], 3, 30, KEY_B, PAYLOAD_BYTES);
    sim_image_make(&image[4], 4, 40, KEY_C, PAYLOAD_BYTES);
    if (slot_format(&base.map, manifest[1].bytes, manifest[1].len, 10) != OTA_OK)
        abort();
    sim_put(&base, base.map.a_at, image[1].bytes, image[1].len);
    sim_image_make(&behind[1], 0, 5, KEY_C, PAYLOAD_BYTES + 100);
    sim_image_make(&behind[2], 0, 5, KEY_A, PAYLOAD_BYTES + 100);
    sim_put(&base, base.map.b_at, behind[what_is_behind].bytes, behind[what_is_behind].len);
    base.operations_boot_max = 64 * g->erase_bytes / g->program_bytes * g->sectors;
}

static void bring_manifest(uint32_t sequence)
{
    struct manifest m;

    if (slot_manifest_stage(&sim.map, sim_roots, manifest[sequence].bytes,
                            manifest[sequence].len) != OTA_OK)
        sim_violate(&sim, "manifest %u is not taken", sequence);
    else if (slot_manifest_pending(&sim.map, sim_roots, &m) != OTA_OK || m.sequence != sequence)
        sim_violate(&sim, "manifest %u is not pending", sequence);
}

static void bring_image(const struct sim_image *i)
{
    const struct image_info info = {.total_bytes = i->len};
    uint32_t unit = sim.flash.erase_bytes;

    for (uint32_t at = 0; at < i->len; at += unit) {
        uint32_t some = i->len - at < unit ? i->len - at : unit;

        if (slot_stage(&sim.map, at, i->bytes + at, some) != OTA_OK)
            sim_violate(&sim, "staging fails");
    }
    known.asked = true;
    if (slot_request(&sim.map, &info) != OTA_OK)
        sim_violate(&sim, "the request fails");
}

static void confirm(uint32_t counter, uint32_t then_in_force)
{
    const struct image_info info = {.security_counter = counter};

    known.confirming = true;
    if (slot_confirm(&sim.map, &info) != OTA_OK)
        sim_violate(&sim, "confirming fails");
    known.confirming = false;
    known.in_force = then_in_force;
    known.place++;
    known.asked = false;
}

/* What is in force fits the story. */
static void check_in_force(void)
{
    struct slot_state s;
    struct manifest m;

    if (slot_state_get(&sim.map, &s) != OTA_OK)
        sim_violate(&sim, "no journal");
    else if (slot_manifest(&sim.map, sim_roots, &m) != OTA_OK)
        sim_violate(&sim, "no manifest is in force");
    else if (m.sequence != s.manifest_sequence)
        sim_violate(&sim, "%u is in force, the journal says %u", m.sequence,
                    s.manifest_sequence);
    else if (m.sequence != known.in_force &&
             !(known.confirming && m.sequence == known.in_force + 1))
        sim_violate(&sim, "%u is in force instead of %u", m.sequence, known.in_force);
}

/* The app, running this version, at a place before a confirmation. */
static void act(void)
{
    switch (known.place) {
    case BRING_2:
        bring_manifest(2);
        bring_image(&image[2]);
        return;
    case REVOKED:
        if (slot_manifest_stage(&sim.map, sim_roots, manifest[1].bytes, manifest[1].len) !=
            OTA_E_ROLLBACK)
            sim_violate(&sim, "an older manifest is taken");
        bring_image(&revoked);
        known.refused_is_due = true;
        return;
    case SAME_KEY:
        bring_manifest(3);
        bring_image(&image[3]);
        return;
    case BRING_3:
        bring_image(&image[4]);
        return;
    case CONFIRM_2:
    case CONFIRM_3:
    case CONFIRM_4:
    case END:
        break;
    }
}

/* Which image may run at a place whose request was (not) made; the one it brings, too. */
static void run(const struct boot_record *r)
{
    static const uint8_t runs[] = {1, 2, 2, 2, 3, 3, 4, 4};
    bool brings = known.place == BRING_2 || known.place == SAME_KEY || known.place == BRING_3;
    struct manifest m;

    if (known.place == REVOKED && known.refused_is_due) {
        known.place = SAME_KEY;
        known.asked = false;
        brings = true;
    }
    if (brings && known.asked && r->version.major == runs[known.place + 1])
        known.place++; /* it counts, whether slot_request returned or not */
    if (r->version.major != runs[known.place])
        sim_violate(&sim, "image %u runs at place %d", r->version.major, (int)known.place);
    check_in_force();
    if (sim.violated)
        return;
    switch (known.place) {
    case CONFIRM_2:
        confirm(20, 2);
        break;
    case CONFIRM_3:
        confirm(30, 2);
        if (slot_manifest_pending(&sim.map, sim_roots, &m) != OTA_OK || m.sequence != 3)
            sim_violate(&sim, "manifest 3 is no longer pending");
        break;
    case CONFIRM_4:
        confirm(40, 3);
        break;
    case END:
        known.after_end++;
        return;
    case BRING_2:
    case REVOKED:
    case SAME_KEY:
    case BRING_3:
        break;
    }
    act();
}

static void boot(void)
{
    static const struct boot_hooks no_hooks = {NULL, NULL, NULL};
    struct boot_record r;
    enum image_verdict v = boot_run(&sim.map, sim_roots, BOOT_CAUSE_SOFT, NULL, &no_hooks, &r);

    if (v != IMAGE_GOOD)
        sim_violate(&sim, "nothing boots (%u) at place %d", (unsigned)v, (int)known.place);
    else
        run(&r);
}

static void lose_what_runs(void)
{
    static const struct boot_hooks no_hooks = {NULL, NULL, NULL};
    struct image_source src = slot_previous(&sim.map), staged = slot_staged(&sim.map);
    struct image_info info;
    enum image_verdict why;
    struct boot_record r;
    uint8_t nothing[64] = {0};

    if (image_parse(&src, &info, &why) != OTA_OK || info.version.major != 3)
        sim_violate(&sim, "image 3 is not what lies behind");
    sim_put(&sim, sim.map.a_at, nothing, sizeof nothing);
    if (image_parse(&staged, &info, &why) == OTA_OK) /* as it was brought */
        sim_put(&sim, sim.map.b_at + sim.flash.erase_bytes, nothing, sizeof nothing);
    if (boot_run(&sim.map, sim_roots, BOOT_CAUSE_SOFT, NULL, &no_hooks, &r) == IMAGE_GOOD)
        sim_violate(&sim, "an image by a revoked key boots: %u", r.version.major);
}

static uint32_t live(const struct sim_geometry *g, struct sim_cut first, struct sim_cut second)
{
    sim_copy(&sim, &base);
    sim.random = (first.at * 7919u + second.at * 104729u + first.tear * 31u + second.tear) *
                     2654435761u |
                 1u;
    sim.cut[0] = first;
    sim.cut[1] = second;
    known = (struct known){.place = BRING_2, .in_force = 1};
    sim.powered = true;
    for (volatile int i = 0; i < BOOTS_MAX && known.after_end < 2 && !sim.violated; i++) {
        sim_power_on(&sim);
        if (setjmp(sim.off) == 0)
            boot();
    }
    sim.powered = false;
    if (!sim.violated && known.after_end < 2)
        sim_violate(&sim, "the story does not end");
    if (!sim.violated)
        lose_what_runs();
    if (sim.violated) {
        printf("BROKEN: %s\n  erase %u program %u erased %02x, cuts %u/%d %u/%d\n", sim.why,
               g->erase_bytes, g->program_bytes, g->erased, first.at, (int)first.tear,
               second.at, (int)second.tear);
        exit(1);
    }
    cases++;
    return sim.operations;
}

int main(int argc, char **argv)
{
    static const struct sim_geometry all[] = {
        {512, 32, 0xff, 3}, {512, 16, 0x00, 3}, {1024, 8, 0x00, 2}};
    enum { GEOMETRIES = sizeof all / sizeof all[0] };
    const struct sim_cut none = {0, SIM_BEFORE};
    time_t end;
    uint32_t operations[GEOMETRIES], random = 1;

    for (uint32_t i = 0; i < GEOMETRIES; i++) {
        prepare(&all[i], i);
        operations[i] = live(&all[i], none, none);
        if (operations[i] == 0)
            return 1;
        for (uint32_t at = 1; at <= operations[i]; at += 1 + i)
            for (int tear = 0; tear < SIM_TEARS; tear++)
                (void)live(&all[i], (struct sim_cut){at, (enum sim_tear)tear}, none);
    }
    printf("key rotations with one cut:    %8lu cases\n", cases);
    end = time(NULL) + (argc > 1 ? strtol(argv[1], NULL, 10) : 5);
    for (uint32_t i = 0; time(NULL) < end; i = (i + 1) % GEOMETRIES) {
        prepare(&all[i], i);
        for (int k = 0; k < 200; k++) {
            struct sim_cut first, second;

            random = random * 1664525u + 1013904223u;
            first = (struct sim_cut){1 + (random >> 8) % operations[i],
                                     (enum sim_tear)((random >> 4) % SIM_TEARS)};
            random = random * 1664525u + 1013904223u;
            second = (struct sim_cut){first.at + 1 + (random >> 8) % 90,
                                      (enum sim_tear)((random >> 4) % SIM_TEARS)};
            (void)live(&all[i], first, second);
        }
    }
    printf("and with two:                  %8lu cases, all well\n", cases);
    return 0;
}
