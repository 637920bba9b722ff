/* A voice from its packets to 20 ms of sound: decoded, mended, stretched to change the delay, metered. */

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "playout.h"
#include "port.h"
#include "voice.h"

enum {
    DUES_PER_TICK = 24,  /* media/engine/voice.py */
    RISE = 240,
    SHORTEST_LAG = 120,  /* media/timescale.py */
    LONGEST_LAG = 720,
    WINDOW = 480,
    TOO_MUCH = SHORTEST_LAG - 1,
    WINDOW_TICKS = 10,   /* media/level.py */
    OPEN_TICKS = 3,
    HANG_TICKS = 15,
    RESET_STATE = 4028   /* OPUS_RESET_STATE of opus_defines.h, which is part of its ABI */
};

static const double LIKENESS = 0.9, LIKENESS_PER_TICK = 0.02, LEAST_LIKENESS = 0.5; /* media/engine/voice.py */
static const double ENERGY_FLOOR = 1e-9 * WINDOW;                                   /* media/timescale.py */
static const double SILENCE_DBFS = -96.0, OPEN_DBFS = -40.0, CLOSE_DBFS = -46.0;    /* media/level.py */

typedef int (*decode_float)(void *decoder, const uint8_t *payload, int32_t bytes, float *sound, int samples, int fec);
typedef int (*decoder_control)(void *decoder, int request, ...);

static decode_float decode;
static decoder_control control;

static float rise[RISE], fall[FRAME];           /* in and out of silence */
static float to_other[WINDOW], from_one[WINDOW]; /* one wave fades into another that is like it */

void voices(void *decode_, void *control_)
{
    decode = (decode_float)decode_;
    control = (decoder_control)control_;
    for (int i = 0; i < RISE; i++)
        rise[i] = (float)((i + 1) / (double)RISE);
    for (int i = 0; i < FRAME; i++)
        fall[i] = (float)((FRAME - i) / (double)FRAME - 1.0 / FRAME);
    for (int i = 0; i < WINDOW; i++) {
        to_other[i] = (float)(0.5 - 0.5 * cos(acos(-1.0) * (i + 0.5) / WINDOW));
        from_one[i] = 1.0f - to_other[i];
    }
}

/* The tape */

static int held(const voice *v) { return v->end - v->begin; }

static void rewind_tape(voice *v)
{
    int kept = held(v);
    memmove(v->tape, v->tape + v->begin - PAST, (size_t)(PAST + kept) * sizeof *v->tape);
    v->begin = PAST;
    v->end = PAST + kept;
}

static void write_tape(voice *v, const float *sound, int samples)
{
    if (v->end + samples > TAPE) {
        int excess = held(v) + samples - (TAPE - PAST);
        if (excess > 0) {
            v->begin += excess;
            v->unread += excess;
        }
        rewind_tape(v);
    }
    memcpy(v->tape + v->end, sound, samples * sizeof *sound);
    v->end += samples;
}

/* Samples that are not there are silence. */
static void read_tape(voice *v, float *sound, int samples)
{
    int there = samples < held(v) ? samples : held(v);
    memcpy(sound, v->tape + v->begin, there * sizeof *sound);
    memset(sound + there, 0, (samples - there) * sizeof *sound);
    v->begin += there;
}

