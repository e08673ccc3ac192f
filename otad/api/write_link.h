#ifndef OTAD_API_WRITE_LINK_H
#define OTAD_API_WRITE_LINK_H

#include "otad/db/download.h"
#include "otad/db/link.h"
#include "otad/json.h"

/* Links and the download log as the JSON of SPEC 8.14; pure, as write.h. */
void write_download_link(struct json_out *o, const char *key, const struct link *l);
void write_download(struct json_out *o, const char *key, const struct download_row *r);

#endif
