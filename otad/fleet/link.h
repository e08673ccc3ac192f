#ifndef OTAD_FLEET_LINK_H
#define OTAD_FLEET_LINK_H

#include "firmware/image/err.h"
#include "model.h"

/*
 * Live download links (SPEC 8.14) and their byte budgets, in memory: what a token cannot tell.
 * Bytes count when they are reserved, before the first is sent, and come back when they were
 * not sent; so downloads at the same time cannot exceed the budget together.  Sums are written
 * behind, and what other replicas wrote is read back (db/feed.h).
 */
struct arena;
struct fleet;

/* ---- the account of one link: pure ------------------------------------------------------- */

struct link_account {
    int64_t budget;
    int64_t known;   /* what the database last said: of all replicas    */
    int64_t writing; /* of this one: being written; may be below 0      */
    int64_t waiting; /* of this one: to be written next; may be below 0 */
};

int64_t link_used(const struct link_account *a);
/* False, and nothing happens, if fewer bytes than that are left. */
bool link_reserve(struct link_account *a, int64_t bytes);
void link_give_back(struct link_account *a, int64_t bytes);
/* What is to be added to the database's sum now; then one of the two below. */
int64_t link_write_begin(struct link_account *a);
void link_write_done(struct link_account *a, int64_t known);
void link_write_failed(struct link_account *a);

/* ---- links ------------------------------------------------------------------------------- */

enum fleet_link {
    FLEET_LINK_LIVE,
    FLEET_LINK_UNKNOWN, /* made a moment ago by another replica, or long gone */
    FLEET_LINK_REVOKED,
    FLEET_LINK_USED_UP
};

/* Is it live?  *out_who: who made it, in the arena; NULL if unknown, or the arena is full. */
enum fleet_link fleet_link_look(struct fleet *f, int64_t tenant_id, int64_t id, struct arena *a,
                                const char **out_who);

/* Bytes for one answer.  FLEET_LINK_LIVE: they are reserved, fleet_link_end must follow. */
enum fleet_link fleet_link_reserve(struct fleet *f, int64_t tenant_id, int64_t id,
                                   int64_t bytes);
/* The answer is over; of the bytes reserved, sent count. */
void fleet_link_end(struct fleet *f, int64_t tenant_id, int64_t id, int64_t reserved,
                    int64_t sent);

/* A file by what a token says of it. */
struct fleet_file {
    const char *platform, *version;
    enum release_state state;
    struct artifact artifact; /* name, size and SHA-256 alone */
};
/* Errors: OTA_E_NOT_FOUND (also drafts' files), OTA_E_LIMIT, OTA_E_BUSY. */
OTA_MUST_CHECK ota_err fleet_file_get(struct fleet *f, int64_t tenant_id, int64_t release_id,
                                      const char *name, struct arena *a,
                                      struct fleet_file *out);

/* ---- for db/ ----------------------------------------------------------------------------- */

struct fleet_link_row {
    int64_t id, expires_at_unix_s, byte_budget, bytes_used;
    bool revoked;
    const char *created_by;
};

/* Of a link that is there already only `revoked` is taken.  Errors: OTA_E_NO_MEMORY. */
OTA_MUST_CHECK ota_err fleet_put_link(struct fleet *f, int64_t tenant_id,
                                      const struct fleet_link_row *row);

struct fleet_link_use {
    int64_t tenant_id, link_id, bytes, uses;
};

/* What is to be written, at most max of it; then fleet_link_written for each that the database
 * has confirmed, with its new sum, and fleet_links_failed for what it has not. */
size_t fleet_take_link_uses(struct fleet *f, struct fleet_link_use *out, size_t max);
void fleet_link_written(struct fleet *f, int64_t tenant_id, int64_t id, int64_t bytes_used);
/* Of all that was taken and is not written yet: it waits again. */
void fleet_links_failed(struct fleet *f);

/* What the database says of a link, between two writes. */
void fleet_link_known(struct fleet *f, int64_t tenant_id, int64_t id, int64_t bytes_used);

/* Forget those that have expired and owe nothing. */
void fleet_links_expire(struct fleet *f, int64_t now_unix_s);

size_t fleet_links_count(struct fleet *f);

#endif
