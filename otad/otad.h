#ifndef OTAD_OTAD_H
#define OTAD_OTAD_H

/*
 * What the process consists of.  main.c fills it once at the start, in this order; afterwards
 * the pointers never change.  Handlers reach everything through their request's `otad`.
 */
struct config;
struct store;
struct db;
struct fleet;
struct auth;
struct events;
struct http_server;

struct otad {
    const struct config *config;
    struct store *store;
    struct db *db;
    struct fleet *fleet;
    struct auth *auth;
    struct events *events;
    struct http_server *server;
};

#endif
