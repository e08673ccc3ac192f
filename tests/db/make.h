#ifndef TESTS_DB_MAKE_H
#define TESTS_DB_MAKE_H

#include "kit.h"
#include "otad/db/device.h"
#include "otad/db/release.h"
#include "otad/db/update.h"

/* Things that tests are about, made with what matters to them. */
void make_platform(struct kit *k, const char *name, bool follow_channel);
/* A complete release of one file whose digest follows from platform and version. */
void make_complete(struct kit *k, const char *platform, const char *version, uint32_t counter);
void make_released(struct kit *k, const char *platform, const char *version, uint32_t counter,
                   enum channel channel);
/* Its token's hash begins with the bytes of its id. */
void make_device(struct kit *k, const char *id, const char *platform, const char *version);
struct feedback make_feedback(enum execution e, enum result r);
struct release_new make_release_new(const char *platform, const char *version,
                                    uint32_t counter);
struct artifact make_artifact(const struct release_new *r);
void make_token_hash(const char *id, uint8_t out[32]);

#endif
