#ifndef OTA_OTA_H
#define OTA_OTA_H

#include <stdbool.h>
#include <stdint.h>

#include "../slot/boot_record.h"
#include "../slot/slot.h"
#include "clock.h"
#include "ddi.h"
#include "http1.h"
#include "notes.h"
#include "settings.h"
#include "transport.h"
#include "trust.h"

/*
 * The update agent: polls a hawkBit DDI server (SPEC 6), downloads into the staging slot, has
 * the bootloader try the image, confirms it once the server was reached, and reports how it
 * went, through resets and power cuts.  It uses no heap; all of its memory is struct ota_agent.
 *
 * Use: ota_init once after each boot, then ota_step for ever.  A step does one bounded thing
 * (an exchange with the server, or one block of a download) and says when it wants to be called
 * again.  It may wait for the network as long as OTA_STEP_MS_MAX; meanwhile the transport lets
 * the board do its other work.
 */
enum {
    OTA_BLOCK_BYTES = 4096,   /* JSON answers and download blocks; divides every erase unit
                                 or is a multiple of it                                      */
    OTA_STEP_MS_MAX = 120000, /* no step is longer: what a watchdog may count on             */
};

/* Levels of the log hook. */
enum ota_level { OTA_INFO = 1, OTA_WARN = 2 };

/* What a heartbeat tells about the board (SPEC 6.2). */
struct ota_vitals {
    uint32_t uptime_s;
    uint32_t free_bytes;
    char address[48];
    const char *app; /* what the app wants to show, or NULL; no quotes, no backslashes */
};

/* How patient the agent is.  ota_timing_default gives a product's values, tests shorten them.
 */
struct ota_timing {
    uint32_t poll_ms;      /* 0: as the server says                                        */
    uint32_t start_ms;     /* the first poll comes up to so long, and one poll_ms, after a
                              start: a fleet whose power returns must not come as one      */
    uint32_t heartbeat_ms; /* 0: no heartbeats                                             */
    uint32_t busy_poll_ms; /* while downloading: to notice a cancelled action              */
    uint32_t progress_ms;  /* progress reports at most this often                          */
    uint32_t backoff_ms;   /* after the first failure; doubles                             */
    uint32_t backoff_max_ms;
    uint32_t connect_ms;  /* TCP and TLS together                                         */
    uint32_t answer_ms;   /* from request to the end of a small answer                    */
    uint32_t idle_ms;     /* longest silence within a download                            */
    uint32_t piece_bytes; /* of a download asked for at once, and kept in the notes       */
};

/* Everything is borrowed and must outlive the agent. */
struct ota_config {
    const struct slot_map *map;
    const struct manifest_root *roots; /* MANIFEST_ROOTS of them                             */
    const struct trust_region *trust;  /* of the trusted root, or NULL                       */
    const struct ota_settings *settings;
    const struct boot_record *boot; /* NULL or invalid: nothing is known of this boot     */
    const struct ota_transport *transport;
    const struct ota_clock *clock;
    const struct ota_timing *timing;
    void *port; /* for the hooks below                                */
    /* Differs between devices, and cannot be foretold where a root is trusted: nonces. */
    uint32_t (*random)(void *port);
    void (*log)(void *port, enum ota_level level, const char *text);
    void (*vitals)(void *port, struct ota_vitals *out);
    void (*reboot)(void *port); /* may return; the agent then waits for the reset     */
};

/* What the agent is doing, for LEDs and tests. */
enum ota_activity {
    OTA_RESTING = 0,    /* nothing to do but poll                                            */
    OTA_FETCHING = 1,   /* an update is coming in                                            */
    OTA_INSTALLING = 2, /* verified; a reset is asked for                                    */
    OTA_PROVING = 3,    /* a new image runs on trial and has not reached the server yet      */
    OTA_REPORTING = 4,  /* the outcome waits for the server's 200                            */
};

/* All of it is private, except through the functions below. */
struct ota_agent {
    struct ota_config config;
    struct ota_notes notes; /* what survives a reset                                 */
    struct http1 http;
    struct ddi_poll poll;      /* the last answer                                       */
    struct ddi_deployment job; /* valid while has_job                                   */
    struct ddi_scratch scratch;
    struct image_info running;
    bool has_running, has_job;
    bool connected, piece_open;
    bool online;  /* the server answered, and nothing failed since         */
    bool contact; /* the server answered a poll since boot                 */
    bool trial;   /* the running image is to be confirmed                  */
    bool config_due, want_job;
    bool verified, downloaded_told; /* steps between download and install                   */
    bool repeating;                 /* reporting once more what the notes call closed        */
    bool no_heartbeat;              /* the server does not know them                         */
    bool rebooting;
    bool flooded;            /* updates are offered faster than they are begun */
    uint8_t failures;        /* in a row: the exponent of the back-off                */
    uint8_t told_percent;    /* progress in the last report                           */
    uint32_t refused_cancel; /* action whose cancellation was rejected, 0 = none      */
    uint32_t cancel_reply;   /* cancelAction to be answered, 0 = none */
    bool cancel_granted;
    uint32_t at;      /* bytes of the download in flash                        */
    uint32_t reached; /* the most there ever were: what lies below is rewritten */
    uint8_t setbacks; /* how often it went back behind that                     */
    uint32_t piece_end;
    uint64_t piece_deadline_ms;
    uint64_t quiet_until_ms; /* back-off: nothing is sent before                      */
    uint64_t poll_at_ms, beat_at_ms, told_at_ms;
    uint32_t server_poll_ms;
    struct trust trust; /* its buffer is block                                       */
    bool director_due, director_good; /* of the last poll's signed answer               */
    bool walking;                     /* through the repository                         */
    bool vouched;                     /* the update stands in its platform's role       */
    bool rewalk;                      /* the roots, as an answer was refused            */
    bool stale;
    uint8_t director_refusals; /* in a row */
    uint8_t absences;          /* walks in a row that missed a file */
    uint16_t refusal;          /* why the last one: enum ota_reason */
    uint64_t refresh_at_ms;
    uint32_t keys; /* sequence of the newest key manifest held, 0 = not read    */
    _Alignas(8) uint8_t block[OTA_BLOCK_BYTES];
    char line[256]; /* paths and log texts                                   */
};

struct ota_timing ota_timing_default(void);

/*
 * Begin: read the notes, find out how the last boot went.  Never waits for the network.
 * Errors: OTA_E_IO (flash), OTA_E_FORMAT (piece_bytes or geometry impossible).
 */
OTA_MUST_CHECK ota_err ota_init(struct ota_agent *a, const struct ota_config *config);

/* Do what is due; returns milliseconds until the next call is useful (0: at once). */
uint32_t ota_step(struct ota_agent *a);

enum ota_activity ota_activity(const struct ota_agent *a);
/* 0 to 100 while fetching, else 0. */
uint8_t ota_progress_percent(const struct ota_agent *a);
/*
 * Has what vouches for updates expired, by the device's own time (SPEC 10.7)?  Then the server
 * may be keeping news from it; it goes on running.  Always false without a trusted root.
 */
bool ota_stale(const struct ota_agent *a);
/* Has the server answered since the last failure? */
bool ota_online(const struct ota_agent *a);

#endif
