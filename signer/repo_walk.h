#ifndef SIGNER_REPO_WALK_H
#define SIGNER_REPO_WALK_H

#include "http.h"
#include "repo.h"

/*
 * What a server has published of a repository, fetched and judged from a trusted root on by the
 * client that devices run, with their limits (SPEC 10.4, 10.6).  Everything is in memory until
 * all of it is good.
 */
enum { REPO_ROOTS_MAX = 1024 };
enum repo_online_file { REPO_TIMESTAMP, REPO_SNAPSHOT, REPO_ONLINE_FILES };

struct repo_published {
    json_t *root[REPO_ROOTS_MAX]; /* newer than the trusted one, in their order */
    size_t roots;
    json_t *doc[REPO_ROLES]; /* targets and the platform's role; NULL: nothing published yet */
    /* What the server showed last, as served; data NULL: it is as it was. */
    struct file_bytes seen[REPO_ONLINE_FILES];
    bool forget_seen; /* keys of snapshot or timestamp changed: what was seen counts no more */
};

struct repo_walk {
    struct http *http;
    const char *metadata; /* where, on the server: /tuf/TENANT/PLATFORM/metadata/ */
    const struct repo *repo;
    const struct file_bytes *seen; /* of the last time, [REPO_ONLINE_FILES]; data NULL: none */
};

/*
 * Walk: roots, timestamp, snapshot, targets, role.  What has expired is refused of timestamp
 * and snapshot; of the others it is told by repo_fresh, since managers come to renew it.
 * Errors, said, with the file's name: OTA_E_SIGNATURE and OTA_E_LIMIT (refused), http_get's,
 * server_refused's.  Free with repo_published_free in any case.
 */
OTA_MUST_CHECK ota_err repo_walk(const struct repo_walk *w, struct repo_published *out);
void repo_published_free(struct repo_published *p);

/* timestamp.json, snapshot.json */
const char *repo_online_file_name(enum repo_online_file which);

#endif
