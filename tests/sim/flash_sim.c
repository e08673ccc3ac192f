/* The simulated flash; see flash_sim.h for what it models. */
#include "flash_sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

uint32_t sim_random(struct sim *s)
{
    s->random ^= s->random << 13;
    s->random ^= s->random >> 17;
    s->random ^= s->random << 5;
    return s->random;
}

void sim_violate(struct sim *s, const char *format, ...)
{
    va_list args;

    if (s->violated)
        return;
    s->violated = true;
    va_start(args, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): it is, right above */
    (void)vsnprintf(s->why, sizeof s->why, format, args);
    va_end(args);
}

/* A byte whose bits come from a, or with these odds (of 256) from b. */
static uint8_t mix(struct sim *s, uint8_t a, uint8_t b, uint32_t odds)
{
    uint8_t from_b = 0;

    for (int bit = 0; bit < 8; bit++)
        from_b |= (uint8_t)((sim_random(s) >> 9 & 255u) < odds ? 1u << bit : 0);
    return (uint8_t)((a & ~from_b) | (b & from_b));
}

static uint8_t byte_read(struct sim *s, uint32_t at)
{
    return s->odds[at] == 0 ? s->now[at] : mix(s, s->now[at], s->was[at], s->odds[at]);
}

/* One byte of a torn operation: what it was, what it should have become. */
static void byte_tear(struct sim *s, uint32_t at, uint8_t want, enum sim_tear tear)
{
    uint8_t had = byte_read(s, at);

    s->odds[at] = 0;
    if (tear == SIM_POISON)
        s->poison[at - at % s->flash.program_bytes] = 1;
    if (tear == SIM_TORN) {
        s->now[at] = mix(s, want, had, 128);
        return;
    }
    s->now[at] = want;
    s->was[at] = had;
    s->odds[at] = tear == SIM_ALMOST ? 1 : tear == SIM_HARDLY ? 255 : 128;
}

static bool in(uint32_t at, uint32_t from, uint32_t len)
{
    return at >= from && at < from + len;
}

/* The code under test has no business in the agent's log and the settings. */
static bool declared(const struct sim *s, uint32_t at)
{
    uint32_t unit = s->flash.erase_bytes;

    return in(at, s->map.journal_at, 2 * unit) || in(at, s->map.manifest_at, 2 * unit) ||
           in(at, s->map.a_at, s->map.slot_bytes) ||
           in(at, s->map.b_at, s->map.slot_bytes + unit);
}

static bool fits(const struct sim *s, uint32_t at, size_t len, uint32_t unit)
{
    return at % unit == 0 && len % unit == 0 && at <= s->flash.size_bytes &&
           len <= s->flash.size_bytes - at;
}

static uint8_t *broken(struct sim *s, uint32_t at)
{
    return &s->broken[at / s->flash.erase_bytes];
}

static void rot_now(struct sim *s)
{
    uint32_t unit = s->flash.program_bytes;

    if (s->rot.how == 5)
        s->poison[s->rot.address] = 1;
    else if (s->rot.how == 4)
        s->poison[s->rot.address + sim_random(s) % (s->flash.erase_bytes / unit) * unit] = 1;
    else
        *broken(s, s->rot.address) = s->rot.how;
}

void sim_rot(struct sim *s, struct sim_rot rot)
{
    s->rot = rot;
    if (rot.how != 0 && rot.at == 0)
        rot_now(s);
}

/* Count an operation; true when the power fails in it. */
static bool counted(struct sim *s, enum sim_tear *out)
{
    if (!s->powered)
        return false;
    s->operations++;
    if (++s->operations_boot > s->operations_boot_max)
        sim_violate(s, "more than %u flash operations in a boot", s->operations_boot_max);
    if (s->violated)
        longjmp(s->off, 2);
    if (s->rot.how != 0 && s->rot.at == s->operations)
        rot_now(s);
    for (int i = 0; i < SIM_CUTS_MAX; i++) {
        if (s->cut[i].at != s->operations)
            continue;
        if (s->cut[i].tear == SIM_BEFORE)
            longjmp(s->off, 1);
        *out = s->cut[i].tear;
        return true;
    }
    return false;
}

