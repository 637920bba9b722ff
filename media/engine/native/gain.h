/* One gain that moves from level to level: media/gain.py, which says why and how. Read by cffi as it stands. */

enum { MOST_LEGS = 2 };

/* One straight part of the way, in dB (as a natural logarithm of the amplitude) or in amplitude. */
typedef struct {
    double base, slope, end;
    int length, left, in_db;                    /* samples */
} leg;

/* `target`: dB, minus infinity for silence. All zero but that is a gain that is silent and stays so. */
typedef struct {
    double present, target;
    int legs_count;
    leg legs[MOST_LEGS];
} ramp;

/* A gain at rest. */
void ramp_begin(ramp *r, double db);

/* Move to `db` in so many samples, from wherever the gain is now. */
void ramp_aim(ramp *r, double db, int samples);

/* The gains of the next samples. 0: all are `present`, and `gains` is left alone. */
int ramp_next(ramp *r, float *gains, int samples);

/* Let the time of so many samples pass unheard. */
void ramp_skip(ramp *r, int samples);
