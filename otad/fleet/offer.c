/* Which release a device may take. */
#include "offer.h"

bool offer_is_below_minimum(const struct offer_device *d, const struct offer_release *r)
{
    return d->version.len > 0 && r->minimum.len > 0 &&
           version_compare(&d->version, &r->minimum) < 0;
}

/* What always counts: never lower, neither version nor counter, and over no step left out. */
static enum offer_verdict verdict_order(const struct offer_device *d,
                                        const struct offer_release *r)
{
    if (d->version.len > 0) {
        const int order = version_compare(&r->version, &d->version);
        if (order == 0)
            return OFFER_SAME_VERSION;
        if (order < 0)
            return OFFER_VERSION_TOO_LOW;
    }
    if (r->security_counter < d->security_counter)
        return OFFER_COUNTER_TOO_LOW;
    return offer_is_below_minimum(d, r) ? OFFER_BELOW_MINIMUM : OFFER_TAKE;
}

static bool sees(const struct offer_device *d, const struct offer_release *r)
{
    if (r->state != RELEASE_RELEASED || r->barred ||
        (r->beta_alone && d->channel != CHANNEL_BETA))
        return false;
    return r->channel == CHANNEL_STABLE ||
           (r->channel == CHANNEL_BETA && d->channel == CHANNEL_BETA);
}

enum offer_verdict offer_verdict_channel(const struct offer_device *d,
                                         const struct offer_release *r)
{
    if (r->state == RELEASE_WITHDRAWN)
        return OFFER_WITHDRAWN;
    if (!sees(d, r))
        return OFFER_WRONG_CHANNEL;
    if (d->version.len == 0 && !d->unknown_takes)
        return OFFER_VERSION_UNKNOWN;
    const enum offer_verdict order = verdict_order(d, r);
    if (order != OFFER_TAKE)
        return order;
    return r->id == d->skip_release_id ? OFFER_SKIPPED : OFFER_TAKE;
}

enum offer_verdict offer_verdict_assigned(const struct offer_device *d,
                                          const struct offer_release *r)
{
    if (r->state == RELEASE_WITHDRAWN)
        return OFFER_WITHDRAWN;
    if (r->state != RELEASE_COMPLETE && r->state != RELEASE_RELEASED)
        return OFFER_INCOMPLETE;
    if (r->barred)
        return OFFER_NOT_IN_TARGETS;
    return r->beta_alone && d->channel != CHANNEL_BETA ? OFFER_OTHER_CHANNEL
                                                       : verdict_order(d, r);
}

long fleet_newest_seen(const struct offer_device *d, const struct offer_release *r,
                       size_t count)
{
    long best = -1;
    for (size_t i = 0; i < count; i++) {
        if (!sees(d, &r[i]) || offer_is_below_minimum(d, &r[i]))
            continue;
        const int order = best < 0 ? 1 : version_compare(&r[i].version, &r[best].version);
        /* The same version with another build: the later one. */
        if (order > 0 || (order == 0 && r[i].id > r[best].id))
            best = (long)i;
    }
    return best;
}

long fleet_offer(const struct offer_device *d, const struct offer_release *r, size_t count)
{
    const long best = fleet_newest_seen(d, r, count);
    return best >= 0 && offer_verdict_channel(d, &r[best]) == OFFER_TAKE ? best : -1;
}
