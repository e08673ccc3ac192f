#ifndef OTA_CRC32_H
#define OTA_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* CRC-32 (IEEE 802.3, reflected).  Finds torn writes; no protection against attackers. */
uint32_t crc32_of(const void *data, size_t len);

#endif
