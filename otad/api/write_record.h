#ifndef OTAD_API_WRITE_RECORD_H
#define OTAD_API_WRITE_RECORD_H

#include "otad/db/audit_log.h"
#include "otad/db/statistics.h"
#include "otad/json.h"

/* Records as the JSON of SPEC 8.15 and 8.16; pure, as write.h. */

/* Its members stand in the order that `signer audit verify` reads, nothing in between. */
void write_audit_entry(struct json_out *o, const char *key, const struct audit_entry *e);
void write_audit_head(struct json_out *o, const char *key, const struct audit_entry *e);

void write_statistics(struct json_out *o, const char *key, const struct statistics *s);

#endif