static void clear_tape(voice *v)
{
    memset(v->tape, 0, PAST * sizeof *v->tape);
    v->begin = v->end = PAST;
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

/* Make the tape longer (> 0) or shorter (< 0) by one period of at most `change`; by how many samples it was done. */
static int stretch_tape(voice *v, int change, double least_likeness)
{
    static float made[TAPE];
    int samples = held(v), last, lag, jump;
    const float *sound = v->tape + v->begin, *from;
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
    if (v->begin + left > TAPE)
        rewind_tape(v);
    memcpy(v->tape + v->begin, made, left * sizeof *made);
    v->end = v->begin + left;
    return jump;
}

/* The decoder */

static float decoded[LONGEST];

/* What libopus plays for sound that is lost: 0 samples where even that fails. */
static int conceal(voice *v, int samples)
{
    int count = decode(v->decoder, NULL, 0, decoded, samples, 0);
    return count > 0 ? count : 0;
}

/* Make the sound of what is due; how many samples. */
static int make(voice *v, const due *d)
{
    int count = -1;
    if (d->kind == DUE_DECODE)
        count = decode(v->decoder, d->payload, d->bytes, decoded, LONGEST, 0);
    else if (d->kind == DUE_MEND)
        count = decode(v->decoder, d->payload, d->bytes, decoded, d->samples, 1);
    if (count > 0) {
        v->recovered += d->kind == DUE_MEND;
        return count;
    }
    v->concealed += d->kind != DUE_PAUSE; /* a broken packet is as good as lost */
    return conceal(v, d->samples);
}

/* Decode until the tape holds so many samples; 0 when nothing more is expected. */
static int fill(voice *v, int samples, double now)
{
    due d;
    for (int i = 0; i < DUES_PER_TICK; i++) {
        if (held(v) >= samples)
            return 1;
        playout_pop(&v->playout, now, &d);
        if (d.kind == DUE_IDLE)
            return 0;
        write_tape(v, decoded, make(v, &d));
    }
    return 0;
}

/* Make what is on the tape longer or shorter by a period of the voice, where that is not heard. */
static void stretch(voice *v, double now)
{
    int change = v->playout.change;
    if (change < 0) {
        int wanted = FRAME + (-change < LONGEST_LAG ? -change : LONGEST_LAG);
        if (wanted < WINDOW + LONGEST_LAG)
            wanted = WINDOW + LONGEST_LAG;
        while (held(v) < wanted && playout_ready(&v->playout))
            fill(v, held(v) + 1, now);
        int spare = held(v) - FRAME;
        change = -(-change < spare ? -change : spare);
    } else {
        change += TOO_MUCH;
    }
    double least = LIKENESS - LIKENESS_PER_TICK * v->playout.urgency;
    least = v->level.quiet ? -1.0 : least > LEAST_LIKENESS ? least : LEAST_LIKENESS;
    int done = stretch_tape(v, change, least);
    if (done)
        playout_changed(&v->playout, done);
}

/* The last 20 ms, fading, into `sound`. */
static void fade(voice *v, float *sound)
{
    int there = held(v) < FRAME ? held(v) : FRAME;
    read_tape(v, sound, there);
    clear_tape(v);
    int count = conceal(v, FRAME), rest = FRAME - there;
    memset(sound + there, 0, rest * sizeof *sound);
    memcpy(sound + there, decoded, (count < rest ? count : rest) * sizeof *sound);
    for (int i = 0; i < FRAME; i++)
        sound[i] *= fall[i];
}

static void note_playing(voice *v)
{
    v->playing = (uint32_t)(playout_clock(&v->playout) - held(v));
    v->plays = 1;
}

/* A pause that begins in loud sound would click: fade out first. Whether there is a frame. */
static int rest(voice *v)
{
    int ends = v->ends;
    if (!v->sounding) {
        v->plays = v->ends = 0;
        memcpy(v->frame, v->ending, sizeof v->frame);
        return ends;
    }
    note_playing(v);
    v->sounding = 0;
    fade(v, v->frame);
    return 1;
}

static int frame_of(voice *v, double now)
{
    int playing = fill(v, FRAME, now);
    if (playing && v->playout.change)
        stretch(v, now);
    if (!playing)
        return rest(v);
    note_playing(v);
    read_tape(v, v->frame, FRAME);
    playout_settle(&v->playout, now, held(v));
    if (!v->sounding) {
        for (int i = 0; i < RISE; i++)
            v->frame[i] *= rise[i];
        v->sounding = 1;
    }
    if (v->ends) {
        for (int i = 0; i < FRAME; i++)
            v->frame[i] += v->ending[i];
        v->ends = 0;
    }
    return 1;
}

/* The meter */

static double dbfs(double mean_square)
{
    double level_dbfs = mean_square > 0.0 ? 10.0 * log10(mean_square) : SILENCE_DBFS;
    return level_dbfs > SILENCE_DBFS ? level_dbfs : SILENCE_DBFS;
}

static void meter(level *l, const float *frame)
{
    double mean_square = 0.0;
    if (frame) {
        float energy[8] = {0}; /* eight sums: the compiler may add no floats in another order than we write */
        for (int i = 0; i < FRAME; i += 8)
            for (int k = 0; k < 8; k++)
                energy[k] += frame[i + k] * frame[i + k];
        for (int k = 0; k < 8; k++)
            mean_square += energy[k];
        mean_square = isfinite(mean_square) ? mean_square / FRAME : 0.0;
        l->arrived++;
        l->energy += mean_square;
    }
    double now_dbfs = dbfs(mean_square);
    l->quiet = now_dbfs < CLOSE_DBFS;
    l->loud = now_dbfs >= OPEN_DBFS ? l->loud + 1 : 0;
    l->calm = l->quiet ? l->calm + 1 : 0;
    if (l->loud >= OPEN_TICKS)
        l->speaking = 1;
    else if (l->calm >= HANG_TICKS)
        l->speaking = 0;
    if (++l->ticks < WINDOW_TICKS)
        return;
    l->known = l->arrived > 0;
    l->dbfs = dbfs(l->energy / WINDOW_TICKS);
    l->energy = 0.0;
    l->arrived = l->ticks = 0;
}

/* The voice */

void voice_begin(voice *v, void *decoder)
{
    memset(v, 0, sizeof *v);
    v->decoder = decoder;
    v->begin = v->end = PAST;
    v->level.quiet = 1;
    playout_begin(&v->playout);
}

void voice_begin_anew(voice *v)
{
    v->too_late_before = voice_too_late(v);
    v->unread = 0;
    if (v->sounding) {
        fade(v, v->ending);
        v->ends = 1;
    }
    playout_begin(&v->playout);
    control(v->decoder, RESET_STATE);
    clear_tape(v);
    v->sounding = v->plays = 0;
}

void voice_push(voice *v, uint16_t sequence, uint32_t timestamp, const uint8_t *payload, int bytes, double now)
{
    if (bytes > 0)
        playout_push(&v->playout, sequence, timestamp, payload, bytes, now);
}

void voice_next(voice *v, double now)
{
    v->sounds = frame_of(v, now);
    meter(&v->level, v->sounds ? v->frame : NULL);
}

uint64_t voice_too_late(const voice *v)
{
    return v->too_late_before + v->playout.late + v->playout.skipped + v->playout.dropped + v->unread / FRAME;
}