/* Flash that comes and goes: is this burst of calls one that fails?  The same in each run. */
static bool bad_burst(const struct sim *s)
{
    uint32_t h = s->fail_burst == 0 ? 0 : (s->calls - s->fail_at) / s->fail_burst;

    if (h == 0)
        return true;
    h = (h ^ s->fail_at << 16) * 0x85ebca6bu;
    h = (h ^ h >> 13) * 0xc2b2ae35u;
    return (h >> 16 & 1u) != 0;
}

/* Does this call of the driver fail for once? */
static bool failing(struct sim *s, uint32_t at, enum sim_call kind)
{
    bool meant = s->fail_kinds == 0 || (s->fail_kinds & (uint32_t)kind) != 0;

    if (s->journal_only)
        meant = kind != SIM_READ && in(at, s->map.journal_at, 2 * s->flash.erase_bytes);

    s->calls++;
    return s->powered && meant && s->calls - s->fail_at < s->fail_for && bad_burst(s);
}

static ota_err sim_read(const struct flash *f, uint32_t at, void *buf, size_t len)
{
    struct sim *s = f->port;
    uint8_t *to = buf;

    if (!fits(s, at, len, 1))
        return OTA_E_LIMIT;
    if (failing(s, at, SIM_READ))
        return OTA_E_IO;
    for (size_t i = 0; i < len; i++) {
        uint32_t unit = at + (uint32_t)i - (at + (uint32_t)i) % f->program_bytes;

        if (*broken(s, at + (uint32_t)i) & 1 || s->poison[unit])
            return OTA_E_IO;
        to[i] = s->seen[at + i] = byte_read(s, at + (uint32_t)i);
    }
    return OTA_OK;
}

static bool seen_blank(const struct sim *s, uint32_t at)
{
    for (uint32_t i = 0; i < s->flash.program_bytes; i++)
        if (s->seen[at + i] != s->flash.erased)
            return false;
    return true;
}

static void unit_check(struct sim *s, uint32_t at)
{
    if (!declared(s, at))
        sim_violate(s, "program outside the declared areas, at %u", at);
    if (s->unit[at] == 1 || (s->unit[at] == 2 && !seen_blank(s, at)))
        sim_violate(s, "unit at %u programmed twice", at);
}

static void unit_program(struct sim *s, uint32_t at, const uint8_t *from)
{
    enum sim_tear tear = SIM_BEFORE;
    bool torn = counted(s, &tear);

    unit_check(s, at);
    s->unit[at] = torn ? 2 : 1;
    for (uint32_t i = 0; i < s->flash.program_bytes; i++) {
        uint8_t had = byte_read(s, at + i);
        uint8_t want = s->flash.erased == 0xff ? had & from[i] : had | from[i];

        if (torn) {
            byte_tear(s, at + i, want, tear);
            s->seen[at + i] = (uint8_t)~s->flash.erased;
        } else {
            s->now[at + i] = want;
            s->odds[at + i] = 0;
        }
    }
    if (torn)
        longjmp(s->off, 1);
}

static ota_err sim_program(const struct flash *f, uint32_t at, const void *buf, size_t len)
{
    struct sim *s = f->port;
    const uint8_t *from = buf;

    if (!fits(s, at, len, f->program_bytes)) {
        sim_violate(s, "program of %zu bytes at %u breaks the units", len, at);
        return OTA_E_LIMIT;
    }
    if (*broken(s, at) & 2 || failing(s, at, SIM_PROGRAM))
        return s->quiet ? OTA_OK : OTA_E_IO;
    for (size_t i = 0; i < len; i += f->program_bytes)
        unit_program(s, at + (uint32_t)i, from + i);
    return OTA_OK;
}

