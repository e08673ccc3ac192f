#ifndef SIGNER_IMGTOOL_IMGTOOL_H
#define SIGNER_IMGTOOL_IMGTOOL_H

#include "../args.h"
#include "../file.h"

/*
 * The command line of imgtool 2.4.0.  Exit status as imgtool's: 0 done, 1 failed, 2 wrong usage
 * or input; besides, 3: whole, but nobody vouched for it (verify without a key).
 */
enum exit_status imgtool_sign(int argc, char **argv);
enum exit_status imgtool_verify(int argc, char **argv);
enum exit_status imgtool_dumpinfo(int argc, char **argv);
enum exit_status imgtool_keygen(int argc, char **argv);
enum exit_status imgtool_getpub(int argc, char **argv);
enum exit_status imgtool_getpubhash(int argc, char **argv);
enum exit_status imgtool_getpriv(int argc, char **argv);
enum exit_status imgtool_keyinfo(int argc, char **argv);

/* Was the program called by the name imgtool (argv[0])? */
bool imgtool_named(const char *program);

/* An exit status from an error: what imgtool calls usage is 2, what broke on the way 1. */
enum exit_status imgtool_exit(ota_err e);

/* Python's int(text, 0) for what fits: decimal, 0x, 0o, 0b.  false: no such number up to max.
 */
bool imgtool_number(const char *text, uint64_t max, uint64_t *out);

/* For verbs of one file: take it as an operand, and see at the end that it is there.  false:
 * wrong, which has been said. */
bool imgtool_take_file(const struct args *a, const char *value, const char **path);
bool imgtool_has_file(const struct args *a, const char *path);

/* Does the name end in .hex, in either case? */
bool imgtool_is_hex(const char *path);

/*
 * Read an image or a program, Intel HEX by its name, with the address of its first byte.
 * Errors, said: file_read's, OTA_E_FORMAT.
 */
OTA_MUST_CHECK ota_err imgtool_read(const char *path, struct file_bytes *out, bool *out_hex,
                                    uint32_t *out_address);

#endif
