#ifndef OTA_DDI_H
#define OTA_DDI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../image/err.h"

/*
 * Answers of a hawkBit DDI v1 server (SPEC 6), parsed once into plain structs.  Unknown members
 * are ignored, as the protocol grows; what is known must have the right type.  Of links only
 * the path counts: the agent talks to its configured server alone, whatever a link says, so
 * that a credential never goes elsewhere.
 */
enum {
    DDI_PATH_MAX = 256,   /* with the NUL                                                     */
    DDI_TOKENS_MAX = 256, /* JSON values in an answer                                         */
    DDI_TOKEN_BYTES = 16, /* room for one of them in the scratch memory                       */
};

struct ddi_poll {
    uint32_t sleep_ms; /* 0: not said                                                         */
    char config_path[DDI_PATH_MAX]; /* empty: no link                                     */
    char deployment_path[DDI_PATH_MAX];
    char cancel_path[DDI_PATH_MAX];
    char keys_path[DDI_PATH_MAX];     /* of a newer key manifest (SPEC 6.2) */
    char director_path[DDI_PATH_MAX]; /* of the signed answer (SPEC 10.5) */
};

struct ddi_deployment {
    uint32_t action;   /* 1 to 2^31 - 1                                                       */
    bool may_download; /* false: "skip"                                                       */
    bool may_install;
    uint32_t size_bytes;
    uint8_t sha256[32];
    char path[DDI_PATH_MAX]; /* of the artifact                                               */
};

struct ddi_cancel {
    uint32_t id;   /* of the cancelAction, for its feedback                                   */
    uint32_t stop; /* the action to stop                                                      */
};

/* Scratch memory for one parse; belongs to the caller, holds nothing afterwards. */
struct ddi_scratch {
    _Alignas(8) uint8_t tokens[DDI_TOKENS_MAX * DDI_TOKEN_BYTES];
};

/* All three: OTA_E_FORMAT (not JSON, a member of the wrong type, missing), OTA_E_LIMIT (too
 * many values, a path too long).  *out is written only on success. */
OTA_MUST_CHECK ota_err ddi_poll_parse(const char *json, size_t len, struct ddi_scratch *scratch,
                                      struct ddi_poll *out);

/* Of several artifacts the first one named *.bin is taken, else the first. */
OTA_MUST_CHECK ota_err ddi_deployment_parse(const char *json, size_t len,
                                            struct ddi_scratch *scratch,
                                            struct ddi_deployment *out);

OTA_MUST_CHECK ota_err ddi_cancel_parse(const char *json, size_t len,
                                        struct ddi_scratch *scratch, struct ddi_cancel *out);

#endif
