#ifndef OTA_SETTINGS_H
#define OTA_SETTINGS_H

#include <stddef.h>
#include <stdint.h>

#include "../slot/slot.h"

/*
 * What makes a device an individual (SPEC 4.5): its server, its name and its credential,
 * written once into the settings sector when the device is made.
 */
enum {
    OTA_NAME_MAX = 64, /* platform, tenant, host names, with the NUL */
    OTA_ID_MAX = 129,  /* device id, token, with the NUL             */
    OTA_CA_MAX = 1536, /* an RSA-4096 certificate still fits         */
    OTA_SETTINGS_BYTES_MAX = 2560
};

enum ota_auth { OTA_AUTH_TARGET = 1, OTA_AUTH_GATEWAY = 2 };

struct ota_settings {
    char host[OTA_NAME_MAX]; /* address or name to connect to                        */
    uint16_t port;
    char server_name[OTA_NAME_MAX]; /* name in the server's certificate                     */
    char tenant[OTA_NAME_MAX];
    char device_id[OTA_ID_MAX];
    enum ota_auth auth;
    char token[OTA_ID_MAX];
    char platform[OTA_NAME_MAX];
    uint32_t poll_s;      /* 0: as the server says                                */
    uint32_t heartbeat_s; /* 0: the agent's default                               */
    uint16_t ca_bytes;
    uint8_t ca[OTA_CA_MAX]; /* DER                                                  */
};

/*
 * Errors: OTA_E_FORMAT (magic, checksum, an entry twice, missing, unknown or with characters
 * that do not belong), OTA_E_LIMIT.  *out is written only on success.
 */
OTA_MUST_CHECK ota_err ota_settings_parse(const uint8_t *bytes, size_t len,
                                          struct ota_settings *out);

/* Errors: OTA_E_LIMIT if cap is too small, OTA_E_FORMAT for what parse would refuse. */
OTA_MUST_CHECK ota_err ota_settings_write(const struct ota_settings *in, uint8_t *buf,
                                          size_t cap, size_t *out_len);

/* Read the settings sector.  buf: scratch of OTA_SETTINGS_BYTES_MAX bytes.
 * Errors: as parse; OTA_E_IO; OTA_E_NOT_FOUND when the sector is blank. */
OTA_MUST_CHECK ota_err ota_settings_load(const struct slot_map *m, uint8_t *buf,
                                         struct ota_settings *out);

#endif
