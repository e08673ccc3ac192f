#ifndef BOOT_SWAP_H
#define BOOT_SWAP_H

#include "../firmware/slot/journal.h"
#include "boot.h"

/*
 * Moving images between the slots so that a power cut at any instant loses nothing
 * (SPEC 4.7).  A swap is described by its journal entry; swap_start makes it durable and
 * carries it out, swap_resume finishes one that was interrupted.  Both end with the state that
 * the entry announces.
 *
 * A source sector that cannot be read, or a target that cannot be written, also after the
 * journal proved that the flash works, changes the swap into one of its repairs: back to the
 * image that was there, or on without preserving it.  The state is then that of the repair;
 * whether an image boots is for the caller to verify.  what may be &j->swap.
 *
 * Errors: OTA_E_IO if the journal cannot be written, or a plain copy failed; the swap stays
 * begun, for swap_resume in a later boot, and j is not to be used any more.
 */
OTA_MUST_CHECK ota_err swap_start(const struct slot_map *m, struct journal *j,
                                  const struct journal_swap *what,
                                  const struct boot_hooks *hooks);
OTA_MUST_CHECK ota_err swap_resume(const struct slot_map *m, struct journal *j,
                                   const struct boot_hooks *hooks);

#endif
