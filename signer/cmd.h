#ifndef SIGNER_CMD_H
#define SIGNER_CMD_H

#include "../firmware/image/err.h"

/* What the shell sees. */
enum exit_status {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,
    EXIT_BAD_USAGE = 2,
    EXIT_NOT_AUTHENTIC = 3, /* a signature, digest, class or counter is not what it must be */
};

/* One verb each; argv[0] is the verb. */
enum exit_status cmd_keygen(int argc, char **argv);
enum exit_status cmd_key(int argc, char **argv);
enum exit_status cmd_sign(int argc, char **argv);
enum exit_status cmd_verify(int argc, char **argv);
enum exit_status cmd_inspect(int argc, char **argv);
enum exit_status cmd_keymanifest(int argc, char **argv);
enum exit_status cmd_publish(int argc, char **argv);
enum exit_status cmd_repo(int argc, char **argv);
enum exit_status cmd_audit(int argc, char **argv);
enum exit_status cmd_resign(int argc, char **argv);
enum exit_status cmd_imgtool(int argc, char **argv); /* argv[1] is imgtool's verb */

/* The one place that maps error codes to exit statuses (main.c). */
enum exit_status exit_of(ota_err e);

#endif
