/*
 * The only file that sees mbedTLS.  Waiting is done here, against the caller's deadline; the
 * link below never waits, so a silent or endless server costs time but never the loop.
 */
#include "tls.h"

#include <string.h>

#include "mbedtls/ctr_drbg.h"
#include "mbedtls/entropy.h"
#include "mbedtls/memory_buffer_alloc.h"
#include "mbedtls/net_sockets.h"
#include "mbedtls/platform.h"
#include "mbedtls/platform_time.h"
#include "mbedtls/platform_util.h"
#include "mbedtls/ssl.h"

enum {
    HEAP_BYTES = 24 * 1024 /* measured peak 15.2 KiB; a chain of three certificates fits */
};

static struct {
    const struct tls_ports *ports;
    bool ready, open, has_session;
    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context drbg;
    mbedtls_x509_crt ca;
    mbedtls_ssl_config conf;
    mbedtls_ssl_context ssl;
    mbedtls_ssl_session session;
    _Alignas(8) unsigned char heap[HEAP_BYTES];
} tls;

/* --- what the library asks of its platform ---------------------------------------------- */

int mbedtls_hardware_poll(void *data, unsigned char *output, size_t len, size_t *olen);

int mbedtls_hardware_poll(void *data, unsigned char *output, size_t len, size_t *olen)
{
    (void)data;
    if (!tls.ports->entropy(tls.ports->port, output, len)) {
        return MBEDTLS_ERR_ENTROPY_SOURCE_FAILED;
    }
    *olen = len;
    return 0;
}

static mbedtls_time_t unix_time(mbedtls_time_t *out)
{
    mbedtls_time_t now = (mbedtls_time_t)tls.ports->unix_s(tls.ports->port);

    if (out != NULL) {
        *out = now;
    }
    return now;
}

mbedtls_ms_time_t mbedtls_ms_time(void)
{
    return (mbedtls_ms_time_t)tls.ports->clock->now_ms(tls.ports->clock->port);
}

/* Civil date from days since 1970, counted in eras of 400 years that begin on a 1 March. */
struct tm *mbedtls_platform_gmtime_r(const mbedtls_time_t *tt, struct tm *out)
{
    uint32_t s = (uint32_t)*tt % 86400u;
    uint32_t z = (uint32_t)*tt / 86400u + 719468u;
    uint32_t era = z / 146097u;
    uint32_t day = z % 146097u;
    uint32_t year = (day - day / 1460u + day / 36524u - day / 146096u) / 365u;
    uint32_t of_year = day - (365u * year + year / 4u - year / 100u);
    uint32_t month = (5u * of_year + 2u) / 153u;

    memset(out, 0, sizeof *out);
    out->tm_mday = (int)(of_year - (153u * month + 2u) / 5u + 1u);
    out->tm_mon = (int)(month < 10u ? month + 2u : month - 10u);
    out->tm_year = (int)(year + era * 400u + (out->tm_mon < 2 ? 1u : 0u)) - 1900;
    out->tm_hour = (int)(s / 3600u);
    out->tm_min = (int)(s / 60u % 60u);
    out->tm_sec = (int)(s % 60u);
    return out;
}

/* --- bytes and waiting ------------------------------------------------------------------ */

static int link_send(void *ctx, const unsigned char *buf, size_t len)
{
    const struct tls_link *l = ctx;
    size_t n = 0;
    ota_err e = l->write(l->port, buf, len, &n);

    if (e == OTA_E_BUSY) {
        return MBEDTLS_ERR_SSL_WANT_WRITE;
    }
    return e ? MBEDTLS_ERR_NET_CONN_RESET : (int)n;
}

static int link_recv(void *ctx, unsigned char *buf, size_t len)
{
    const struct tls_link *l = ctx;
    size_t n = 0;
    ota_err e = l->read(l->port, buf, len, &n);

    if (e == OTA_E_BUSY) {
        return MBEDTLS_ERR_SSL_WANT_READ;
    }
    return e ? MBEDTLS_ERR_NET_CONN_RESET : (int)n;
}

