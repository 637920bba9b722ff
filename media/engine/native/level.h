/* How loud one source is, and whether somebody speaks: media/level.py. Read by cffi as it stands. */

typedef struct {
    double energy, dbfs;
    int known;          /* whether anything arrived in the last full window: `dbfs` is of that */
    int arrived, ticks, loud, calm, speaking, quiet;
} level;

/* Take the sound of one tick (FRAME samples), or NULL when nothing arrived. */
void level_add(level *l, const float *frame);
