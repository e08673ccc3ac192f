#ifndef OTA_JOURNAL_H
#define OTA_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "log.h"
#include "slot.h"

/*
 * The boot journal (SPEC 4.3): the state of the slots, and how far a swap has come, over the
 * two-unit log.  Shared by the slot functions of the app and by the bootloader.  The entry of a
 * swap holds the state too, so that either says all there is to know.
 */
enum { JOURNAL_TRIES = 3 /* boots an image on trial gets to confirm itself */ };

/* What remains between swaps; a struct slot_state in the making. */
struct journal_state {
    uint8_t phase; /* SLOT_IDLE, SLOT_REQUESTED, SLOT_TRIAL */
    uint8_t tries_left;
    uint8_t last_decision; /* enum boot_decision of the last swap or refusal, 0 = none        */
    uint8_t last_cause;    /* enum boot_cause of the reset before it                          */
    uint32_t last_why;     /* enum image_verdict that led to it, 0 = none                     */
    uint32_t security_floor;
    uint32_t manifest_sequence;
    uint32_t trial_sequence; /* of the key manifest the image on trial was accepted under     */
    uint32_t boot_count;     /* 24 bits */
};

/* How sectors move; bootloader/swap.c gives the order of operations. */
enum journal_mode {
    JOURNAL_FORWARD = 1,      /* staged image into A, image of A into B                       */
    JOURNAL_REVERT = 2,       /* the reverse                                                  */
    JOURNAL_TAKE_STAGED = 3,  /* staged image into A, nothing preserved                       */
    JOURNAL_TAKE_PREVIOUS = 4 /* image of B into A, nothing preserved                         */
};

/* A swap that was begun, with everything needed to finish it and to say why. */
struct journal_swap {
    uint8_t mode;  /* enum journal_mode                                                  */
    uint8_t phase; /* the state afterwards                                               */
    uint8_t tries_left;
    uint8_t decision; /* enum boot_decision                                                 */
    uint8_t cause;    /* enum boot_cause                                                    */
    uint8_t why;      /* enum image_verdict or 0                                            */
    uint16_t first;   /* TAKE_*: first sector                                               */
    uint16_t out_sectors; /* extent of the image that leaves A; TAKE_*: 0                     */
    uint16_t in_sectors;  /* extent of the image that enters A; TAKE_*: sectors to copy       */
    uint16_t begun; /* 1 + operation that was begun; 0: none                               */
    uint8_t digest_out[CRYPTO_DIGEST_BYTES]; /* zeros if it was no image                      */
    uint8_t digest_in[CRYPTO_DIGEST_BYTES];
};

struct journal {
    struct log log;
    struct journal_state state; /* before the swap, while swapping                            */
    bool swapping; /* swap was begun and is not finished                           */
    bool stepped;  /* and operation step was begun: those below are done           */
    uint32_t step;
    struct journal_swap swap; /* while swapping                                               */
};

/* Errors: OTA_E_NOT_FOUND if there is no journal, or none with a state; OTA_E_IO. */
OTA_MUST_CHECK ota_err journal_open(struct journal *j, const struct slot_map *m);

/*
 * Write again what was accepted, as one entry that says all of it: the state, or the swap with
 * its step.  What was read may rest on torn records, which read differently the next time:
 * after a reset nothing may be built on it before.
 */
OTA_MUST_CHECK ota_err journal_settle(struct journal *j);

/* A new journal with this state, whatever was there.  Errors: OTA_E_IO. */
OTA_MUST_CHECK ota_err journal_format(struct journal *j, const struct slot_map *m,
                                      const struct journal_state *state);

/* All of these: durable when they return; j tells the new truth.  What is put may be j's own.
 * Errors: OTA_E_IO; then j tells nothing for sure. */
/* Ends a swap that was begun. */
OTA_MUST_CHECK ota_err journal_put_state(struct journal *j, const struct journal_state *state);
/* Begin a swap, or write its beginning again. */
OTA_MUST_CHECK ota_err journal_put_swap(struct journal *j, const struct journal_swap *swap);
OTA_MUST_CHECK ota_err journal_put_step(struct journal *j, uint32_t step);

/* As journal_put_step, into the other unit: proof that the flash erases, programs and reads. */
OTA_MUST_CHECK ota_err journal_prove_step(struct journal *j, uint32_t step);

#endif
