#ifndef CRYPTO_SIM_H
#define CRYPTO_SIM_H

#include <stdint.h>

#include "../../firmware/image/crypto.h"

/* What the simulators' crypto port accepts as a signature by this key. */
void crypto_sim_sign(const uint8_t key[32], const uint8_t digest[CRYPTO_DIGEST_BYTES],
                     uint8_t out[64]);

#endif