static ota_err sim_erase(const struct flash *f, uint32_t at)
{
    struct sim *s = f->port;
    enum sim_tear tear = SIM_BEFORE;
    bool torn;

    if (!fits(s, at, f->erase_bytes, f->erase_bytes) || !declared(s, at)) {
        sim_violate(s, "erase at %u", at);
        return OTA_E_LIMIT;
    }
    torn = counted(s, &tear);
    if (*broken(s, at) & 2 || failing(s, at, SIM_ERASE)) {
        /* who was told that it is erased cannot know better */
        if (!s->quiet)
            return OTA_E_IO;
        memset(s->unit + at, 2, f->erase_bytes);
        memset(s->seen + at, f->erased, f->erase_bytes);
        return OTA_OK;
    }
    s->erases++;
    s->erases_journal += in(at, s->map.journal_at, 2 * f->erase_bytes);
    s->erases_a += in(at, s->map.a_at, s->map.slot_bytes);
    for (uint32_t i = at; i < at + f->erase_bytes; i++) {
        s->unit[i] = torn ? 2 : 0;
        s->seen[i] = (uint8_t)~f->erased;
        s->poison[i] = 0;
        if (torn) {
            byte_tear(s, i, f->erased, tear);
        } else {
            s->now[i] = f->erased;
            s->odds[i] = 0;
        }
    }
    if (torn)
        longjmp(s->off, 1);
    return OTA_OK;
}

void sim_init(struct sim *s, const struct sim_geometry *g, uint32_t seed)
{
    uint32_t unit = g->erase_bytes, slot = g->sectors * unit;

    memset(s, 0, sizeof *s);
    s->random = seed * 2654435761u + 1u;
    s->operations_boot_max = 100000;
    s->map = (struct slot_map){.flash = &s->flash,
                               .journal_at = 0,
                               .manifest_at = 2 * unit,
                               .agent_at = 4 * unit,
                               .settings_at = 6 * unit,
                               .a_at = 7 * unit,
                               .b_at = 7 * unit + slot,
                               .slot_bytes = slot};
    s->flash = (struct flash){.size_bytes = 8 * unit + 2 * slot,
                              .erase_bytes = unit,
                              .program_bytes = g->program_bytes,
                              .erased = g->erased,
                              .port = s,
                              .read = sim_read,
                              .program = sim_program,
                              .erase = sim_erase};
    memset(s->now, g->erased, s->flash.size_bytes);
}

void sim_power_on(struct sim *s)
{
    s->operations_boot = 0;
}

void sim_put(struct sim *s, uint32_t at, const void *data, uint32_t len)
{
    memcpy(s->now + at, data, len);
    memset(s->odds + at, 0, len);
    for (uint32_t i = at; i < at + len; i++)
        s->unit[i] = 1;
}

void sim_copy(struct sim *to, const struct sim *from)
{
    uint32_t len = from->flash.size_bytes;

    to->flash = from->flash;
    to->map = from->map;
    memcpy(to->now, from->now, len);
    memcpy(to->was, from->was, len);
    memcpy(to->odds, from->odds, len);
    memcpy(to->unit, from->unit, len);
    memcpy(to->seen, from->seen, len);
    memcpy(to->poison, from->poison, len);
    to->rot = from->rot;
    to->calls = from->calls;
    to->fail_at = from->fail_at;
    to->fail_for = from->fail_for;
    to->fail_kinds = from->fail_kinds;
    to->fail_burst = from->fail_burst;
    to->quiet = from->quiet;
    to->journal_only = from->journal_only;
    memcpy(to->broken, from->broken, sizeof to->broken);
    memcpy(to->cut, from->cut, sizeof to->cut);
    to->operations = from->operations;
    to->erases = from->erases;
    to->erases_journal = from->erases_journal;
    to->erases_a = from->erases_a;
    to->operations_boot = from->operations_boot;
    to->operations_boot_max = from->operations_boot_max;
    to->random = from->random;
    to->powered = from->powered;
    to->violated = from->violated;
    memcpy(to->why, from->why, sizeof to->why);
    to->flash.port = to;
    to->map.flash = &to->flash;
}
