/* How long one source's sound is held, as media/delay.py has it: the same arithmetic in the same order, so that both
   decide alike to the last bit. What the numbers mean stands there. */

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "playout.h"

enum {
    TICK = 960,          /* samples of 20 ms */
    EN_ROUTE = 3,
    REACH = 50,
    LANES = 8, BLOCK = 128 /* how numpy sums: `sum` */
};

static const double RATE_HZ = 48000.0;
static const double MEMORY_S = 7.0;
static const double SAFETY_S = 0.005;
static const double MENDS_S = 0.001;
static const double GRACE_S = 0.003;
static const double TRADE = 8.0;
static const double LOSS = 0.005;
static const double MENDED = 0.15;
static const double RELUCTANCE_S = 0.006;
static const double EXPERIENCE_S = 1.0;
static const double OUTAGE_S = 0.5;
static const double MOST_S = 0.200;

/* The packets that tell something of the line, oldest first. */
static struct {
    int count, mending;
    double transits[DELAY_PACKETS];
    uint8_t mends[DELAY_PACKETS];
} known;

static double lateness[DELAY_PACKETS], mended[DELAY_PACKETS];

/* Negative numbers have their place too. */
static int place_of(int64_t number) { return (int)((uint64_t)number % DELAY_PACKETS); }

static double duration_s(const delay *d) { return d->samples / RATE_HZ; }

int delay_step_samples(const delay *d) { return d->samples < TICK ? d->samples : TICK; }

static double step_s(const delay *d) { return delay_step_samples(d) / RATE_HZ; }

void delay_begin(delay *d)
{
    memset(d, 0, sizeof *d);
    for (int at = 0; at < DELAY_PACKETS; at++) {
        d->numbers[at] = -1;
        d->transits[at] = INFINITY;
    }
    d->newest = -1;
    d->samples = TICK;
}

int delay_experienced(const delay *d) { return (double)d->count * duration_s(d) >= EXPERIENCE_S; }

void delay_arrived(delay *d, int64_t number, int64_t time, int samples, int mends, double now)
{
    int at = place_of(number);
    if (d->numbers[at] == number) /* a duplicate, or sent again: the first one counts */
        return;
    double transit_s = now - (double)time / RATE_HZ;
    if (d->count && fabs(transit_s - d->transits[place_of(d->newest)]) > OUTAGE_S) {
        d->count = 0;
        d->newest = number - 1;
    }
    d->numbers[at] = number;
    d->transits[at] = transit_s;
    d->mends[at] = mends != 0;
    if (number > d->newest) {
        d->count += d->count ? number - d->newest : 1;
        d->newest = number;
        d->samples = samples;
    }
}

void delay_excuse(delay *d, int64_t first, int64_t end)
{
    int64_t number = d->newest - DELAY_PACKETS + 1;
    number = first > number ? first : number;
    end = end < d->newest ? end : d->newest; /* the newest stays known */
    for (; number < end; number++) {
        d->transits[place_of(number)] = INFINITY;
        d->mends[place_of(number)] = 0;
    }
}

static double transit_of(const delay *d, int64_t number)
{
    int at = place_of(number);
    return d->numbers[at] == number ? d->transits[at] : INFINITY;
}

/* How far transits are apart from `first` to the newest. */
static double spread_s(const delay *d, int64_t first)
{
    double least = INFINITY, most = -INFINITY;
    for (int64_t number = first; number <= d->newest; number++) {
        double transit_s = transit_of(d, number);
        if (!isfinite(transit_s))
            continue;
        least = transit_s < least ? transit_s : least;
        most = transit_s > most ? transit_s : most;
    }
    return least <= most ? most - least : 0.0;
}

/* Fill `known` with the packets of the last MEMORY_S; missing ones that may yet come tell nothing. */
static void look_back(const delay *d)
{
    int64_t count = (int64_t)(MEMORY_S / duration_s(d));
    count = count < DELAY_PACKETS ? count : DELAY_PACKETS;
    count = count < d->count ? count : d->count;
    int64_t first = d->newest - count + 1;
    int64_t lost = d->newest - EN_ROUTE - (int64_t)(spread_s(d, first) / duration_s(d));
    int any = 0;
    known.count = 0;
    for (int64_t number = first; number <= d->newest; number++) {
        int at = place_of(number);
        if (d->numbers[at] != number && number > lost)
            continue;
        known.transits[known.count] = transit_of(d, number);
        any |= known.mends[known.count] = d->mends[at];
        known.count++;
    }
    known.mending = any || known.count * duration_s(d) < MEMORY_S / 2;
}

