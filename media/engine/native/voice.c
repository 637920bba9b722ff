/* A voice from its packets to 20 ms of sound: decoded, mended, stretched to change the delay, metered. */

#include <stdint.h>
#include <string.h>

#include "sound.h"
#include "playout.h"
#include "port.h"
#include "tape.h"
#include "level.h"
#include "voice.h"

enum {
    DUES_PER_TICK = 24, /* media/engine/voice.py */
    RISE = 240,
    TOO_MUCH = 119,
    READABLE = 1200,    /* what it takes to leave out any period: WINDOW + LONGEST_LAG of media/timescale.py */
    RESET_STATE = 4028  /* OPUS_RESET_STATE of opus_defines.h, which is part of its ABI */
};

static const double LIKENESS = 0.9, LIKENESS_PER_TICK = 0.02, LEAST_LIKENESS = 0.5; /* media/engine/voice.py */

typedef int (*decode_float)(void *decoder, const uint8_t *payload, int32_t bytes, float *sound, int samples, int fec);
typedef int (*decoder_control)(void *decoder, int request, ...);

static decode_float decode;
static decoder_control control;

static float rise[RISE], fall[FRAME];           /* in and out of silence */

void voices(void *decode_, void *control_)
{
    decode = (decode_float)decode_;
    control = (decoder_control)control_;
    for (int i = 0; i < RISE; i++)
        rise[i] = (float)((i + 1) / (double)RISE);
    for (int i = 0; i < FRAME; i++)
        fall[i] = (float)((FRAME - i) / (double)FRAME - 1.0 / FRAME);
    tapes();
}

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
        if (tape_held(&v->tape) >= samples)
            return 1;
        playout_pop(&v->playout, now, &d);
        if (d.kind == DUE_IDLE)
            return 0;
        tape_write(&v->tape, decoded, make(v, &d));
    }
    return 0;
}

/* Make what is on the tape longer or shorter by a period of the voice, where that is not heard. */
static void stretch(voice *v, double now)
{
    int change = v->playout.change;
    if (change < 0) {
        int wanted = FRAME + (-change < PAST ? -change : PAST);
        if (wanted < READABLE)
            wanted = READABLE;
        while (tape_held(&v->tape) < wanted && playout_ready(&v->playout))
            fill(v, tape_held(&v->tape) + 1, now);
        int spare = tape_held(&v->tape) - FRAME;
        change = -(-change < spare ? -change : spare);
    } else {
        change += TOO_MUCH;
    }
    double least = LIKENESS - LIKENESS_PER_TICK * v->playout.urgency;
    least = v->level.quiet ? -1.0 : least > LEAST_LIKENESS ? least : LEAST_LIKENESS;
    int done = tape_stretch(&v->tape, change, least);
    if (done)
        playout_changed(&v->playout, done);
}

/* The last 20 ms, fading, into `sound`. */
static void fade(voice *v, float *sound)
{
    int there = tape_held(&v->tape) < FRAME ? tape_held(&v->tape) : FRAME;
    tape_read(&v->tape, sound, there);
    tape_clear(&v->tape);
    int count = conceal(v, FRAME), rest = FRAME - there;
    memset(sound + there, 0, rest * sizeof *sound);
    memcpy(sound + there, decoded, (count < rest ? count : rest) * sizeof *sound);
    for (int i = 0; i < FRAME; i++)
        sound[i] *= fall[i];
}

static void note_playing(voice *v)
{
    v->playing = (uint32_t)(playout_clock(&v->playout) - tape_held(&v->tape));
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
    tape_read(&v->tape, v->frame, FRAME);
    playout_settle(&v->playout, now, tape_held(&v->tape));
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

void voice_begin(voice *v, void *decoder)
{
    memset(v, 0, sizeof *v);
    v->decoder = decoder;
    tape_clear(&v->tape);
    v->level.quiet = 1;
    playout_begin(&v->playout);
}

void voice_begin_anew(voice *v)
{
    v->too_late_before = voice_too_late(v);
    v->tape.unread = 0;
    if (v->sounding) {
        fade(v, v->ending);
        v->ends = 1;
    }
    playout_begin(&v->playout);
    control(v->decoder, RESET_STATE);
    tape_clear(&v->tape);
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
    level_add(&v->level, v->sounds ? v->frame : NULL);
}

uint64_t voice_too_late(const voice *v)
{
    return v->too_late_before + v->playout.late + v->playout.skipped + v->playout.dropped + v->tape.unread / FRAME;
}
