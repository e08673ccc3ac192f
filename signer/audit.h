#ifndef SIGNER_AUDIT_H
#define SIGNER_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The audit log's chain (SPEC 8.16), without I/O.  A line of an export is read strictly as otad
 * writes it: these members in this order, nothing in between; so there is one way to read it.
 */
enum { AUDIT_HASH_BYTES = 32, AUDIT_HEX_BYTES = 64, AUDIT_LINE_BYTES_MAX = 256 * 1024 };

struct audit_line {
    uint64_t seq;
    char at[24]; /* "2026-11-20T09:30:53Z"                 */
    uint8_t prev_hash[AUDIT_HASH_BYTES];
    uint8_t hash[AUDIT_HASH_BYTES];     /* as the line states it                  */
    uint8_t computed[AUDIT_HASH_BYTES]; /* of prev_hash and what the line says    */
};

/*
 * Read len bytes, a line without its end.  scratch: room for len bytes.  false: not a line of
 * an export; *out_at says where (bytes from 0).
 */
bool audit_line_read(const char *line, size_t len, char *scratch, struct audit_line *out,
                     size_t *out_at);

/* What is wrong, in the order in which it is looked for. */
enum audit_verdict {
    AUDIT_GOOD = 0,
    AUDIT_TWICE,        /* this number was there already                          */
    AUDIT_OUT_OF_ORDER, /* a lower number than the one before                     */
    AUDIT_MISSING,      /* numbers between the one before and this one            */
    AUDIT_ALTERED,      /* its hash is not that of its contents                   */
    AUDIT_BROKEN,       /* prev_hash is not the hash of the entry before          */
    AUDIT_WRONG_START,  /* the first one does not follow the hash that was given  */
    AUDIT_NOT_THE_HEAD, /* the entry of this number has another hash than the head */
    AUDIT_VERDICT_COUNT
};
const char *audit_verdict_name(enum audit_verdict v); /* "missing-entries" */

/* Where the range must begin and what it must contain. */
struct audit_chain {
    bool has_from, has_head;
    uint8_t from[AUDIT_HASH_BYTES]; /* hash of the entry before the first one */
    uint64_t head_seq;
    uint8_t head[AUDIT_HASH_BYTES];
    /* as far as it was read: */
    uint64_t count, first_seq, seq;
    uint8_t hash[AUDIT_HASH_BYTES];
    bool head_seen;
};

/* The next line.  After anything but AUDIT_GOOD the chain is of no use any more. */
enum audit_verdict audit_chain_add(struct audit_chain *c, const struct audit_line *line);

/* Exactly 64 hexadecimal digits, lower case. */
bool audit_hash_parse(const char *text, size_t len, uint8_t out[AUDIT_HASH_BYTES]);

#endif
