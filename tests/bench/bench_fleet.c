/*
 * The memory model with 100,000 devices: what it weighs and what a poll costs.  Prints figures
 * and asserts none of them; bench_fleet [DEVICES].
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "otad/arena.h"
#include "otad/fleet/apply.h"

static double now_s(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static long resident_kib(void)
{
    char line[256];
    long kib = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "VmRSS:", 6) == 0)
            kib = strtol(line + 6, NULL, 10);
    }
    if (file != NULL)
        (void)fclose(file);
    return kib;
}

static void must(ota_err err)
{
    if (err != OTA_OK) {
        fprintf(stderr, "%s\n", ota_err_name(err));
        exit(1);
    }
}

static void id_of(long i, char out[32])
{
    (void)snprintf(out, 32, "device-%08lx", (unsigned long)i * 2654435761UL % 4294967296UL);
}

static void fill(struct fleet *f, long devices)
{
    const struct fleet_platform_row m4 = {.id = 1, .name = "m4", .follow_channel = true};
    const struct fleet_release_row release = {.release = {.id = 1,
                                                          .platform = "m4",
                                                          .version = "1.0.0",
                                                          .channel = CHANNEL_STABLE,
                                                          .state = RELEASE_RELEASED,
                                                          .notes = "",
                                                          .created_by = "ci",
                                                          .sums_signed_by = ""},
                                              .platform_id = 1,
                                              .version = version_of("1.0.0")};
    must(fleet_put_tenant(f, 1, "DEFAULT"));
    fleet_reload_begin(f);
    must(fleet_put_platform(f, 1, &m4));
    must(fleet_put_release(f, 1, &release));
    for (long i = 0; i < devices; i++) {
        char id[32];
        id_of(i, id);
        struct fleet_device_row row = {.device = {.no = i + 1,
                                                  .id = id,
                                                  .name = "a name for people",
                                                  .channel = CHANNEL_STABLE,
                                                  .version = "1.0.0",
                                                  .address = "10.11.12.13",
                                                  .last_seen_at_unix_s = 1},
                                       .platform_id = 1,
                                       .has_token = true};
        memcpy(row.token_hash, id, sizeof id);
        must(fleet_put_device(f, 1, &row));
    }
    fleet_reload_end(f);
}

/* Every device once, in an order that the tables do not have. */
static double poll_all(struct fleet *f, long devices, bool heartbeat)
{
    const struct heartbeat h = {.version = "1.0.0",
                                .slot = "A",
                                .reset_cause = "watchdog",
                                .address = "192.168.100.100",
                                .app = "blinky",
                                .uptime_s = 86400,
                                .free_bytes = 40000};
    const double start = now_s();
    for (long n = 0; n < devices; n++) {
        char id[32] = {0};
        struct fleet_poll poll;
        id_of((n * 7919) % devices, id);
        struct fleet_caller who = {.tenant = "DEFAULT",
                                   .device_id = id,
                                   .address = "10.11.12.13",
                                   .now_unix_s = 1000000};
        memcpy(who.token_hash, id, sizeof id);
        must(heartbeat ? fleet_heartbeat(f, &who, &h) : fleet_poll(f, &who, &poll));
    }
    return now_s() - start;
}

static double take_all(struct fleet *f)
{
    const double start = now_s();
    for (size_t count = 1; count > 0;) {
        struct fleet_seen *seen = NULL;
        struct arena a;
        arena_init(&a, (size_t)8 << 20);
        must(fleet_take_seen(f, 1000, &a, &seen, &count));
        arena_done(&a);
    }
    return now_s() - start;
}

int main(int argc, char **argv)
{
    const long devices = argc > 1 ? strtol(argv[1], NULL, 10) : 100000;
    const struct fleet_config config = {.lateness = {600, 3600}};
    struct fleet *f = NULL;
    must(fleet_new(&config, &f));
    const long before = resident_kib();
    double start = now_s();
    fill(f, devices);
    const double per_device = 1e6 / (double)devices;
    printf("%ld devices\n", devices);
    printf("  loaded in            %8.1f ms\n", (now_s() - start) * 1e3);
    printf("  memory               %8.1f MiB, %ld bytes a device\n",
           (double)(resident_kib() - before) / 1024,
           (resident_kib() - before) * 1024 / devices);
    printf("  poll, all different  %8.3f us\n", poll_all(f, devices, false) * per_device);
    printf("  taken for writing    %8.3f us a device\n", take_all(f) * per_device);
    printf("  heartbeat            %8.3f us\n", poll_all(f, devices, true) * per_device);
    printf("  taken for writing    %8.3f us a device\n", take_all(f) * per_device);
    printf("  resident with all heartbeats %.1f MiB\n", (double)resident_kib() / 1024);
    start = now_s();
    fleet_tell_overdue(f, 1000000);
    printf("  looking for overdue  %8.1f ms\n", (now_s() - start) * 1e3);
    fleet_free(f);
    return 0;
}
