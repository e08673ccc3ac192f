#ifndef BOARD_ROOTS_H
#define BOARD_ROOTS_H

#include "../image/manifest.h"

/*
 * The three boot root keys of this product, compiled into bootloader and apps.  Defined by the
 * C file that the CMake variable BOOT_ROOTS names; `signer keymanifest roots --c-source` writes
 * it.  There is no default: a device that trusts example keys must not be buildable by
 * accident.
 */
extern const struct manifest_root boot_roots[MANIFEST_ROOTS];

#endif