/* May the call that returned ret be repeated?  Waits until that is useful. */
static bool again(int ret, uint64_t deadline_ms, ota_err *out)
{
    const struct tls_link *l = tls.ports->link;

    if (ret != MBEDTLS_ERR_SSL_WANT_READ && ret != MBEDTLS_ERR_SSL_WANT_WRITE) {
        return false;
    }
    if (tls.ports->clock->now_ms(tls.ports->clock->port) >= deadline_ms) {
        *out = OTA_E_BUSY;
        return false;
    }
    l->wait(l->port, ret == MBEDTLS_ERR_SSL_WANT_WRITE, deadline_ms);
    return true;
}

static ota_err error_of(int ret)
{
    switch (ret) {
    case MBEDTLS_ERR_SSL_ALLOC_FAILED:
        return OTA_E_NO_MEMORY;
    case MBEDTLS_ERR_X509_CERT_VERIFY_FAILED:
        return OTA_E_SIGNATURE;
    case MBEDTLS_ERR_NET_CONN_RESET:
    case MBEDTLS_ERR_SSL_CONN_EOF:
        return OTA_E_IO;
    default:
        return OTA_E_FORMAT;
    }
}

/* --- transport -------------------------------------------------------------------------- */

static void tell_refusal(void)
{
    uint32_t flags = mbedtls_ssl_get_verify_result(&tls.ssl);
    const char *why = "certificate refused: not by our authority";

    if ((flags & MBEDTLS_X509_BADCERT_EXPIRED) != 0) {
        why = "certificate refused: expired";
    } else if ((flags & MBEDTLS_X509_BADCERT_FUTURE) != 0) {
        why = "certificate refused: not valid yet";
    } else if ((flags & MBEDTLS_X509_BADCERT_CN_MISMATCH) != 0) {
        why = "certificate refused: for another host name";
    }
    tls.ports->refused(tls.ports->port, why);
}

static void forget_session(void)
{
    mbedtls_ssl_session_free(&tls.session);
    mbedtls_ssl_session_init(&tls.session);
    tls.has_session = false;
}

static int prepare(const struct ota_endpoint *to)
{
    int ret = 0;

    mbedtls_x509_crt_free(&tls.ca);
    mbedtls_x509_crt_init(&tls.ca);
    mbedtls_ssl_init(&tls.ssl);
    tls.open = true;
    ret = mbedtls_x509_crt_parse_der_nocopy(&tls.ca, to->ca, to->ca_bytes);
    if (ret != 0) {
        tls.ports->refused(tls.ports->port, "our authority's certificate cannot be used");
        return ret;
    }
    mbedtls_ssl_conf_ca_chain(&tls.conf, &tls.ca, NULL);
    ret = mbedtls_ssl_setup(&tls.ssl, &tls.conf);
    if (ret == 0) {
        ret = mbedtls_ssl_set_hostname(&tls.ssl, to->name); /* SNI and name check */
    }
    if (ret == 0 && tls.has_session) {
        ret = mbedtls_ssl_set_session(&tls.ssl, &tls.session);
    }
    return ret;
}

static ota_err handshake(uint64_t deadline_ms)
{
    ota_err e = OTA_OK;
    int ret;

    do {
        ret = mbedtls_ssl_handshake(&tls.ssl);
    } while (again(ret, deadline_ms, &e));
    if (ret == 0) {
        forget_session();
        tls.has_session = mbedtls_ssl_get_session(&tls.ssl, &tls.session) == 0;
        return OTA_OK;
    }
    forget_session();
    if (ret == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED) {
        tell_refusal();
    }
    return e ? e : error_of(ret);
}

static ota_err transport_connect(void *port, const struct ota_endpoint *to,
                                 uint64_t deadline_ms)
{
    const struct tls_link *l = tls.ports->link;
    ota_err e = l->open(l->port, to->host, to->port, deadline_ms);
    int ret;

    (void)port;
    if (e) {
        return e;
    }
    ret = prepare(to);
    if (ret != 0) {
        return error_of(ret);
    }
    mbedtls_ssl_set_bio(&tls.ssl, (void *)(uintptr_t)l, link_send, link_recv, NULL);
    return handshake(deadline_ms);
}

