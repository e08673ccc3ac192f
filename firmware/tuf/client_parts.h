#ifndef TUF_CLIENT_PARTS_H
#define TUF_CLIENT_PARTS_H

#include "client.h"

/* What the parts of the client share; nobody else includes this. */

/* memory.file, len bytes of it, as canonical text (c->text), split. */
enum tuf_verdict client_open_file(struct tuf_client *c, size_t len, struct tuf_file *out);

/* By a role (TUF_ROLE_*) of the trusted root? */
enum tuf_verdict client_signed_by_role(const struct tuf_client *c, unsigned role,
                                       const struct tuf_file *f);

/* A kept copy of the file into memory.file; false if there is none that we can read. */
bool client_load(struct tuf_client *c, const char *name, size_t max, size_t *out_len);
/* memory.file into the store.  Verdicts: TUF_STORE. */
enum tuf_verdict client_save(struct tuf_client *c, const char *name, size_t len);

bool client_expired(const struct tuf_client *c, const struct tuf_head *h);

/* Length and digest of memory.file. */
enum tuf_verdict client_as_listed(const struct tuf_client *c, const struct tuf_listed *l,
                                  size_t len);

/* The role that is being looked at. */
const char *client_role_name(const struct tuf_client *c);
/* Look at roles as long as the store has them; else the step is TUF_WANTS_ROLE. */
enum tuf_verdict client_walk(struct tuf_client *c);
/* The role in memory.file, then on. */
enum tuf_verdict client_got_role(struct tuf_client *c, size_t len);

#endif
