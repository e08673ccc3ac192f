/*
 * Certificates are kept in generations: a handshake under way may still use the last one, so
 * they are freed together at the end.
 */
#include "otad/http/tls.h"

#include <errno.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum { CHAIN_MAX = 8, PIECES_MAX = 32 };

struct generation {
    struct generation *older;
    gnutls_pcert_st chain[CHAIN_MAX];
    unsigned chain_length;
    gnutls_privkey_t key;
};

struct tls {
    pthread_mutex_t lock;
    struct generation *newest;
    gnutls_datum_t ticket_key;
    char *cert_path, *key_path;
};

static void generation_free(struct generation *g)
{
    for (unsigned i = 0; i < g->chain_length; i++)
        gnutls_pcert_deinit(&g->chain[i]);
    if (g->key != NULL)
        gnutls_privkey_deinit(g->key);
    free(g);
}

static ota_err load_chain(const char *path, struct generation *g, const char **out_why)
{
    gnutls_datum_t pem;
    int bad;

    *out_why = "the certificate cannot be read";
    if (gnutls_load_file(path, &pem) != GNUTLS_E_SUCCESS)
        return OTA_E_IO;
    g->chain_length = CHAIN_MAX;
    bad =
        gnutls_pcert_list_import_x509_raw(g->chain, &g->chain_length, &pem, GNUTLS_X509_FMT_PEM,
                                          GNUTLS_X509_CRT_LIST_FAIL_IF_UNSORTED);
    gnutls_free(pem.data);
    if (bad != GNUTLS_E_SUCCESS) {
        g->chain_length = 0;
        *out_why = "the certificate is no PEM chain, leaf first";
        return OTA_E_FORMAT;
    }
    return OTA_OK;
}

static ota_err load_key(const char *path, struct generation *g, const char **out_why)
{
    gnutls_datum_t pem;
    int bad;

    *out_why = "the private key cannot be read";
    if (gnutls_load_file(path, &pem) != GNUTLS_E_SUCCESS)
        return OTA_E_IO;
    bad = gnutls_privkey_init(&g->key);
    if (bad == GNUTLS_E_SUCCESS)
        bad = gnutls_privkey_import_x509_raw(g->key, &pem, GNUTLS_X509_FMT_PEM, NULL, 0);
    gnutls_memset(pem.data, 0, pem.size);
    gnutls_free(pem.data);
    *out_why = "the private key is no unencrypted PEM key";
    return bad == GNUTLS_E_SUCCESS ? OTA_OK : OTA_E_FORMAT;
}

/* Sign with the key, verify with the leaf. */
static ota_err check_pair(struct generation *g, const char **out_why)
{
    unsigned char bytes[] = "otad";
    const gnutls_datum_t text = {bytes, sizeof bytes - 1};
    gnutls_datum_t signature = {NULL, 0};
    gnutls_digest_algorithm_t hash = GNUTLS_DIG_SHA256;
    int pk = gnutls_pubkey_get_pk_algorithm(g->chain[0].pubkey, NULL);
    int bad;

    if (pk == GNUTLS_PK_EDDSA_ED25519)
        hash = GNUTLS_DIG_SHA512;
    *out_why = "private key and certificate do not belong together";
    if (gnutls_privkey_sign_data(g->key, hash, 0, &text, &signature) != GNUTLS_E_SUCCESS)
        return OTA_E_FORMAT;
    bad = gnutls_pubkey_verify_data2(g->chain[0].pubkey,
                                     gnutls_pk_to_sign((gnutls_pk_algorithm_t)pk, hash), 0,
                                     &text, &signature);
    gnutls_free(signature.data);
    return bad < 0 ? OTA_E_FORMAT : OTA_OK;
}

static ota_err load(const char *cert_path, const char *key_path, struct generation **out,
                    const char **out_why)
{
    struct generation *g = calloc(1, sizeof *g);
    ota_err e;

    if (g == NULL)
        return OTA_E_NO_MEMORY;
    e = load_chain(cert_path, g, out_why);
    if (e == OTA_OK)
        e = load_key(key_path, g, out_why);
    if (e == OTA_OK)
        e = check_pair(g, out_why);
    if (e == OTA_OK)
        *out = g;
    else
        generation_free(g);
    return e;
}

ota_err tls_open(const char *cert_path, const char *key_path, struct tls **out,
                 const char **out_why)
{
    struct tls *t = calloc(1, sizeof *t);
    ota_err e;

    *out_why = "out of memory";
    if (t == NULL)
        return OTA_E_NO_MEMORY;
    (void)pthread_mutex_init(&t->lock, NULL);
    t->cert_path = strdup(cert_path);
    t->key_path = strdup(key_path);
    e = t->cert_path == NULL || t->key_path == NULL ||
                gnutls_session_ticket_key_generate(&t->ticket_key) != GNUTLS_E_SUCCESS
            ? OTA_E_NO_MEMORY
            : load(cert_path, key_path, &t->newest, out_why);
    if (e == OTA_OK)
        *out = t;
    else
        tls_close(t);
    return e;
}