static ota_err transport_send(void *port, const void *data, size_t len, uint64_t deadline_ms)
{
    const unsigned char *p = data;
    ota_err e = OTA_OK;
    size_t done = 0;

    (void)port;
    while (done < len) {
        int ret = mbedtls_ssl_write(&tls.ssl, p + done, len - done);

        if (ret > 0) {
            done += (size_t)ret;
        } else if (!again(ret, deadline_ms, &e)) {
            return e ? e : error_of(ret);
        }
    }
    return OTA_OK;
}

static ota_err transport_recv(void *port, void *buf, size_t cap, size_t *out_len,
                              uint64_t deadline_ms)
{
    ota_err e = OTA_OK;
    int ret;

    (void)port;
    do {
        ret = mbedtls_ssl_read(&tls.ssl, buf, cap);
    } while (again(ret, deadline_ms, &e));
    if (ret == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
        ret = 0;
    }
    if (ret < 0) {
        return e ? e : error_of(ret);
    }
    *out_len = (size_t)ret;
    return OTA_OK;
}

static void transport_close(void *port)
{
    const struct tls_link *l = tls.ports->link;

    (void)port;
    if (tls.open) {
        (void)mbedtls_ssl_close_notify(&tls.ssl);
        mbedtls_ssl_free(&tls.ssl);
        tls.open = false;
    }
    l->close(l->port);
}

static int setup(void)
{
    int ret;

    mbedtls_memory_buffer_alloc_init(tls.heap, sizeof tls.heap);
    mbedtls_platform_set_time(unix_time);
    mbedtls_entropy_init(&tls.entropy);
    mbedtls_ctr_drbg_init(&tls.drbg);
    mbedtls_x509_crt_init(&tls.ca);
    mbedtls_ssl_config_init(&tls.conf);
    mbedtls_ssl_session_init(&tls.session);
    ret = mbedtls_ctr_drbg_seed(&tls.drbg, mbedtls_entropy_func, &tls.entropy, NULL, 0);
    if (ret == 0) {
        ret = mbedtls_ssl_config_defaults(&tls.conf, MBEDTLS_SSL_IS_CLIENT,
                                          MBEDTLS_SSL_TRANSPORT_STREAM,
                                          MBEDTLS_SSL_PRESET_DEFAULT);
    }
    if (ret == 0) {
        mbedtls_ssl_conf_authmode(&tls.conf, MBEDTLS_SSL_VERIFY_REQUIRED);
        mbedtls_ssl_conf_rng(&tls.conf, mbedtls_ctr_drbg_random, &tls.drbg);
        ret = mbedtls_ssl_conf_max_frag_len(&tls.conf, MBEDTLS_SSL_MAX_FRAG_LEN_4096);
    }
    return ret;
}

ota_err tls_init(const struct tls_ports *ports, struct ota_transport *out)
{
    tls.ports = ports;
    if (!tls.ready) {
        int ret = setup();

        if (ret != 0) {
            return ret == MBEDTLS_ERR_CTR_DRBG_ENTROPY_SOURCE_FAILED ? OTA_E_IO
                                                                     : OTA_E_NO_MEMORY;
        }
        tls.ready = true;
    }
    *out = (struct ota_transport){.connect = transport_connect,
                                  .send = transport_send,
                                  .recv = transport_recv,
                                  .close = transport_close};
    return OTA_OK;
}

uint32_t tls_random(void)
{
    uint32_t v = 0;

    (void)mbedtls_ctr_drbg_random(&tls.drbg, (unsigned char *)&v, sizeof v);
    return v;
}

size_t tls_heap_peak(void)
{
    size_t bytes = 0;
    size_t blocks = 0;

    mbedtls_memory_buffer_alloc_max_get(&bytes, &blocks);
    return bytes;
}
