#ifndef OTAD_AUTH_CREDENTIAL_H
#define OTAD_AUTH_CREDENTIAL_H

#include <stdbool.h>

#include "token_wire.h"

/* The file of a credential that systemd gives our unit.  false: there is none of this name. */
bool credential_path(const char *name, char out[TOKEN_PATH_BYTES]);

#endif
