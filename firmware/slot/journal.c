/*
 * The journal's entries as bytes (SPEC 4.3): the state, or a swap with the state in front, are
 * whole entries; "operation k is begun" is a note.  Since each boot puts a whole entry before
 * it does anything, a torn record of an earlier boot that comes back to life counts for
 * nothing.
 */
#include "journal.h"

#include <string.h>

#include "../image/le.h"

enum {
    TYPE_STATE = 1,
    TYPE_SWAP = 2,
    STATE_BYTES = 20,
    SWAP_BYTES = 100, /* the state in front */
    STEP_BYTES = 4,
    SWAP_AT = STATE_BYTES,
    DIGEST_OUT_AT = SWAP_AT + 16,
    DIGEST_IN_AT = DIGEST_OUT_AT + 32,
};
_Static_assert((int)DIGEST_IN_AT + 32 == (int)SWAP_BYTES, "the fields add up");
_Static_assert((int)SWAP_BYTES <= (int)LOG_ENTRY_BYTES_MAX, "a swap's entry must fit the log");
_Static_assert((int)STATE_BYTES <= (int)LOG_PART_BYTES, "a state is one record");

static void state_write(const struct journal_state *s, uint8_t raw[STATE_BYTES])
{
    raw[0] = s->phase;
    raw[1] = s->tries_left;
    raw[2] = s->last_decision;
    raw[3] = s->last_cause;
    le32_store(raw + 4, s->security_floor);
    le32_store(raw + 8, s->manifest_sequence);
    le32_store(raw + 12, s->trial_sequence);
    le32_store(raw + 16, (s->boot_count & 0xffffffu) | (s->last_why & 0xffu) << 24);
}

static void state_read(const uint8_t raw[STATE_BYTES], struct journal_state *out)
{
    *out = (struct journal_state){
        .phase = raw[0],
        .tries_left = raw[1],
        .last_decision = raw[2],
        .last_cause = raw[3],
        .last_why = raw[19],
        .security_floor = le32_load(raw + 4),
        .manifest_sequence = le32_load(raw + 8),
        .trial_sequence = le32_load(raw + 12),
        .boot_count = le32_load(raw + 16) & 0xffffffu,
    };
}

static void swap_write(const struct journal_swap *s, uint8_t raw[SWAP_BYTES])
{
    uint8_t *p = raw + SWAP_AT;

    p[0] = s->mode;
    p[1] = s->phase;
    p[2] = s->tries_left;
    p[3] = s->decision;
    p[4] = s->cause;
    p[5] = s->why;
    le16_store(p + 6, s->first);
    le16_store(p + 8, s->out_sectors);
    le16_store(p + 10, s->in_sectors);
    le16_store(p + 12, s->begun);
    p[14] = p[15] = 0;
    memcpy(raw + DIGEST_OUT_AT, s->digest_out, sizeof s->digest_out);
    memcpy(raw + DIGEST_IN_AT, s->digest_in, sizeof s->digest_in);
}

static void swap_read(const uint8_t raw[SWAP_BYTES], struct journal_swap *out)
{
    const uint8_t *p = raw + SWAP_AT;

    *out = (struct journal_swap){
        .mode = p[0],
        .phase = p[1],
        .tries_left = p[2],
        .decision = p[3],
        .cause = p[4],
        .why = p[5],
        .first = le16_load(p + 6),
        .out_sectors = le16_load(p + 8),
        .in_sectors = le16_load(p + 10),
        .begun = le16_load(p + 12),
    };
    memcpy(out->digest_out, raw + DIGEST_OUT_AT, sizeof out->digest_out);
    memcpy(out->digest_in, raw + DIGEST_IN_AT, sizeof out->digest_in);
}

/* What was found, as a journal.  False if it is none. */
static bool read_found(struct journal *j, const struct log_found *found)
{
    j->swapping = found->type == TYPE_SWAP;
    j->stepped = false;
    j->step = 0;
    if (found->bytes != (j->swapping ? SWAP_BYTES : STATE_BYTES))
        return false;
    state_read(found->whole, &j->state);
    if (!j->swapping)
        return true;
    swap_read(found->whole, &j->swap);
    j->stepped = found->note_bytes > 0 || j->swap.begun > 0;
    if (found->note_bytes > 0)
        j->step = le32_load(found->note);
    else if (j->stepped)
        j->step = j->swap.begun - 1u;
    return true;
}

/* Checksums stop accidents, not nonsense: no entry may lead a swap out of the slots. */
static bool fits_slots(const struct journal *j, const struct slot_map *m)
{
    const struct journal_swap *s = &j->swap;
    uint32_t room = m->slot_bytes / m->flash->erase_bytes;

    if (j->state.phase > SLOT_TRIAL)
        return false;
    return !j->swapping || (s->phase <= SLOT_TRIAL && s->out_sectors <= room &&
                            (uint32_t)s->first + s->in_sectors <= room);
}

ota_err journal_open(struct journal *j, const struct slot_map *m)
{
    struct log_found found;
    ota_err e = log_open(&j->log, m->flash, m->journal_at, &found);

    if (e == OTA_OK && !(read_found(j, &found) && fits_slots(j, m)))
        e = OTA_E_NOT_FOUND;
    return e;
}

ota_err journal_format(struct journal *j, const struct slot_map *m,
                       const struct journal_state *state)
{
    uint8_t raw[STATE_BYTES];

    state_write(state, raw);
    j->state = *state;
    j->swapping = j->stepped = false;
    j->step = 0;
    return log_format(&j->log, m->flash, m->journal_at, TYPE_STATE, raw, sizeof raw);
}

ota_err journal_settle(struct journal *j)
{
    if (!j->swapping)
        return journal_put_state(j, &j->state);
    j->swap.begun = (uint16_t)(j->stepped ? j->step + 1 : 0);
    return journal_put_swap(j, &j->swap);
}

ota_err journal_put_state(struct journal *j, const struct journal_state *state)
{
    uint8_t raw[STATE_BYTES];
    ota_err e;

    state_write(state, raw);
    e = log_put(&j->log, TYPE_STATE, raw, sizeof raw);
    if (e == OTA_OK) {
        j->state = *state;
        j->swapping = j->stepped = false;
    }
    return e;
}

ota_err journal_put_swap(struct journal *j, const struct journal_swap *swap)
{
    uint8_t raw[SWAP_BYTES];
    ota_err e;

    state_write(&j->state, raw);
    swap_write(swap, raw);
    e = log_put(&j->log, TYPE_SWAP, raw, sizeof raw);
    if (e == OTA_OK) {
        j->swap = *swap;
        j->swapping = true;
        j->stepped = swap->begun > 0;
        j->step = j->stepped ? swap->begun - 1u : 0;
    }
    return e;
}

ota_err journal_put_step(struct journal *j, uint32_t step)
{
    uint8_t raw[STEP_BYTES];

    le32_store(raw, step);
    if (log_note(&j->log, raw, sizeof raw) == OTA_OK) {
        j->step = step;
        j->stepped = true;
        return OTA_OK;
    }
    /* the unit is full: the other one begins with all of it */
    j->swap.begun = (uint16_t)(step + 1);
    return journal_put_swap(j, &j->swap);
}

ota_err journal_prove_step(struct journal *j, uint32_t step)
{
    j->log.must_change = true;
    return journal_put_step(j, step);
}
