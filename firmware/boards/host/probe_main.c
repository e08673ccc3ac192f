/*
 * ota-tls-probe: one GET through the device's own TLS, counting the records that come back.
 * Proves that a server honours max_fragment_length: a device with 4 KiB buffers cannot take
 * more.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../ota/http1.h"
#include "../../ota/tls.h"
#include "pem.h"
#include "sockets.h"

enum { EXIT_USAGE = 2, DEADLINE_MS = 60000, RECORD_HEAD = 5, CIPHER_EXTRA = 8 + 16 };

/* What passes the link, cut into TLS records by their heads. */
static struct {
    struct tls_link under;
    uint8_t head[RECORD_HEAD];
    size_t head_bytes, left;
    size_t largest; /* plain bytes of an application record */
} probe;

static void count(const uint8_t *p, size_t len)
{
    while (len > 0) {
        if (probe.left > 0) {
            size_t n = len < probe.left ? len : probe.left;

            probe.left -= n;
            p += n;
            len -= n;
            continue;
        }
        probe.head[probe.head_bytes++] = *p++;
        len--;
        if (probe.head_bytes == RECORD_HEAD) {
            probe.head_bytes = 0;
            probe.left = (size_t)probe.head[3] << 8 | probe.head[4];
            if (probe.head[0] == 23 && probe.left > probe.largest + CIPHER_EXTRA) {
                probe.largest = probe.left - CIPHER_EXTRA;
            }
        }
    }
}

static ota_err counting_read(void *port, void *buf, size_t cap, size_t *out_len)
{
    ota_err e = probe.under.read(port, buf, cap, out_len);

    if (e == OTA_OK) {
        count(buf, *out_len);
    }
    return e;
}

static void refused(void *port, const char *why)
{
    (void)port;
    fprintf(stderr, "ota-tls-probe: %s\n", why);
}

/* Status line, length and the records; the body is read and dropped. */
static ota_err get(const struct ota_transport *t, const struct ota_endpoint *to,
                   const char *path, const char *credential, uint64_t deadline_ms)
{
    static struct http1 http;
    const struct http1_request rq = {
        .method = "GET", .path = path, .host = to->name, .authorization = credential};
    struct http1_answer answer;
    uint8_t buf[4096];
    size_t n = 0;
    size_t total = 0;
    ota_err e = t->connect(t->port, to, deadline_ms);

    http1_reset(&http, t);
    if (e == OTA_OK) {
        e = http1_ask(&http, &rq, deadline_ms, &answer);
    }
    do {
        if (e == OTA_OK) {
            e = http1_body(&http, buf, sizeof buf, &n, deadline_ms);
        }
        total += n;
    } while (e == OTA_OK && n > 0);
    t->close(t->port);
    if (e == OTA_OK) {
        printf("status %u\nbytes %zu\nlargest record %zu\nheap peak %zu\n",
               (unsigned)answer.status, total, probe.largest, tls_heap_peak());
    }
    return e;
}

int main(int argc, char **argv)
{
    static const char authorization[] = "Authorization: ";
    static uint8_t ca[8192];
    struct ota_endpoint to = {.ca = ca};
    struct host_socket socket;
    struct tls_link link = host_link(&socket);
    struct ota_clock clock = host_clock();
    struct tls_ports ports = {.link = &link,
                              .clock = &clock,
                              .unix_s = host_unix_s,
                              .entropy = host_entropy,
                              .refused = refused};
    struct ota_transport t;
    const char *text;
    ota_err e;

    if (argc != 6 && (argc != 8 || strcmp(argv[6], "--header") != 0 ||
                      strncmp(argv[7], authorization, sizeof authorization - 1) != 0)) {
        fputs("usage: ota-tls-probe HOST PORT CA.pem NAME PATH "
              "[--header 'Authorization: VALUE']\n",
              stderr);
        return EXIT_USAGE;
    }
    text = pem_file(argv[3]);
    if (text == NULL || pem_decode(text, "CERTIFICATE", ca, sizeof ca, &to.ca_bytes)) {
        fprintf(stderr, "ota-tls-probe: %s holds no certificate\n", argv[3]);
        return EXIT_USAGE;
    }
    to.host = argv[1];
    to.port = (uint16_t)strtoul(argv[2], NULL, 10);
    to.name = argv[4];
    probe.under = link;
    link.read = counting_read;
    e = tls_init(&ports, &t);
    if (e == OTA_OK) {
        e = get(&t, &to, argv[5], argc == 8 ? argv[7] + sizeof authorization - 1 : NULL,
                clock.now_ms(clock.port) + DEADLINE_MS);
    }
    if (e) {
        fprintf(stderr, "ota-tls-probe: %s\n", ota_err_name(e));
        return EXIT_FAILURE;
    }
    return probe.largest <= 4096 ? EXIT_SUCCESS : EXIT_FAILURE;
}
