#ifndef IMAGES_SIM_H
#define IMAGES_SIM_H

#include <stdint.h>

#include "../../firmware/image/manifest.h"

/* Images and key manifests that the simulators' crypto port accepts. */
enum { SIM_IMAGE_MAX = 4096, SIM_MANIFEST_MAX = 1024 };

extern const struct manifest_root sim_roots[MANIFEST_ROOTS];

struct sim_image {
    uint8_t bytes[SIM_IMAGE_MAX];
    uint32_t len;
};

struct sim_manifest {
    uint8_t bytes[SIM_MANIFEST_MAX];
    uint32_t len;
};

/* Version minor.0.0, this security counter, signed by image key `key` (a number), with so many
 * bytes of payload of which the first sector-sized pieces are alike in all images. */
void sim_image_make(struct sim_image *out, uint8_t major, uint32_t counter, uint8_t key,
                    uint32_t payload_bytes);

/* A manifest with this one image key. */
void sim_manifest_make(struct sim_manifest *out, uint32_t sequence, uint8_t key);

/* Change one byte of its body and sign it again. */
void sim_manifest_sign(struct sim_manifest *m, uint32_t at, uint8_t value);

/* The same roots' longest: eight P-256 keys. */
void sim_manifest_make_large(struct sim_manifest *out, uint32_t sequence);

#endif
