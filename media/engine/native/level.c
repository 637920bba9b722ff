/* The meter of one source. media/level.py is the same arithmetic, and says why. */

#include <math.h>

#include "sound.h"
#include "level.h"

enum { WINDOW_TICKS = 10, OPEN_TICKS = 3, HANG_TICKS = 15 }; /* there */

static const double SILENCE_DBFS = -96.0, OPEN_DBFS = -40.0, CLOSE_DBFS = -46.0; /* likewise */

static double dbfs(double mean_square)
{
    double level_dbfs = mean_square > 0.0 ? 10.0 * log10(mean_square) : SILENCE_DBFS;
    return level_dbfs > SILENCE_DBFS ? level_dbfs : SILENCE_DBFS;
}

void level_add(level *l, const float *frame)
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
