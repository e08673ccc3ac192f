#ifndef TUF_DEVICE_H
#define TUF_DEVICE_H

#include "client.h"
#include "director.h"

/*
 * All memory that a device spends on metadata: one file, the snapshot's list, the root's keys,
 * one delegation, the assignment and the client's state (SPEC 10.4).
 */
enum {
    TUF_DEVICE_FILE_BYTES = 4096,
    TUF_DEVICE_META_BYTES = 512,
    TUF_DEVICE_KEYS = 10,
    TUF_DEVICE_BYTES_MAX = 8192
};

struct tuf_device {
    uint8_t file[TUF_DEVICE_FILE_BYTES];
    uint8_t meta[TUF_DEVICE_META_BYTES];
    struct tuf_key key[TUF_DEVICE_KEYS], role_key[TUF_DEVICE_KEYS];
    struct tuf_visit visit;
    struct tuf_assigned assigned;
    struct tuf_client client;
};

_Static_assert(sizeof(struct tuf_device) <= TUF_DEVICE_BYTES_MAX,
               "metadata takes more memory than a device has for it");

/* A setup over d's memory with a device's limits; floor and time are the caller's to add. */
void tuf_device_setup(struct tuf_device *d, const struct tuf_store *store,
                      struct tuf_setup *out);

#endif
