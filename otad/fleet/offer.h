#ifndef OTAD_FLEET_OFFER_H
#define OTAD_FLEET_OFFER_H

#include "model.h"
#include "version.h"

/*
 * THE one place that computes which release a device may take (SPEC 8.5, 8.6).  Pure: device
 * protocols, the plain door and assignment by hand all ask here.
 */

/* What is asked about. */
struct offer_device {
    enum channel channel;
    struct version version;    /* that runs; unknown: see unknown_takes            */
    uint32_t security_counter; /* of what runs, as far as we know; 0 = no floor    */
    int64_t skip_release_id;   /* failed or cancelled here before; 0 = none        */
    bool unknown_takes;        /* may a device of unknown version be offered one?  */
};

struct offer_release {
    int64_t id;
    enum release_state state;
    enum channel channel;
    uint32_t security_counter;
    struct version version;
    struct version minimum; /* lowest that may update to it; unknown = any may */
    bool barred;            /* its platform has a repository that does not list it (SPEC 10) */
    bool beta_alone;        /* or lists it for beta and not for stable                       */
};

enum offer_verdict {
    OFFER_TAKE = 1,
    OFFER_SAME_VERSION,
    OFFER_VERSION_TOO_LOW,
    OFFER_COUNTER_TOO_LOW,
    OFFER_INCOMPLETE, /* a draft                                        */
    OFFER_WITHDRAWN,
    OFFER_WRONG_CHANNEL, /* not released, or on a channel it is not on     */
    OFFER_SKIPPED,       /* its last attempt with this release failed      */
    OFFER_VERSION_UNKNOWN,
    OFFER_BELOW_MINIMUM,  /* an older release must be taken first: a stepping stone */
    OFFER_NOT_IN_TARGETS, /* the platform's signed role does not list it          */
    OFFER_OTHER_CHANNEL   /* it lists it for beta alone, and the device is none   */
};

/* May the device take this one because it is on its channel? */
enum offer_verdict offer_verdict_channel(const struct offer_device *d,
                                         const struct offer_release *r);

/* May the device take this one because a person assigned it?  The release's channel and skip do
 * not count. */
enum offer_verdict offer_verdict_assigned(const struct offer_device *d,
                                          const struct offer_release *r);

/*
 * The release that the device's channel offers it: of all releases of its platform, in any
 * order, the highest version that it may see (beta devices see both channels) and that may be
 * installed over what runs, if that one's verdict is OFFER_TAKE.  Never a lower one instead.  A
 * device of unknown version is below no minimum.  Index into r, or -1.
 */
long fleet_offer(const struct offer_device *d, const struct offer_release *r, size_t count);

/* The highest version that it may see and may install over what runs, whether or not it should
 * take it.  Index, or -1. */
long fleet_newest_seen(const struct offer_device *d, const struct offer_release *r,
                       size_t count);

/* Is what runs too old to be replaced by this release at once? */
bool offer_is_below_minimum(const struct offer_device *d, const struct offer_release *r);

#endif
