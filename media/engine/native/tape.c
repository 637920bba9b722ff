/* The tape, and where on it a period may be left out or played again (WSOLA). */

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "tape.h"

enum { SHORTEST_LAG = 120, LONGEST_LAG = PAST, WINDOW = 480 }; /* media/timescale.py */

static const double ENERGY_FLOOR = 1e-9 * WINDOW;              /* likewise */

static float to_other[WINDOW], from_one[WINDOW]; /* one wave fades into another that is like it */

void tapes(void)
{
    for (int i = 0; i < WINDOW; i++) {
        to_other[i] = (float)(0.5 - 0.5 * cos(acos(-1.0) * (i + 0.5) / WINDOW));
        from_one[i] = 1.0f - to_other[i];
    }
}

int tape_held(const tape *t) { return t->end - t->begin; }

static void rewind_tape(tape *t)
{
    int kept = tape_held(t);
    memmove(t->samples, t->samples + t->begin - PAST, (size_t)(PAST + kept) * sizeof *t->samples);
    t->begin = PAST;
    t->end = PAST + kept;
}

void tape_write(tape *t, const float *sound, int samples)
{
    if (t->end + samples > TAPE) {
        int excess = tape_held(t) + samples - (TAPE - PAST);
        if (excess > 0) {
            t->begin += excess;
            t->unread += excess;
        }
        rewind_tape(t);
    }
    memcpy(t->samples + t->end, sound, samples * sizeof *sound);
    t->end += samples;
}

void tape_read(tape *t, float *sound, int samples)
{
    int there = samples < tape_held(t) ? samples : tape_held(t);
    memcpy(sound, t->samples + t->begin, there * sizeof *sound);
    memset(sound + there, 0, (samples - there) * sizeof *sound);
    t->begin += there;
}

void tape_clear(tape *t)
{
    memset(t->samples, 0, PAST * sizeof *t->samples);
    t->begin = t->end = PAST;
}

/* Where in `other` (`count` places) the window `now` fits best, and how well: -1 to 1. */
static int most_alike(const float *now, const float *other, int count, double *likeness)
{
    static double products[LONGEST_LAG + 1];
    memset(products, 0, count * sizeof *products);
    for (int k = 0; k < WINDOW; k++) /* in this order the inner loop needs no sum of its own */
        for (int i = 0; i < count; i++)
            products[i] += (double)now[k] * other[i + k];
    double own = 0.0, energy = 0.0, most = -INFINITY;
    int best = 0;
    for (int k = 0; k < WINDOW; k++) {
        own += (double)now[k] * now[k];
        energy += (double)other[k] * other[k];
    }
    for (int i = 0; i < count; i++) {
        double floored = (energy > 0.0 ? energy : 0.0) + ENERGY_FLOOR;
        double alike = (products[i] + ENERGY_FLOOR) / sqrt(floored * (own + ENERGY_FLOOR));
        if (alike > most) {
            most = alike;
            best = i;
        }
        if (i + 1 < count)
            energy += (double)other[i + WINDOW] * other[i + WINDOW] - (double)other[i] * other[i];
    }
    *likeness = most;
    return best;
}

int tape_stretch(tape *t, int change, double least_likeness)
{
    static float made[TAPE];
    int samples = tape_held(t), last, lag, jump;
    const float *sound = t->samples + t->begin, *from;
    double likeness;
    if (samples + change > TAPE - PAST)
        return 0;
    last = change > 0 ? change : -change;
    last = last < LONGEST_LAG ? last : LONGEST_LAG;
    if (change > 0) {
        if (last < SHORTEST_LAG || samples < WINDOW)
            return 0;
        from = sound - last;
        lag = most_alike(sound, from, last - SHORTEST_LAG + 1, &likeness);
        jump = last - lag;
    } else {
        last = last < samples - WINDOW ? last : samples - WINDOW;
        if (last < SHORTEST_LAG)
            return 0;
        from = sound;
        lag = SHORTEST_LAG + most_alike(sound, sound + SHORTEST_LAG, last - SHORTEST_LAG + 1, &likeness);
        jump = -lag;
    }
    if (likeness < least_likeness)
        return 0;
    int left = samples + jump;
    memcpy(made, from + lag, left * sizeof *made);
    for (int i = 0; i < WINDOW; i++)
        made[i] = sound[i] * from_one[i] + made[i] * to_other[i];
    if (t->begin + left > TAPE)
        rewind_tape(t);
    memcpy(t->samples + t->begin, made, left * sizeof *made);
    t->end = t->begin + left;
    return jump;
}
