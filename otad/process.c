/* /proc/self and getrusage, as Prometheus' own client libraries read them. */
#include "otad/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* Fields of /proc/self/stat, counted from the one behind the name. */
enum { STAT_THREADS = 17, STAT_START = 19, STAT_VIRTUAL = 20, STAT_RESIDENT = 21 };

static uint64_t ms_of(const struct timeval *t)
{
    return (uint64_t)t->tv_sec * 1000 + (uint64_t)t->tv_usec / 1000;
}

static uint64_t count_fds(void)
{
    DIR *folder = opendir("/proc/self/fd");
    uint64_t n = 0;

    if (folder == NULL)
        return 0;
    for (const struct dirent *d = readdir(folder); d != NULL; d = readdir(folder))
        n += d->d_name[0] != '.';
    (void)closedir(folder);
    return n - 1; /* the one that read them */
}

/* The clock that counts from boot, in the words of the one people use. */
static uint64_t unix_ms_of(uint64_t ticks)
{
    const uint64_t since_boot = ticks * 1000 / (uint64_t)sysconf(_SC_CLK_TCK);
    struct timespec boot, now;

    (void)clock_gettime(CLOCK_BOOTTIME, &boot);
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000 -
           ((uint64_t)boot.tv_sec * 1000 + (uint64_t)boot.tv_nsec / 1000000) + since_boot;
}

static void take_field(struct process_stats *out, int field, uint64_t value)
{
    if (field == STAT_THREADS)
        out->threads = value;
    else if (field == STAT_START)
        out->started_unix_ms = unix_ms_of(value);
    else if (field == STAT_VIRTUAL)
        out->virtual_bytes = value;
    else if (field == STAT_RESIDENT)
        out->resident_bytes = value * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void read_stat(struct process_stats *out)
{
    char text[1024];
    const int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    const ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

    if (fd >= 0)
        (void)close(fd);
    if (n <= 0)
        return;
    text[n] = '\0';
    const char *at = strrchr(text, ')'); /* the name may hold anything */
    for (int field = 0; at != NULL && field <= STAT_RESIDENT; field++) {
        at = strchr(at + 1, ' ');
        if (at != NULL)
            take_field(out, field, strtoull(at + 1, NULL, 10));
    }
}

void process_stats(struct process_stats *out)
{
    struct rusage used;
    struct rlimit files;

    *out = (struct process_stats){.open_fds = count_fds()};
    read_stat(out);
    if (getrusage(RUSAGE_SELF, &used) == 0)
        out->cpu_ms = ms_of(&used.ru_utime) + ms_of(&used.ru_stime);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0)
        out->max_fds = files.rlim_cur;
}
