#ifndef OTAD_DB_READ_H
#define OTAD_DB_READ_H

#include "otad/fleet/apply.h"
#include "pg.h"
#include "user.h"

/* Readers of the *_row views, column by column: the one place that knows their order. */
void update_read(struct pg_row *row, void *out_update);  /* update_row                */
void device_read(struct pg_row *row, void *out_device);  /* device_row as struct device */
void device_read_all(struct pg_row *row, void *out_row); /* as struct fleet_device_row  */
void release_read(struct pg_row *row, struct fleet_release_row *out); /* release_row   */
void artifact_read(struct pg_row *row, void *out_artifact);
void user_read(struct pg_row *row, struct user *out); /* account_row                */

/* A version_key column; unknown for NULL. */
void version_read(struct pg_row *row, struct version *out);

/* Never NULL: "" for SQL's NULL. */
const char *row_text_or_empty(struct pg_row *row);

#endif
