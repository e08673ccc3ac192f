#ifndef OTA_LE_H
#define OTA_LE_H

#include <stdint.h>

/* One or two instructions each, which only shows once they are where they are used. */
#define LE_INLINE __attribute__((always_inline)) static inline

/* Little-endian loads and stores at any alignment (SPEC, preamble). */
LE_INLINE uint16_t le16_load(const uint8_t p[static 2])
{
    return (uint16_t)((uint32_t)p[0] | (uint32_t)p[1] << 8);
}

LE_INLINE void le16_store(uint8_t p[static 2], uint16_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

LE_INLINE uint32_t le32_load(const uint8_t p[static 4])
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

LE_INLINE void le32_store(uint8_t p[static 4], uint32_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
    p[2] = (uint8_t)(v >> 16);
    p[3] = (uint8_t)(v >> 24);
}

#endif
