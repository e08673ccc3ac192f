/* ota-settings: make the settings sector of one device (SPEC 4.5). */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../ota/settings.h"
#include "pem.h"

enum { EXIT_USAGE = 2 };

static const char usage[] =
    "usage: ota-settings --host HOST --port N --name TLSNAME --ca CA.pem --tenant T\n"
    "                    --device-id ID --token-file FILE [--gateway] --platform NAME\n"
    "                    [--poll SECONDS] [--heartbeat SECONDS] --out FILE\n"
    "Writes the contents of a device's settings sector.  The token file holds one line.\n";

enum option_id {
    OPT_HOST = 1,
    OPT_PORT,
    OPT_NAME,
    OPT_CA,
    OPT_TENANT,
    OPT_ID,
    OPT_TOKEN,
    OPT_GATEWAY,
    OPT_PLATFORM,
    OPT_POLL,
    OPT_HEARTBEAT,
    OPT_OUT,
    OPT_HELP
};

static const struct option options[] = {{"host", required_argument, NULL, OPT_HOST},
                                        {"port", required_argument, NULL, OPT_PORT},
                                        {"name", required_argument, NULL, OPT_NAME},
                                        {"ca", required_argument, NULL, OPT_CA},
                                        {"tenant", required_argument, NULL, OPT_TENANT},
                                        {"device-id", required_argument, NULL, OPT_ID},
                                        {"token-file", required_argument, NULL, OPT_TOKEN},
                                        {"gateway", no_argument, NULL, OPT_GATEWAY},
                                        {"platform", required_argument, NULL, OPT_PLATFORM},
                                        {"poll", required_argument, NULL, OPT_POLL},
                                        {"heartbeat", required_argument, NULL, OPT_HEARTBEAT},
                                        {"out", required_argument, NULL, OPT_OUT},
                                        {"help", no_argument, NULL, OPT_HELP},
                                        {NULL, 0, NULL, 0}};

static bool keep(char *out, size_t cap, const char *value)
{
    size_t n = strlen(value);

    if (n >= cap) {
        fprintf(stderr, "ota-settings: \"%s\" is longer than %zu characters\n", value, cap - 1);
        return false;
    }
    memcpy(out, value, n + 1);
    return true;
}

static bool keep_number(uint32_t *out, const char *value, uint32_t max)
{
    char *end;
    unsigned long v = strtoul(value, &end, 10);

    if (*value == '\0' || *end != '\0' || v > max) {
        fprintf(stderr, "ota-settings: \"%s\" is no number up to %u\n", value, max);
        return false;
    }
    *out = (uint32_t)v;
    return true;
}

static bool keep_token(struct ota_settings *s, const char *path)
{
    const char *text = pem_file(path);
    size_t n = text == NULL ? 0 : strcspn(text, "\r\n");

    if (n == 0 || n >= sizeof s->token) {
        fprintf(stderr, "ota-settings: %s holds no usable token\n", path);
        return false;
    }
    memcpy(s->token, text, n);
    s->token[n] = '\0';
    return true;
}

static bool keep_ca(struct ota_settings *s, const char *path)
{
    const char *text = pem_file(path);
    size_t len = 0;

    if (text == NULL || pem_decode(text, "CERTIFICATE", s->ca, sizeof s->ca, &len)) {
        fprintf(stderr, "ota-settings: %s holds no certificate of at most %zu bytes\n", path,
                sizeof s->ca);
        return false;
    }
    s->ca_bytes = (uint16_t)len;
    return true;
}

static bool take(struct ota_settings *s, const char **out_path, int option, const char *value)
{
    uint32_t port;

    switch ((enum option_id)option) {
    case OPT_HOST:
        return keep(s->host, sizeof s->host, value);
    case OPT_PORT:
        if (!keep_number(&port, value, UINT16_MAX)) {
            return false;
        }
        s->port = (uint16_t)port;
        return true;
    case OPT_NAME:
        return keep(s->server_name, sizeof s->server_name, value);
    case OPT_CA:
        return keep_ca(s, value);
    case OPT_TENANT:
        return keep(s->tenant, sizeof s->tenant, value);
    case OPT_ID:
        return keep(s->device_id, sizeof s->device_id, value);
    case OPT_TOKEN:
        return keep_token(s, value);
    case OPT_GATEWAY:
        s->auth = OTA_AUTH_GATEWAY;
        return true;
    case OPT_PLATFORM:
        return keep(s->platform, sizeof s->platform, value);
    case OPT_POLL:
        return keep_number(&s->poll_s, value, 86400);
    case OPT_HEARTBEAT:
        return keep_number(&s->heartbeat_s, value, 86400);
    case OPT_OUT:
        *out_path = value;
        return true;
    case OPT_HELP:
        break;
    }
    return false;
}

static int write_file(const char *path, const uint8_t *bytes, size_t len)
{
    FILE *f = fopen(path, "wb");
    bool good = f != NULL && fwrite(bytes, 1, len, f) == len;

    if (f != NULL && fclose(f) != 0) {
        good = false;
    }
    if (!good) {
        fprintf(stderr, "ota-settings: cannot write %s\n", path);
    }
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    struct ota_settings s = {.auth = OTA_AUTH_TARGET};
    uint8_t bytes[OTA_SETTINGS_BYTES_MAX];
    const char *path = NULL;
    size_t len;
    int o;

    while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (o == OPT_HELP) {
            fputs(usage, stdout);
            return EXIT_SUCCESS;
        }
        if (o == '?' || !take(&s, &path, o, optarg)) {
            fputs(usage, stderr);
            return EXIT_USAGE;
        }
    }
    if (path == NULL || optind != argc) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    if (ota_settings_write(&s, bytes, sizeof bytes, &len)) {
        fputs("ota-settings: something is missing, too long, or has characters other than "
              "[A-Za-z0-9._:+=~-]\n",
              stderr);
        return EXIT_USAGE;
    }
    return write_file(path, bytes, len);
}
