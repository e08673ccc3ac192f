#ifndef SIGNER_IMGTOOL_SIGN_OPTIONS_H
#define SIGNER_IMGTOOL_SIGN_OPTIONS_H

#include "build.h"
#include "imgtool.h"

/* The command line of `imgtool sign`, checked as imgtool checks it. */
struct sign_request {
    struct build_spec spec;
    const char *key, *in, *out, *sig_out, *fix_sig, *fix_sig_pubkey;
    const char *vid, *cid;
    bool has_version, has_header, has_slot, auto_counter, has_hex_address;
    uint32_t hex_address;
};

/* As args_read.  The custom TLVs are freed by sign_options_free in every case. */
bool sign_options(int argc, char **argv, struct sign_request *out,
                  enum exit_status *out_status);
void sign_options_free(struct sign_request *q);

#endif
