/*
 * The journal's three kinds of entries as bytes (SPEC 4.3).  A swap is going on when its entry
 * is newer than the state, and a step belongs to it when it is newer than the swap's entry.
 */
#include "journal.h"

#include <string.h>

#include "../image/le.h"

enum {
    TYPE_STATE = 1,
    TYPE_SWAP = 2,
    TYPE_STEP = 3,
    STATE_BYTES = 20,
    SWAP_BYTES = 80,
    STEP_BYTES = 4,
    DIGEST_OUT_AT = 16,
    DIGEST_IN_AT = 48
};
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
    raw[0] = s->mode;
    raw[1] = s->phase;
    raw[2] = s->tries_left;
    raw[3] = s->decision;
    raw[4] = s->cause;
    raw[5] = s->why;
    le16_store(raw + 6, s->first);
    le16_store(raw + 8, s->out_sectors);
    le16_store(raw + 10, s->in_sectors);
    le32_store(raw + 12, s->trial_sequence);
    memcpy(raw + DIGEST_OUT_AT, s->digest_out, sizeof s->digest_out);
    memcpy(raw + DIGEST_IN_AT, s->digest_in, sizeof s->digest_in);
}

static void swap_read(const uint8_t raw[SWAP_BYTES], struct journal_swap *out)
{
    *out = (struct journal_swap){
        .mode = raw[0],
        .phase = raw[1],
        .tries_left = raw[2],
        .decision = raw[3],
        .cause = raw[4],
        .why = raw[5],
        .first = le16_load(raw + 6),
        .out_sectors = le16_load(raw + 8),
        .in_sectors = le16_load(raw + 10),
        .trial_sequence = le32_load(raw + 12),
    };
    memcpy(out->digest_out, raw + DIGEST_OUT_AT, sizeof out->digest_out);
    memcpy(out->digest_in, raw + DIGEST_IN_AT, sizeof out->digest_in);
}

ota_err journal_open(struct journal *j, const struct slot_map *m)
{
    uint32_t state_order = 0, swap_order = 0, step_order = 0;
    uint8_t raw[SWAP_BYTES];
    ota_err e = log_open(&j->log, m->flash, m->journal_at);

    j->swapping = j->stepped = false;
    j->step = 0;
    if (e == OTA_OK)
        e = log_newest(&j->log, TYPE_STATE, raw, STATE_BYTES, &state_order);
    if (e != OTA_OK)
        return e == OTA_E_LIMIT ? OTA_E_NOT_FOUND : e;
    state_read(raw, &j->state);

    e = log_newest(&j->log, TYPE_SWAP, raw, SWAP_BYTES, &swap_order);
    if (e == OTA_E_NOT_FOUND || (e == OTA_OK && swap_order < state_order))
        return OTA_OK;
    if (e != OTA_OK)
        return e;
    swap_read(raw, &j->swap);
    j->swapping = true;

    e = log_newest(&j->log, TYPE_STEP, raw, STEP_BYTES, &step_order);
    if (e == OTA_E_NOT_FOUND || (e == OTA_OK && step_order < swap_order))
        return OTA_OK;
    if (e == OTA_OK) {
        j->step = le32_load(raw);
        j->stepped = true;
    }
    return e;
}

ota_err journal_format(struct journal *j, const struct slot_map *m,
                       const struct journal_state *state)
{
    ota_err e = log_format(&j->log, m->flash, m->journal_at);

    return e == OTA_OK ? journal_put_state(j, state) : e;
}

ota_err journal_put_state(struct journal *j, const struct journal_state *state)
{
    uint8_t raw[STATE_BYTES];
    ota_err e;

    state_write(state, raw);
    e = log_append(&j->log, TYPE_STATE, raw, sizeof raw);
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

    swap_write(swap, raw);
    e = log_append(&j->log, TYPE_SWAP, raw, sizeof raw);
    if (e == OTA_OK) {
        j->swap = *swap;
        j->swapping = true;
        j->stepped = false;
    }
    return e;
}

ota_err journal_put_step(struct journal *j, uint32_t step)
{
    uint8_t raw[STEP_BYTES];
    ota_err e;

    le32_store(raw, step);
    e = log_append(&j->log, TYPE_STEP, raw, sizeof raw);
    if (e == OTA_OK) {
        j->step = step;
        j->stepped = true;
    }
    return e;
}
