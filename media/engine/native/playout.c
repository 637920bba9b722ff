/* Playout of one source's sound, as media/playout.py has it, with media/jitter_buffer.py under it. What the numbers
   mean stands there. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "playout.h"

enum {
    FRAME = 960,                   /* samples of a tick */
    SHORTEST = 120, LONGEST = 5760, /* samples that one packet can hold */
    PAUSE_BYTES = 2,
    LONGEST_HOLD = 10 * FRAME,
    LONGEST_HOLE = 10 * FRAME,
    LONGEST_PAUSE = 25 * FRAME,
    FIRST_TICKS = 2,
    MOST_TICKS = 10,
    REVIEW_TICKS = 20,
    LONGEST_JUMP = 100,            /* packets */
    LONGEST_JUMP_SAMPLES = 60 * 48000,
    NOBODY = -1                    /* no sequence number */
};

static const double RATE_HZ = 48000.0;
static const double FIRST_S = 0.022;

static encoded *oldest_of(playout *p) { return p->waiting ? &p->packets[p->order[0]] : NULL; }

static void take_oldest(playout *p)
{
    uint8_t place = p->order[0];
    p->waiting--;
    memmove(p->order, p->order + 1, p->waiting);
    p->order[p->waiting] = place;
}

static void rest(playout *p)
{
    p->playing = p->pausing = 0;
    p->waited = p->filling = p->change = p->leads = 0;
}

void playout_begin(playout *p)
{
    memset(p, 0, sizeof *p);
    delay_begin(&p->delay);
    p->stray = NOBODY;
    for (int place = 0; place < PLAYOUT_PACKETS; place++)
        p->order[place] = place;
}

/* How far a counter of so many bits went on, the shorter way round. */
static int64_t signed_step(uint64_t difference, int bits)
{
    uint64_t half = UINT64_C(1) << (bits - 1);
    return (int64_t)((difference + half) & (2 * half - 1)) - (int64_t)half;
}

/* Where a packet belongs; 0 for one that fits nowhere, a straggler of another time. The second of two such that follow
   each other begins a new time. */
static int place(playout *p, uint16_t sequence, uint32_t timestamp, int64_t *number, int64_t *time)
{
    *number = sequence;
    *time = timestamp;
    if (p->begun) {
        int64_t step = signed_step((uint64_t)sequence - (uint64_t)p->newest_number, 16);
        int64_t span = signed_step((uint64_t)timestamp - (uint64_t)p->newest_time, 32);
        int ordered = (!step && !span) || (step > 0 && span >= 0) || (step < 0 && span <= 0);
        if (ordered && llabs(step) <= LONGEST_JUMP && llabs(span) <= LONGEST_JUMP_SAMPLES) {
            *number = p->newest_number + step;
            *time = p->newest_time + span;
            p->stray = NOBODY;
            if (step <= 0)
                return 1;
        } else if (sequence != p->stray) {
            p->stray = (sequence + 1) & 0xFFFF;
            return 0;
        } else {
            p->restarts++;
            p->dropped += p->waiting;
            p->waiting = p->expecting = 0;
            p->stray = NOBODY;
            delay_begin(&p->delay);
            rest(p);
        }
    }
    p->begun = 1;
    p->newest_number = *number;
    p->newest_time = *time;
    return 1;
}

/* How many of those that wait come before this number. */
static int before(const playout *p, int64_t number)
{
    int at = p->waiting;
    while (at && p->packets[p->order[at - 1]].number >= number)
        at--;
    return at;
}

/* Keep a packet in its order, and drop the oldest where there are too many; the new one may be that. */
static void put(playout *p, const encoded *about, const uint8_t *payload)
{
    int at = before(p, about->number);
    if (at < p->waiting && p->packets[p->order[at]].number == about->number) {
        p->duplicates++;
        return;
    }
    if (p->waiting == PLAYOUT_PACKETS) { /* a second too much: to fill its holes would last for ever */
        p->dropped++;
        rest(p);
        if (!at)
            return;
        take_oldest(p);
        at--;
    }
    uint8_t free_place = p->order[p->waiting];
    memmove(p->order + at + 1, p->order + at, p->waiting - at);
    p->order[at] = free_place;
    p->waiting++;
    encoded *kept = &p->packets[free_place];
    kept->number = about->number;
    kept->time = about->time;
    kept->samples = about->samples;
    kept->mends = about->mends;
    kept->bytes = about->bytes;
    memcpy(kept->payload, payload, about->bytes);
}

void playout_push(playout *p, uint16_t sequence, uint32_t timestamp, const uint8_t *payload, int bytes, double now)
{
    encoded about;
    if (bytes < 1 || bytes > PLAYOUT_PAYLOAD || !place(p, sequence, timestamp, &about.number, &about.time))
        return;
    about.bytes = bytes;
    about.samples = packet_samples(payload, bytes);
    about.mends = packet_mends(payload, bytes);
    delay_arrived(&p->delay, about.number, about.time, about.samples, about.mends, now);
    if (p->expecting && about.number < p->next)
        p->late++;
    else
        put(p, &about, payload);
}

