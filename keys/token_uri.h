#ifndef KEYS_TOKEN_URI_H
#define KEYS_TOKEN_URI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../firmware/image/err.h"

/*
 * Names of keys in tokens: pkcs11: URIs (RFC 7512).  Understood: token, manufacturer, model,
 * serial, slot-id, object, id, type; module-path, pin-source.  A PIN in the URI (pin-value) is
 * refused: command lines are no secret.  Every other attribute is refused, too: one that does
 * not narrow the choice as its writer meant it to is worse than none.
 */
struct token_uri {
    /* "" = any */
    char token[33], manufacturer[33], model[17], serial[17];
    char object[129];
    uint8_t id[64];
    size_t id_bytes; /* 0 = any */
    unsigned long slot_id;
    bool has_slot_id;
    char module_path[512]; /* absolute; "" = p11-kit's */
    char pin_source[512];  /* the path of a file; "" = none */
};

/* Does name begin like a pkcs11: URI? */
bool token_uri_is(const char *name);

/*
 * Why gets what is wrong, in words.  Errors: OTA_E_FORMAT, OTA_E_LIMIT (a value longer than
 * tokens have them), OTA_E_DENIED (pin-value).
 */
OTA_MUST_CHECK ota_err token_uri_parse(const char *text, struct token_uri *out, char *why,
                                       size_t why_bytes);

#endif
