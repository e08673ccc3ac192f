#ifndef OTAD_AUTH_TOKEN_WORKER_H
#define OTAD_AUTH_TOKEN_WORKER_H

#include "token_wire.h"

/*
 * The whole life of a process that holds one key of a token: `otad --token-worker`, started by
 * otad itself with a socket as descriptor TOKEN_WORKER_FD.  A PKCS#11 module is somebody else's
 * code that may crash, hang or leak; here it does so alone.  Ends with the socket, without a
 * return.
 */
_Noreturn void token_worker_run(void);

#endif
