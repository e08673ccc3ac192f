#ifndef FLASH_SIM_H
#define FLASH_SIM_H

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>

#include "../../firmware/slot/slot.h"

/*
 * NOR flash as hostile as it may be.  It counts operations (an erase, or the program of one
 * unit) and cuts the power at chosen ones, by longjmp out of the middle of the code under test:
 *
 *  - before the operation;
 *  - in it: a torn unit or a half erased sector, where each bit is old or new at random, and
 *    either stays so, or reads differently each time, or cannot be read at all, until the
 * sector is erased;
 *  - after it, which is before the next one.
 *
 * It also watches the rules: only declared areas are written, within units, and no unit is
 * programmed twice between two erases.  A torn unit that was last read as blank may be
 * programmed: nobody can tell it from a blank one.
 */
enum {
    SIM_BYTES_MAX = 48 * 1024,
    SIM_CUTS_MAX = 3,
};

enum sim_tear {
    SIM_BEFORE = 0,
    SIM_TORN = 1,     /* bits old or new, and stay so                                         */
    SIM_UNSTABLE = 2, /* bits old or new, anew at each read                                   */
    SIM_ALMOST = 3,   /* reads as if it had been completed, most of the time                  */
    SIM_HARDLY = 4,   /* reads as if it had not begun, most of the time                       */
    SIM_POISON = 5,   /* what was being written cannot be read until it is erased             */
    SIM_TEARS = 6
};

/* A sector that goes bad in the middle of everything. */
struct sim_rot {
    uint32_t at;      /* operation, 0 = from the start */
    uint32_t address; /* of the sector; how 5: of the unit */
    uint8_t how;      /* 0 nothing; 1 cannot be read, 2 cannot be written, 3 both; 4 one unit of
                         it, 5 this unit cannot be read until the sector is erased */
};

enum sim_call { SIM_READ = 1, SIM_PROGRAM = 2, SIM_ERASE = 4 };

struct sim_cut {
    uint32_t at; /* operation, counted from 1 over all boots; 0 = none */
    enum sim_tear tear;
};

struct sim {
    struct flash flash; /* what the code under test sees */
    struct slot_map map;
    uint8_t now[SIM_BYTES_MAX];  /* what was last programmed */
    uint8_t was[SIM_BYTES_MAX];  /* what it may read as, where unstable */
    uint8_t odds[SIM_BYTES_MAX]; /* 0: stable; else chance of `was` per read, in 1/256 */
    uint8_t seen[SIM_BYTES_MAX]; /* what the last read gave, where unstable */
    uint8_t unit[SIM_BYTES_MAX]; /* at a unit's start: 0 blank, 1 programmed, 2 torn */
    uint8_t broken[SIM_BYTES_MAX / 512]; /* sector: 1 cannot be read, 2 cannot be written */
    uint8_t poison[SIM_BYTES_MAX];       /* at a unit's start: it cannot be read */
    struct sim_cut cut[SIM_CUTS_MAX];
    struct sim_rot rot;
    uint32_t calls, fail_at, fail_for; /* driver calls; those that fail, having done nothing */
    uint32_t fail_kinds;               /* of these kinds (enum sim_call), 0 = all */
    uint32_t fail_burst; /* 0: each of them; else bursts of so many fail or not, at random */
    bool quiet;          /* a program or an erase that fails reports success */
    bool journal_only;   /* what fails is writes to the journal */
    uint32_t operations, erases, erases_journal, erases_a;
    uint32_t operations_boot, operations_boot_max;
    uint32_t random;
    bool powered; /* cuts count */
    bool violated;
    char why[160];
    jmp_buf off;
};

struct sim_geometry {
    uint32_t erase_bytes, program_bytes;
    uint8_t erased;
    uint8_t sectors; /* of slot A */
};

/* Blank flash with this map: journal 2, manifest 2, agent 2, settings 1, A, B. */
void sim_init(struct sim *s, const struct sim_geometry *g, uint32_t seed);

/* The start of a boot: operations are counted anew against the bound. */
void sim_power_on(struct sim *s);

/* Let a sector go bad, now or when rot.at comes. */
void sim_rot(struct sim *s, struct sim_rot rot);

/* Put bytes there as a factory would; no operation is counted. */
void sim_put(struct sim *s, uint32_t at, const void *data, uint32_t len);

/* Note a broken invariant; the first one stays. */
void sim_violate(struct sim *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

uint32_t sim_random(struct sim *s);

/* A copy whose driver points at itself. */
void sim_copy(struct sim *to, const struct sim *from);

#endif
