#ifndef OTAD_AUTH_TOKEN_WIRE_H
#define OTAD_AUTH_TOKEN_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keys/why.h"

/*
 * What otad and a process of its that holds one key of a token tell each other, one datagram
 * each, over an inherited socket.  Both are the same program, so these are plain structs.
 */
#define TOKEN_WORKER_ARGUMENT "--token-worker"

enum {
    TOKEN_WORKER_FD = 3,
    TOKEN_URI_BYTES = 1024,
    TOKEN_PATH_BYTES = 512,
    TOKEN_MESSAGE_BYTES_MAX = 4096, /* the largest file that a device takes (SPEC 10.4) */
    TOKEN_PUBLIC_BYTES = 32,
    TOKEN_SIGNATURE_BYTES = 64,
};

/* First from otad: which key, and where its PIN is. */
struct token_setup {
    char uri[TOKEN_URI_BYTES];
    char pin_file[TOKEN_PATH_BYTES]; /* unless the URI names one; "" = none */
    bool pin_is_credential;          /* systemd guards it by an access list, not by its mode */
};

enum token_op { TOKEN_CHECK, TOKEN_SIGN };

struct token_request {
    enum token_op op;
    uint32_t len;
    uint8_t message[TOKEN_MESSAGE_BYTES_MAX];
};

/* To the setup: the public half.  To a request: the signature, if one was wanted. */
struct token_answer {
    ota_err err;
    union {
        uint8_t public[TOKEN_PUBLIC_BYTES];
        uint8_t signature[TOKEN_SIGNATURE_BYTES];
    };
    struct why why; /* beside an error */
};

#endif
