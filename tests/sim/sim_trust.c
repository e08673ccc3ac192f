/*
 * What a device trusts of its repository (firmware/ota/trust_store), over hostile flash: random
 * lives of new roots and new versions with power cuts, several in a row.  After each boot the
 * state is what was last reported as written or one that was under way, with its root whole;
 * there is always one.
 *
 *   sim_trust [lives]          fails on the first broken one
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../firmware/ota/trust_store.h"
#include "flash_sim.h"

enum { BOOTS = 12, WRITES = 16, TRIED_MAX = 2 * BOOTS, ROOT_BYTES = 300 };

static struct sim sim;
static struct trust_region region;
static uint32_t kept; /* number of the state that was last reported as written */
static uint32_t tried[TRIED_MAX], tries; /* under way since: may count or not */
static uint32_t number;

static uint32_t root_bytes(uint32_t root)
{
    return 1 + root * 97 % ROOT_BYTES;
}

static void fill(uint8_t *buf, uint32_t root)
{
    for (uint32_t i = 0; i < root_bytes(root); i++)
        buf[i] = (uint8_t)(root * 31 + i * 7);
}

static bool expected(uint32_t n)
{
    bool found = n == kept;

    for (uint32_t i = 0; i < tries && i < TRIED_MAX; i++)
        found = found || n == tried[i];
    return found;
}

/* The state in flash; its number is in every version but root's. */
static bool load(struct trust_state *s)
{
    uint8_t got[TRUST_ROOT_BYTES_MAX], want[TRUST_ROOT_BYTES_MAX];
    ota_err e = trust_load(&region, s);

    if (e != OTA_OK) {
        sim_violate(&sim, "the state is lost: %s", ota_err_name(e));
        return false;
    }
    if (s->timestamp != s->role || s->time_s != s->role || !expected(s->role))
        sim_violate(&sim, "found %u, kept was %u", s->role, kept);
    fill(want, s->root);
    if (s->root_bytes != root_bytes(s->root) || trust_root_read(&region, s, got) != OTA_OK ||
        memcmp(got, want, s->root_bytes) != 0)
        sim_violate(&sim, "the root is not its state's");
    return !sim.violated;
}

static void save(struct trust_state *s, bool new_root)
{
    uint8_t root[TRUST_ROOT_BYTES_MAX];
    ota_err e = OTA_OK;

    if (new_root && s->root_bytes != 0 && !s->settled)
        e = trust_save(&region, s); /* as trust.c does */
    number++;
    s->timestamp = s->snapshot = s->targets = s->role = number;
    s->time_s = s->director = number;
    tried[tries++ % TRIED_MAX] = number;
    if (e == OTA_OK && new_root) {
        s->root++;
        fill(root, s->root);
        e = trust_root_save(&region, s, root, root_bytes(s->root));
    } else if (e == OTA_OK) {
        e = trust_save(&region, s);
    }
    if (e != OTA_OK) {
        sim_violate(&sim, "save fails: %s", ota_err_name(e));
        return;
    }
    kept = number;
    tries = 0;
}

static void boot(void)
{
    struct trust_state s, again;

    if (!load(&s))
        return;
    for (uint32_t i = sim_random(&sim) % WRITES; i > 0 && !sim.violated; i--) {
        save(&s, sim_random(&sim) % 3 == 0);
        if (!sim.violated && load(&again) && again.role != s.role)
            sim_violate(&sim, "%u was saved, %u is read", s.role, again.role);
    }
}

/* What mostly reads as complete, and then does not, is the most treacherous. */
static const enum sim_tear tears[8] = {SIM_BEFORE, SIM_TORN,   SIM_UNSTABLE, SIM_ALMOST,
                                       SIM_ALMOST, SIM_ALMOST, SIM_HARDLY,   SIM_POISON};

static bool life(const struct sim_geometry *g, uint32_t seed)
{
    struct trust_state s = {.root_bytes = 0};

    sim_init(&sim, g, seed);
    region = (struct trust_region){.flash = &sim.flash, .at = sim.map.a_at};
    number = tries = 0;
    save(&s, true);
    sim.powered = true;
    for (volatile int i = 0; i < BOOTS && !sim.violated; i++) {
        uint32_t far = sim_random(&sim) % 4 == 0 ? 400 : 40;

        sim.cut[0] = (struct sim_cut){sim.operations + 1 + sim_random(&sim) % far,
                                      tears[sim_random(&sim) % 8]};
        sim_power_on(&sim);
        if (setjmp(sim.off) == 0)
            boot();
    }
    if (sim.violated)
        printf("BROKEN: %s\n  erase %u program %u erased %02x, seed %u\n", sim.why,
               g->erase_bytes, g->program_bytes, g->erased, seed);
    return !sim.violated;
}

int main(int argc, char **argv)
{
    static const struct sim_geometry geometries[] = {
        {512, 32, 0xff, 20}, {1024, 16, 0x00, 10}, {2048, 8, 0xff, 6}, {1024, 4, 0xff, 10}};
    const uint32_t kinds = sizeof geometries / sizeof geometries[0];
    uint32_t lives = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1000;

    for (uint32_t seed = 1; seed <= lives; seed++)
        if (!life(&geometries[seed % kinds], seed))
            return 1;
    printf("trust: %u lives with %d power cuts each, nothing lost\n", lives, BOOTS);
    return 0;
}
