#ifndef OTAD_AUTH_ADMIT_H
#define OTAD_AUTH_ADMIT_H

/* Who may come at all: http_route.auth, for the guard in api/admit.c. */
enum admit {
    ADMIT_ANYONE,       /* sign-in, set-up                                          */
    ADMIT_USER,         /* a person with a session                                  */
    ADMIT_USER_OR_KEY,  /* or a machine with an API key                             */
    ADMIT_KEY,          /* an API key alone, also as X-API-Key (the plain door)     */
    ADMIT_DEVICE,       /* device credentials (device/device.h)                     */
    ADMIT_DOOR,         /* an API key, also as a password or in the path ({key})        */
    ADMIT_DOOR_OR_USER, /* or a person with a session: the page that writes boards over USB */
    ADMIT_TARGETS,      /* the same; devices; anybody where the platform says so (SPEC 10.9) */
    ADMIT_METRICS       /* as the configuration says: this machine, or an API key   */
};

#endif