/* Begin to play when what came has waited as long as the delay wants; what is older than that is skipped. */
static int start(playout *p, double now)
{
    const encoded *oldest = oldest_of(p);
    if (!oldest)
        return 0;
    p->filling++;
    int experienced = delay_experienced(&p->delay);
    if (p->filling == 1 && experienced)
        delay_excuse(&p->delay, oldest->number, oldest->number + p->waiting - FIRST_TICKS);
    double lead_s = now - (double)oldest->time / RATE_HZ;
    int steps = delay_steps(&p->delay, lead_s);
    int unsure = !experienced && delay_held_s(&p->delay, lead_s) < FIRST_S;
    if ((unsure && p->filling <= FIRST_TICKS) || (steps > 0 && p->filling <= MOST_TICKS))
        return 0;
    int64_t first = oldest->time - (int64_t)steps * delay_step_samples(&p->delay);
    while (oldest->time < first && p->waiting > 1) {
        take_oldest(p);
        p->skipped++;
        oldest = oldest_of(p);
    }
    p->next = oldest->number;
    p->clock = oldest->time;
    p->playing = p->expecting = 1;
    return 1;
}

/* Samples between what was played and the oldest packet; what was waited counts as far as it goes. */
static int64_t gap_before(playout *p, const encoded *packet)
{
    int64_t gap = packet->time - p->clock;
    if (p->waited) {
        int64_t spent = gap < 0 ? 0 : gap < p->waited ? gap : p->waited;
        p->clock += spent;
        gap -= spent;
        p->waited = p->leads = 0; /* it may have come late, and is played all the same: the delay is greater now */
    }
    if (gap > (packet->number == p->next ? LONGEST_PAUSE : LONGEST_HOLE)) { /* the sender's clock, or too much */
        p->clock = packet->time - FRAME;
        gap = FRAME;
    }
    return gap;
}

/* Something is missing before `packet`: mend it, conceal it, or let the sender pause. */
static void fill(playout *p, const encoded *packet, int gap, due *found)
{
    int samples = gap < FRAME ? gap : FRAME;
    found->kind = packet->number == p->next ? DUE_PAUSE : DUE_CONCEAL;
    if (found->kind == DUE_CONCEAL && packet->mends) {
        if (gap <= packet->samples) {
            *found = (due){.kind = DUE_MEND, .bytes = packet->bytes, .payload = packet->payload};
            samples = gap;
            p->next = packet->number; /* whoever comes after all has been heard */
        } else if (samples > gap - packet->samples) {
            samples = gap - packet->samples;
        }
    }
    samples -= samples % SHORTEST;
    samples = samples < SHORTEST ? SHORTEST : samples;
    p->clock += samples;
    found->samples = samples < LONGEST ? samples : LONGEST;
}

/* Nothing is here: wait for the packet that is due, until the source must be taken as paused. */
static void hold_on(playout *p, due *found)
{
    if (p->waited >= (p->pausing ? LONGEST_PAUSE : LONGEST_HOLD)) {
        rest(p);
        return;
    }
    if (!p->waited && !p->pausing)
        p->underruns++;
    p->waited += FRAME;
    found->kind = p->pausing ? DUE_PAUSE : DUE_CONCEAL;
    found->samples = FRAME;
}

void playout_pop(playout *p, double now, due *found)
{
    *found = (due){.kind = DUE_IDLE};
    if (!p->playing && !start(p, now))
        return;
    const encoded *packet = oldest_of(p);
    if (!packet) {
        hold_on(p, found);
        return;
    }
    int64_t gap = gap_before(p, packet);
    if (gap >= SHORTEST) {
        fill(p, packet, (int)gap, found);
        return;
    }
    take_oldest(p); /* its payload stays where it is until a push needs the place */
    p->next = packet->number + 1;
    p->clock = packet->time + packet->samples;
    p->pausing = packet->bytes <= PAUSE_BYTES;
    *found = (due){.kind = DUE_DECODE, .samples = packet->samples, .bytes = packet->bytes, .payload = packet->payload};
}

int playout_ready(const playout *p)
{
    if (!p->playing || !p->expecting || p->waited || !p->waiting)
        return 0;
    const encoded *packet = &p->packets[p->order[0]];
    return packet->number == p->next && packet->time - p->clock < SHORTEST;
}

void playout_settle(playout *p, double now, int left)
{
    if (!p->playing || p->waited)
        return;
    if (p->change) {
        p->urgency++;
        return;
    }
    int64_t duration = p->delay.samples;
    int64_t needed = p->clock - duration * (left / duration + 1); /* the youngest packet that this tick needed */
    double lead_s = now - (double)needed / RATE_HZ;
    if (!p->leads || lead_s < p->least_lead_s) /* a tick that was late itself has too great a lead */
        p->least_lead_s = lead_s;
    if (++p->leads < REVIEW_TICKS)
        return;
    p->leads = 0;
    int step = delay_step_samples(&p->delay), waste = left % step;
    int steps = delay_steps(&p->delay, p->least_lead_s);
    p->held_s = delay_held_s(&p->delay, p->least_lead_s) + waste / RATE_HZ;
    p->change = steps * step - waste;
    if (p->change > -SHORTEST && p->change < 0)
        p->change = 0;
    p->urgency = 0;
}

void playout_changed(playout *p, int samples)
{
    int before = p->change;
    p->change -= samples;
    if ((before > 0 && p->change <= 0) || (before < 0 && p->change > -SHORTEST))
        p->change = 0;
    p->leads = 0;
}

int64_t playout_clock(const playout *p) { return p->clock + p->waited; }
