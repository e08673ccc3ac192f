#ifndef OTAD_OTAD_H
#define OTAD_OTAD_H

#include <stdatomic.h>
#include <stdint.h>

#include "firmware/image/err.h"

/*
 * What the process consists of.  main.c fills it once at the start, in this order; afterwards
 * the pointers never change.  Handlers reach everything through their request's `otad`.
 */
struct config;
struct store;
struct db;
struct fleet;
struct feed;
struct auth;
struct events;
struct online_keys;
struct renewal;
struct http_server;

/* What nobody else counts, for /metrics. */
struct otad_counters {
    _Atomic uint64_t updates_succeeded, updates_failed, updates_cancelled;
};

struct otad {
    const struct config *config;
    struct store *store;
    struct db *db;
    struct fleet *fleet;
    struct feed *feed;
    struct auth *auth;
    struct events *events;
    struct online_keys *online_keys; /* of signed metadata (SPEC 10) */
    struct renewal *renewal;
    struct http_server *server;
    const char *version; /* of the program */
    struct otad_counters count;
    /* Is everything there that a request needs (/readyz)?  *out_what names what is not. */
    ota_err (*ready)(struct otad *otad, const char **out_what);
};

#endif
