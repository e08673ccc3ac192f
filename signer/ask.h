#ifndef SIGNER_ASK_H
#define SIGNER_ASK_H

#include <stdbool.h>
#include <stddef.h>

#include "../keys/secret.h"

/*
 * Passphrases and PINs: from a file, a file descriptor, a systemd credential or the terminal,
 * in this order.  Never from argv or the environment, where others can read them.
 */
enum secret_kind {
    SECRET_PASSPHRASE,     /* of a key file;           credential signer.passphrase     */
    SECRET_NEW_PASSPHRASE, /* that a file shall have;  credential signer.new-passphrase */
    SECRET_PIN,            /* of a token;              credential signer.pin            */
};
enum { SECRET_KINDS = SECRET_PIN + 1, SECRET_NEW_BYTES_MIN = 8 };

/* Where secrets of this kind come from: what --X-file and --X-fd said.  path must stay. */
void ask_from_file(enum secret_kind kind, const char *path);
/* false: text is no descriptor, which has been said under the option's name. */
bool ask_from_fd(enum secret_kind kind, const char *option, const char *text);
/* Was there an option or a credential, so that nobody need be asked? */
bool ask_given(enum secret_kind kind);

/*
 * The secret of what (a file, a token), one line without its end.  A descriptor is read no
 * further than that line.  Errors, all said: OTA_E_NOT_FOUND (no source, no terminal),
 * OTA_E_IO, OTA_E_LIMIT, OTA_E_FORMAT (empty).  Free with secret_free.
 */
OTA_MUST_CHECK ota_err ask_secret(enum secret_kind kind, const char *what, struct secret *out);
/* The same, for a secret to be: asked twice on a terminal, at least SECRET_NEW_BYTES_MIN. */
OTA_MUST_CHECK ota_err ask_new(enum secret_kind kind, const char *what, struct secret *out);

/* For keys/: asks as above.  Not to be kept beyond a call. */
struct asker ask_for_keys(void);

#endif
