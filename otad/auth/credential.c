/* systemd.exec(5), CREDENTIALS_DIRECTORY: the environment names a place, not a secret. */
#include "credential.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

bool credential_path(const char *name, char out[TOKEN_PATH_BYTES])
{
    const char *folder = getenv("CREDENTIALS_DIRECTORY");
    const int n = folder == NULL ? -1 : snprintf(out, TOKEN_PATH_BYTES, "%s/%s", folder, name);
    if (n > 0 && n < TOKEN_PATH_BYTES && access(out, F_OK) == 0)
        return true;
    out[0] = '\0';
    return false;
}
