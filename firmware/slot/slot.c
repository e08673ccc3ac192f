/*
 * Slots as an app sees them: sources over the images, staging, requests and confirmation.
 *
 * Staging erases the previous image, which cannot be undone.  It may rest on the state it
 * reads, although a torn record may read differently the next time, because the bootloader
 * writes the state again in each boot before it starts an app.
 */
#include "slot.h"

#include <string.h>

#include "journal.h"

static ota_err source_read(const struct image_source *src, uint32_t at, void *buf, size_t len)
{
    const struct flash *f = src->port;

    if (at > src->size_bytes || len > src->size_bytes - at)
        return OTA_E_LIMIT;
    return f->read(f, src->base + at, buf, len);
}

/* port is not const because drivers may need that; the flash is only read. */
static struct image_source source(const struct slot_map *m, uint32_t base)
{
    return (struct image_source){.size_bytes = m->slot_bytes,
                                 .port = (void *)(uintptr_t)m->flash,
                                 .read = source_read,
                                 .base = base};
}

struct image_source slot_running(const struct slot_map *m)
{
    return source(m, m->a_at);
}

struct image_source slot_previous(const struct slot_map *m)
{
    return source(m, m->b_at);
}

struct image_source slot_staged(const struct slot_map *m)
{
    return source(m, m->b_at + m->flash->erase_bytes);
}

ota_err slot_state_get(const struct slot_map *m, struct slot_state *out)
{
    struct journal j;
    ota_err e = journal_open(&j, m);

    if (e != OTA_OK)
        return e;
    *out = (struct slot_state){
        .phase = j.swapping ? SLOT_SWAPPING : (enum slot_phase)j.state.phase,
        .tries_left = j.state.tries_left,
        .security_floor = j.state.security_floor,
        .manifest_sequence = j.state.manifest_sequence,
        .boot_count = j.state.boot_count,
        .last_decision = j.state.last_decision,
        .last_cause = j.state.last_cause,
        .last_why = j.state.last_why,
    };
    return OTA_OK;
}

/* Open the journal for an act that only an idle device allows. */
static ota_err open_idle(const struct slot_map *m, struct journal *j)
{
    ota_err e = journal_open(j, m);

    if (e == OTA_OK && (j->swapping || j->state.phase != SLOT_IDLE))
        e = OTA_E_CONFLICT;
    return e;
}

/* Program len bytes at an address that has been erased, the last unit padded, and read back. */
static ota_err program_padded(const struct flash *f, uint32_t at, const uint8_t *data,
                              uint32_t len)
{
    enum { BLOCK_BYTES = 64 }; /* stack; a multiple of every program unit */
    uint8_t block[BLOCK_BYTES], back[BLOCK_BYTES];

    for (uint32_t done = 0; done < len; done += BLOCK_BYTES) {
        uint32_t some = len - done < BLOCK_BYTES ? len - done : (uint32_t)BLOCK_BYTES;
        uint32_t padded = (some + f->program_bytes - 1) / f->program_bytes * f->program_bytes;
        ota_err e;

        memset(block, f->erased, sizeof block);
        memcpy(block, data + done, some);
        e = f->program(f, at + done, block, padded);
        if (e == OTA_OK)
            e = f->read(f, at + done, back, padded);
        if (e != OTA_OK)
            return e;
        if (memcmp(block, back, padded) != 0)
            return OTA_E_IO;
    }
    return OTA_OK;
}

ota_err slot_stage(const struct slot_map *m, uint32_t at, const void *data, uint32_t len)
{
    const struct flash *f = m->flash;
    const uint8_t *from = data;
    struct journal j;
    ota_err e;

    if (at % f->program_bytes != 0 || at > m->slot_bytes || len > m->slot_bytes - at)
        return OTA_E_LIMIT;
    e = open_idle(m, &j);
    while (e == OTA_OK && len > 0) {
        uint32_t unit_left = f->erase_bytes - at % f->erase_bytes;
        uint32_t some = len < unit_left ? len : unit_left;
        uint32_t to = m->b_at + f->erase_bytes + at;

        if (at % f->erase_bytes == 0)
            e = f->erase(f, to);
        if (e == OTA_OK)
            e = program_padded(f, to, from, some);
        at += some;
        from += some;
        len -= some;
    }
    return e;
}

ota_err slot_request(const struct slot_map *m, const struct image_info *info)
{
    struct journal j;
    struct journal_state s;
    ota_err e = journal_open(&j, m);

    if (e != OTA_OK)
        return e;
    if (j.swapping || j.state.phase == SLOT_TRIAL)
        return OTA_E_CONFLICT;
    if (info->total_bytes > m->slot_bytes)
        return OTA_E_LIMIT;
    s = j.state;
    s.phase = SLOT_REQUESTED;
    s.last_decision = s.last_cause = 0;
    s.last_why = 0;
    return journal_put_state(&j, &s);
}

ota_err slot_request_withdraw(const struct slot_map *m)
{
    struct journal j;
    struct journal_state s;
    ota_err e = journal_open(&j, m);

    if (e != OTA_OK)
        return e;
    if (j.swapping || j.state.phase == SLOT_TRIAL)
        return OTA_E_CONFLICT;
    if (j.state.phase == SLOT_IDLE)
        return OTA_OK;
    s = j.state;
    s.phase = SLOT_IDLE;
    return journal_put_state(&j, &s);
}

ota_err slot_confirm(const struct slot_map *m, const struct image_info *running)
{
    struct journal j;
    struct journal_state s;
    ota_err e = journal_open(&j, m);

    if (e != OTA_OK)
        return e;
    if (j.swapping)
        return OTA_E_CONFLICT;
    s = j.state;
    if (s.phase == SLOT_TRIAL) {
        s.phase = SLOT_IDLE;
        s.tries_left = 0;
        if (s.trial_sequence > s.manifest_sequence)
            s.manifest_sequence = s.trial_sequence;
    }
    if (running->security_counter > s.security_floor)
        s.security_floor = running->security_counter;
    if (s.phase == j.state.phase && s.security_floor == j.state.security_floor)
        return OTA_OK;
    return journal_put_state(&j, &s);
}
