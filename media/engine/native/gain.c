/* Gains that move without a step anybody could hear. media/gain.py is the same arithmetic, and says why. */

#include <math.h>

#include "gain.h"

enum { FADE = 240 };                  /* samples: FADE_SAMPLES there */

static const double FLOOR_DB = -60.0; /* likewise */

static double linear(double db) { return isinf(db) ? 0.0 : pow(10.0, db / 20.0); }

static leg way(double start, double end, int samples, int in_db)
{
    leg l = {.base = in_db ? log(start) : start, .end = end, .length = samples, .left = samples, .in_db = in_db};
    l.slope = ((in_db ? log(end) : end) - l.base) / samples;
    return l;
}

void ramp_begin(ramp *r, double db)
{
    *r = (ramp){.present = linear(db), .target = db};
}

void ramp_aim(ramp *r, double db, int samples)
{
    int remaining = 0;
    for (int i = 0; i < r->legs_count; i++)
        remaining += r->legs[i].left;
    if (db == r->target && samples >= remaining)
        return;
    double start = r->present, end = linear(db), least = linear(FLOOR_DB);
    int fade = FADE < samples / 2 ? FADE : samples / 2;
    r->target = db;
    r->legs_count = 0;
    if (start == end)
        return;
    if ((start >= least && end >= least) || (start <= least && end <= least)) {
        r->legs[r->legs_count++] = way(start, end, samples, start >= least && end >= least);
    } else if (start > end) {
        r->legs[r->legs_count++] = way(start, least, samples - fade, 1);
        r->legs[r->legs_count++] = way(least, end, fade, 0);
    } else {
        r->legs[r->legs_count++] = way(start, least, fade, 0);
        r->legs[r->legs_count++] = way(least, end, samples - fade, 1);
    }
}

/* Drop the legs that were walked, and say where the gain is. */
static void advance(ramp *r)
{
    while (r->legs_count && !r->legs[0].left) {
        r->present = r->legs[0].end;
        r->legs[0] = r->legs[1];
        r->legs_count--;
    }
    if (r->legs_count) {
        const leg *l = &r->legs[0];
        double value = l->base + l->slope * (l->length - l->left);
        r->present = l->in_db ? exp(value) : value;
    }
}

static void take(leg *l, float *gains, int samples)
{
    float base = (float)(l->base + l->slope * (l->length - l->left)), slope = (float)l->slope;
    for (int i = 0; i < samples; i++)
        gains[i] = (float)(i + 1) * slope + base;
    if (l->in_db)
        for (int i = 0; i < samples; i++)
            gains[i] = expf(gains[i]);
    l->left -= samples;
    if (!l->left)
        gains[samples - 1] = (float)l->end; /* exactly, whatever the rounding on the way */
}

int ramp_next(ramp *r, float *gains, int samples)
{
    if (!r->legs_count)
        return 0;
    int at = 0;
    for (int i = 0; i < r->legs_count && at < samples; i++) {
        int part = r->legs[i].left < samples - at ? r->legs[i].left : samples - at;
        take(&r->legs[i], gains + at, part);
        at += part;
    }
    for (float last = (float)r->legs[r->legs_count - 1].end; at < samples; at++)
        gains[at] = last;
    advance(r);
    return 1;
}

void ramp_skip(ramp *r, int samples)
{
    for (int i = 0; i < r->legs_count; i++) {
        int part = r->legs[i].left < samples ? r->legs[i].left : samples;
        r->legs[i].left -= part;
        samples -= part;
    }
    advance(r);
}
