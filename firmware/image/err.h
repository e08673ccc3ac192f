#ifndef OTA_ERR_H
#define OTA_ERR_H

/*
 * The project's only error type.  Codes say what the caller can do about it, not which module
 * raised it.  0 is success; values are stable (they appear in logs, in the boot record and in
 * API replies) and are never renumbered.
 */
typedef enum ota_err {
    OTA_OK = 0,
    OTA_E_FORMAT = 1,     /* bytes do not follow the format: reject the input             */
    OTA_E_LIMIT = 2,      /* well formed but larger than we accept                        */
    OTA_E_SIGNATURE = 3,  /* a signature or digest does not match                         */
    OTA_E_ROLLBACK = 4,   /* authentic, but older than what is already trusted            */
    OTA_E_AUTH = 5,       /* caller is not who they say                                   */
    OTA_E_DENIED = 6,     /* caller is known and may not do this                          */
    OTA_E_NOT_FOUND = 7,  /* the named thing does not exist                               */
    OTA_E_CONFLICT = 8,   /* state changed under the caller, or forbids the call          */
    OTA_E_BUSY = 9,       /* transient: the same call may succeed later                   */
    OTA_E_IO = 10,        /* flash, disk, socket or database failed                       */
    OTA_E_NO_MEMORY = 11, /* heap exhausted (a full arena is OTA_E_LIMIT)                 */
    OTA_E_INTERNAL = 12   /* our bug                                                      */
} ota_err;

#define OTA_MUST_CHECK __attribute__((warn_unused_result))

/* Short lower-case name of e ("signature"), never NULL. */
const char *ota_err_name(ota_err e);

#endif
