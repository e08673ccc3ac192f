/* The checksum over the boot record: all of it but the checksum, padding included. */
#include "boot_record.h"

#include <stddef.h>

#include "crc32.h"

#define BOOT_RECORD_MAGIC UINT32_C(0x4f544152)

_Static_assert(sizeof(struct boot_record) == 60, "the layout of SPEC 4.6 has no padding");

bool boot_record_valid(const struct boot_record *r)
{
    return r->magic == BOOT_RECORD_MAGIC &&
           r->crc == crc32_of(r, offsetof(struct boot_record, crc));
}

void boot_record_seal(struct boot_record *r)
{
    r->magic = BOOT_RECORD_MAGIC;
    r->crc = crc32_of(r, offsetof(struct boot_record, crc));
}
