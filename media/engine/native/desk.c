/* Each listener's own mix, limited, encoded once and sent: media/mixing.py and media/engine/plain_desk.py say why. */

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "playout.h"
#include "port.h"
#include "sound.h"
#include "gain.h"
#include "tape.h"
#include "level.h"
#include "voice.h"
#include "desk.h"

typedef int32_t (*encode_float)(void *encoder, const float *sound, int samples, uint8_t *payload, int32_t most);

static const float STILL = 1.0f / 8192;

static encode_float encode;

void desks(void *encode_) { encode = (encode_float)encode_; }

/* The sum of what a listener hears, each source at its gain. */
static void mix(listener *l, float *mixed)
{
    static float gains[FRAME];
    int empty = 1;
    for (uint32_t i = 0; i < l->cells_count; i++) {
        cell *c = l->cells[i];
        if (!l->hears || !c->source || !c->source->sounds) {
            ramp_skip(&c->gain, FRAME);
            continue;
        }
        const float *sound = c->source->frame;
        int moves = ramp_next(&c->gain, gains, FRAME);
        float gain = (float)c->gain.present;
        if (!moves && gain == 0.0f)
            continue;
        if (empty)
            memset(mixed, 0, FRAME * sizeof *mixed);
        empty = 0;
        if (moves)
            for (int k = 0; k < FRAME; k++)
                mixed[k] += sound[k] * gains[k];
        else
            for (int k = 0; k < FRAME; k++)
                mixed[k] += sound[k] * gain;
    }
    if (empty)
        memset(mixed, 0, FRAME * sizeof *mixed);
}

static int is_still(const float *mixed)
{
    for (int i = 0; i < FRAME; i++)
        if (!(fabsf(mixed[i]) < STILL))
            return 0;
    return 1;
}

static void send_to(earphone *e, const listener *l, uint32_t number, double now)
{
    e->timestamp = e->first_timestamp + number * FRAME;
    e->at = now;
    outlet_send(e->out, e->sequence++, e->timestamp, l->payload, (uint32_t)l->bytes, now);
    e->packets++;
    e->octets += l->bytes;
}

int desk_tick(desk *d, uint32_t number, double now)
{
    static float mixed[FRAME], limited[FRAME];
    int faults = 0;
    for (uint32_t i = 0; i < d->voices_count; i++)
        voice_next(d->voices[i], now);
    for (uint32_t i = 0; i < d->listeners_count; i++) {
        listener *l = d->listeners[i];
        mix(l, mixed);
        if (!l->hears)
            continue;
        limit(&l->limiter, mixed, limited);
        if (!is_still(mixed))
            l->still = 0;
        if (l->still < STILL_PACKETS || l->bytes <= 0)
            l->bytes = encode(l->encoder, limited, FRAME, l->payload, LONGEST_SOUND);
        if (l->bytes <= 0) {
            faults++;
            continue;
        }
        l->still += l->still < STILL_PACKETS;
        for (uint32_t k = 0; k < l->earphones_count; k++)
            send_to(l->earphones[k], l, number, now);
    }
    ports_flush();
    return faults;
}
