/* The limiter in front of every ear, as media/limiter.py has it: the same arithmetic, without arrays in between. */

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "sound.h"

enum { WINDOW = LOOKAHEAD + FRAME };

static const double RESTED = 1e-5; /* likewise there */

/* What is not finite is silence: a broken decoder must not silence a listener for good. */
static float peak_of(float *frame)
{
    float peak = 0.0f;
    int finite = 1;
    for (int i = 0; i < FRAME; i++) {
        float loud = fabsf(frame[i]);
        finite &= loud <= FLT_MAX; /* no NaN is */
        peak = loud > peak ? loud : peak;
    }
    if (finite)
        return peak;
    peak = 0.0f;
    for (int i = 0; i < FRAME; i++) {
        if (!isfinite(frame[i]))
            frame[i] = 0.0f;
        peak = fmaxf(peak, fabsf(frame[i]));
    }
    return peak;
}

/* The maximum over each LOOKAHEAD + 1 neighbours, in place, by doubling what is covered. */
static void hold(double *values)
{
    int covered = 1, count = WINDOW;
    while (covered < LOOKAHEAD + 1) {
        int step = covered * 2 <= LOOKAHEAD + 1 ? covered : LOOKAHEAD + 1 - covered;
        count -= step;
        for (int i = 0; i < count; i++)
            values[i] = values[i] > values[i + step] ? values[i] : values[i + step];
        covered += step;
    }
}

static void rest(limiter *state)
{
    memset(state->wanted, 0, sizeof state->wanted);
    memset(state->held, 0, sizeof state->held);
    state->pending = 0;
    state->released = state->attenuation = 0.0;
}

void limit(limiter *state, const float *frame, float *limited)
{
    static float sound[FRAME];
    static double wanted[WINDOW], window[WINDOW];
    memcpy(sound, frame, sizeof sound);
    float peak = peak_of(sound);
    memcpy(limited, state->tail, sizeof state->tail);
    memcpy(limited + LOOKAHEAD, sound, sizeof sound - sizeof state->tail);
    memcpy(state->tail, sound + FRAME - LOOKAHEAD, sizeof state->tail);
    if (peak <= state->ceiling && state->released < RESTED) {
        if (state->attenuation > 0.0)
            rest(state);
        return;
    }

    memcpy(window, state->held, sizeof state->held);
    double *held = window + LOOKAHEAD, left = state->released;
    if (peak <= state->ceiling && !state->pending) { /* nothing is wanted any more: it only comes back */
        for (int i = 0; i < FRAME; i++)
            held[i] = left *= state->release;
    } else {
        memcpy(wanted, state->wanted, sizeof state->wanted);
        for (int i = 0; i < FRAME; i++) {
            double loud = fabsf(sound[i]);
            wanted[LOOKAHEAD + i] = loud > state->ceiling ? 1.0 - state->ceiling / loud : 0.0;
        }
        memcpy(state->wanted, wanted + FRAME, sizeof state->wanted);
        state->pending = 0;
        for (int i = 0; i < LOOKAHEAD; i++)
            state->pending |= state->wanted[i] > 0.0;
        hold(wanted);
        for (int i = 0; i < FRAME; i++) {
            left *= state->release;
            held[i] = left = wanted[i] > left ? wanted[i] : left;
        }
    }
    state->released = left;
    memcpy(state->held, window + FRAME, sizeof state->held);

    double sum = 0.0, most = 0.0;
    for (int i = 0; i < LOOKAHEAD; i++)
        sum += window[i];
    for (int i = 0; i < FRAME; i++) {
        sum += window[LOOKAHEAD + i];
        double attenuation = sum / (LOOKAHEAD + 1);
        sum -= window[i];
        most = attenuation > most ? attenuation : most;
        limited[i] = (float)(limited[i] * (1.0 - attenuation));
    }
    state->attenuation = most;
}