/* How many values are above each of `many` levels, which ascend by `step`. */
static void count_beyond(const double *values, const double *levels, int many, double step, int *beyond)
{
    int above[REACH + 2] = {0}; /* how many values are above exactly so many levels */
    double per_step = 1.0 / step;
    for (int i = 0; i < known.count; i++) {
        double value = values[i];
        int passed = many;
        if (!(value > levels[many - 1])) {
            passed = value > levels[0] ? (int)((value - levels[0]) * per_step) : 0;
            while (passed < many && value > levels[passed]) /* that was nearly right; the comparison is exact */
                passed++;
            while (passed > 0 && !(value > levels[passed - 1]))
                passed--;
        }
        above[passed]++;
    }
    int sum = 0;
    for (int level = many; level > 0; level--)
        beyond[level - 1] = sum += above[level];
}

/* What each lead from `first` steps on costs, in seconds of delay; `lateness` is set. */
static void weigh(const delay *d, int first, int many, double *costs)
{
    static double levels[REACH + 1];
    static int spoilt[REACH + 1], not_whole[REACH + 1], lone[REACH + 1];
    double duration = duration_s(d), step = step_s(d), mends_s = duration - SAFETY_S + MENDS_S;
    for (int at = 0; at < many; at++)
        levels[at] = (first + at) * step;
    for (int i = 0; i < known.count; i++) {
        double copy = i + 1 < known.count && known.mends[i + 1] ? lateness[i + 1] + mends_s : INFINITY;
        mended[i] = copy < lateness[i] ? copy : lateness[i];
    }
    count_beyond(mended, levels, many, step, spoilt);
    count_beyond(lateness, levels, many, step, not_whole);
    memset(lone, 0, sizeof lone);
    if (known.mending) {
        for (int i = 0; i < known.count; i++)
            mended[i] = lateness[i] + mends_s;
        count_beyond(mended, levels, many, step, lone);
    }
    for (int at = 0; at < many; at++) {
        double seen_s = ((1.0 - MENDED) * spoilt[at] + MENDED * not_whole[at]) * duration;
        double feared_s = LOSS * MEMORY_S * (1.0 - MENDED) / known.count * lone[at];
        costs[at] = levels[at] + TRADE * (seen_s + feared_s) / MEMORY_S;
    }
}

static int least_of(const double *costs, int many)
{
    int least = 0;
    for (int at = 1; at < many; at++)
        least = costs[at] < costs[least] ? at : least;
    return least;
}

static int whole_steps(double span_s, double step)
{
    double steps = span_s / step;
    return steps >= REACH ? REACH : steps > 0.0 ? (int)steps : 0;
}

int delay_steps(const delay *d, double lead_s)
{
    static double costs[REACH + 1];
    look_back(d);
    if (!known.count)
        return 0;
    double least_s = INFINITY;
    for (int i = 0; i < known.count; i++)
        least_s = known.transits[i] < least_s ? known.transits[i] : least_s;
    double room_s = isfinite(least_s) ? lead_s - least_s : 0.0;
    int up = whole_steps(MOST_S - room_s, step_s(d)), down = whole_steps(room_s, step_s(d));

    for (int i = 0; i < known.count; i++)
        lateness[i] = known.transits[i] + SAFETY_S - lead_s;
    weigh(d, 0, up + 1, costs);
    double as_it_is = costs[0];
    for (int at = 1; at <= up; at++)
        costs[at] += RELUCTANCE_S;
    int best = least_of(costs, up + 1);
    if (best || !down)
        return best;

    for (int i = 0; i < known.count; i++)
        lateness[i] = known.transits[i] + SAFETY_S + GRACE_S - lead_s;
    weigh(d, -down, down, costs);
    for (int at = 0; at < down; at++)
        costs[at] += RELUCTANCE_S;
    int least = least_of(costs, down);
    return costs[least] < as_it_is ? least - down : 0;
}

/* In numpy's order (pairwise, eight at once): at the start the mean decides whether enough is held. */
static double sum(const double *values, int count)
{
    if (count > BLOCK) {
        int half = count / 2 / LANES * LANES;
        return sum(values, half) + sum(values + half, count - half);
    }
    double lanes[LANES], total = 0.0;
    int at = 0;
    if (count >= LANES) {
        memcpy(lanes, values, sizeof lanes);
        for (at = LANES; at + LANES <= count; at += LANES)
            for (int lane = 0; lane < LANES; lane++)
                lanes[lane] += values[at + lane];
        total = ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
    }
    for (; at < count; at++)
        total += values[at];
    return total;
}

double delay_held_s(const delay *d, double lead_s)
{
    look_back(d);
    int count = 0;
    for (int i = 0; i < known.count; i++)
        if (isfinite(known.transits[i]))
            known.transits[count++] = known.transits[i];
    double held_s = count ? lead_s - sum(known.transits, count) / count : 0.0;
    return held_s > 0.0 ? held_s : 0.0;
}
