#ifndef OTAD_HTTP_TLS_H
#define OTAD_HTTP_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/image/err.h"

/*
 * What we need of GnuTLS beside libmicrohttpd: the certificate (replaceable while running),
 * session tickets, the client's record size.  A session is libmicrohttpd's gnutls_session_t as
 * a plain pointer, so that nobody else includes GnuTLS.
 */
struct tls;

/* Errors: OTA_E_IO (a file is unreadable), OTA_E_FORMAT (not PEM, or key and certificate do not
 * belong together), OTA_E_NO_MEMORY; *out_why is constant text. */
OTA_MUST_CHECK ota_err tls_open(const char *cert_path, const char *key_path, struct tls **out,
                                const char **out_why);

/* Read both files again; handshakes from now on use them.  Nothing changes after an error. */
OTA_MUST_CHECK ota_err tls_reload(struct tls *t, const char **out_why);

/* No session may be left. */
void tls_close(struct tls *t);

/*
 * What a session sends goes through this.  libmicrohttpd sends headers and body as records of
 * their own: with `waits` set, the next record is kept until the one after it comes, and both
 * leave at once.  Whoever sets it knows that another one comes.  What does not fit is not kept.
 */
enum { TLS_KEPT_BYTES = 2048 };
struct tls_joiner {
    int fd;
    bool waits;
    size_t kept_bytes;
    uint8_t kept[TLS_KEPT_BYTES];
};

/* The answer has been sent: nothing is kept any more. */
void tls_joiner_flush(struct tls_joiner *j);

/* Before the handshake: hand out and take tickets, make t the certificate's source, and j the
 * way out. */
void tls_session_start(struct tls *t, void *session, struct tls_joiner *j);

/* After the handshake: send no record with more plaintext than the client asked for. */
void tls_session_limit_records(void *session);

/* After the handshake: did a ticket spare the client the whole of it? */
bool tls_session_is_resumed(void *session);

/* gnutls_certificate_retrieve_function2 for the daemon, as a plain pointer. */
void *tls_certificate_callback(void);

/* Are these priorities understood? */
ota_err tls_check_priorities(const char *priorities);

#endif
