/* A client in a device's fixed memory. */
#include "device.h"

void tuf_device_setup(struct tuf_device *d, const struct tuf_store *store,
                      struct tuf_setup *out)
{
    d->visit.keys = (struct tuf_keys){.key = d->role_key, .max = TUF_DEVICE_KEYS};
    *out = (struct tuf_setup){
        .limits = &tuf_device_limits,
        .store = store,
        .memory = {.file = d->file,
                   .file_bytes = sizeof d->file,
                   .meta = d->meta,
                   .meta_bytes = sizeof d->meta,
                   .keys = {.key = d->key, .max = TUF_DEVICE_KEYS},
                   .visit = &d->visit,
                   .visits = 1},
    };
}
