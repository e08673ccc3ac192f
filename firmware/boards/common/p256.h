#ifndef COMMON_P256_H
#define COMMON_P256_H

#include <stdint.h>

/*
 * ECDSA over P-256, by BearSSL's generic code compiled for this curve alone (p256_bear.c).
 * point: 0x04, X, Y; raw: r, s; all big endian.  1 if good, 0 if not.
 */
uint32_t p256_verify(const uint8_t point[65], const uint8_t digest[32], const uint8_t raw[64]);

/* The same answer once more, from the difference that the last verification came to in its end.
 */
uint32_t p256_again(void);

#endif