ota_err tls_reload(struct tls *t, const char **out_why)
{
    struct generation *g;
    ota_err e = load(t->cert_path, t->key_path, &g, out_why);

    if (e != OTA_OK)
        return e;
    (void)pthread_mutex_lock(&t->lock);
    g->older = t->newest;
    t->newest = g;
    (void)pthread_mutex_unlock(&t->lock);
    return OTA_OK;
}

void tls_close(struct tls *t)
{
    while (t->newest != NULL) {
        struct generation *older = t->newest->older;

        generation_free(t->newest);
        t->newest = older;
    }
    if (t->ticket_key.data != NULL) {
        gnutls_memset(t->ticket_key.data, 0, t->ticket_key.size);
        gnutls_free(t->ticket_key.data);
    }
    free(t->cert_path);
    free(t->key_path);
    (void)pthread_mutex_destroy(&t->lock);
    free(t);
}

/* ---- what goes out ---- */

static size_t total_of(const giovec_t *piece, int count)
{
    size_t total = 0;

    for (int i = 0; i < count; i++)
        total += piece[i].iov_len;
    return total;
}

static ssize_t keep(struct tls_joiner *j, const giovec_t *piece, int count)
{
    for (int i = 0; i < count; i++) {
        memcpy(j->kept + j->kept_bytes, piece[i].iov_base, piece[i].iov_len);
        j->kept_bytes += piece[i].iov_len;
    }
    return (ssize_t)j->kept_bytes;
}

/* What was kept goes first; of the pieces only what went beyond it has been sent. */
static ssize_t push(gnutls_transport_ptr_t arg, const giovec_t *piece, int count)
{
    struct tls_joiner *j = arg;
    struct iovec all[PIECES_MAX + 1] = {{j->kept, j->kept_bytes}};
    struct msghdr m = {.msg_iov = j->kept_bytes > 0 ? all : all + 1};
    bool waits = j->waits;
    ssize_t n;

    j->waits = false;
    if (waits && j->kept_bytes == 0 && total_of(piece, count) <= sizeof j->kept)
        return keep(j, piece, count);
    if (count > PIECES_MAX)
        count = PIECES_MAX;
    for (int i = 0; i < count; i++)
        all[1 + i] = piece[i];
    m.msg_iovlen = (size_t)count + (j->kept_bytes > 0);
    n = sendmsg(j->fd, &m, MSG_NOSIGNAL);
    if (n < 0 || (size_t)n > j->kept_bytes) {
        n -= n < 0 ? 0 : (ssize_t)j->kept_bytes;
        j->kept_bytes = n < 0 ? j->kept_bytes : 0;
        return n;
    }
    j->kept_bytes -= (size_t)n;
    memmove(j->kept, j->kept + n, j->kept_bytes);
    errno = EAGAIN;
    return -1;
}

void tls_joiner_flush(struct tls_joiner *j)
{
    j->waits = false;
    if (j->kept_bytes > 0)
        (void)send(j->fd, j->kept, j->kept_bytes, MSG_NOSIGNAL);
    j->kept_bytes = 0;
}

void tls_session_start(struct tls *t, void *session, struct tls_joiner *j)
{
    gnutls_transport_ptr_t in, out;

    gnutls_session_set_ptr(session, t);
    (void)gnutls_session_ticket_enable_server(session, &t->ticket_key);
    gnutls_transport_get_ptr2(session, &in, &out);
    j->fd = (int)(intptr_t)out;
    gnutls_transport_set_ptr2(session, in, j);
    gnutls_transport_set_vec_push_function(session, push);
}

void tls_session_limit_records(void *session)
{
    size_t asked = gnutls_record_get_max_size(session);

    (void)gnutls_record_set_max_size(session, asked);
}

bool tls_session_is_resumed(void *session)
{
    return gnutls_session_is_resumed(session) != 0;
}

static int retrieve(gnutls_session_t session, const gnutls_datum_t *names, int names_count,
                    const gnutls_pk_algorithm_t *algorithms, int algorithms_count,
                    gnutls_pcert_st **chain, unsigned *chain_length, gnutls_privkey_t *key)
{
    struct tls *t = gnutls_session_get_ptr(session);
    struct generation *g;

    (void)names, (void)names_count, (void)algorithms, (void)algorithms_count;
    (void)pthread_mutex_lock(&t->lock);
    g = t->newest;
    (void)pthread_mutex_unlock(&t->lock);
    *chain = g->chain;
    *chain_length = g->chain_length;
    *key = g->key;
    return 0;
}

void *tls_certificate_callback(void)
{
    gnutls_certificate_retrieve_function2 *f = retrieve;
    void *p;

    memcpy(&p, &f, sizeof p);
    return p;
}

ota_err tls_check_priorities(const char *priorities)
{
    gnutls_priority_t p;

    if (gnutls_priority_init(&p, priorities, NULL) != GNUTLS_E_SUCCESS)
        return OTA_E_FORMAT;
    gnutls_priority_deinit(p);
    return OTA_OK;
}
