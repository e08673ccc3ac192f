#ifndef OTAD_PROCESS_H
#define OTAD_PROCESS_H

#include <stdint.h>

/* What the kernel says of this process; a number that it does not tell is 0. */
struct process_stats {
    uint64_t cpu_ms; /* user and system */
    uint64_t resident_bytes, virtual_bytes;
    uint64_t threads;
    uint64_t open_fds, max_fds;
    uint64_t started_unix_ms;
};

void process_stats(struct process_stats *out);

#endif
