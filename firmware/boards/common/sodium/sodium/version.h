#ifndef sodium_version_H
#define sodium_version_H

/* libsodium makes this header when it is configured; none of what it declares is used here. */
#include "export.h"

#define SODIUM_VERSION_STRING "source"

#endif
