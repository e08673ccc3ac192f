#ifndef SIGNER_UUID_H
#define SIGNER_UUID_H

#include <stdbool.h>
#include <stdint.h>

/* Vendor and hardware class as UUIDs, the way imgtool makes them (SPEC 2.5). */
struct uuid {
    uint8_t b[16];
};

enum { UUID_TEXT_BYTES = 37 };

/* The vendor: a UUID as such, or UUIDv5(DNS, name).  false: libcrypto failed. */
bool uuid_vendor(const char *name, struct uuid *out);
/* The class: a UUID as such, or UUIDv5(vendor, name). */
bool uuid_class(const struct uuid *vendor, const char *name, struct uuid *out);

void uuid_text(const uint8_t b[16], char out[UUID_TEXT_BYTES]);

#endif
