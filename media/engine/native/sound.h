/* What the mix needs of sound.c. Read by cffi as it stands. */

enum {
    FRAME = 960,     /* samples of a frame: FRAME_SAMPLES of media/sound.py */
    LOOKAHEAD = 144  /* LOOKAHEAD_SAMPLES of media/limiter.py */
};

/* The state of one listener's limiter; all zero but the ceiling (an amplitude) at the beginning. */
typedef struct {
    double ceiling, release;                    /* `release`: what is left of an attenuation after one sample */
    double released, attenuation;               /* `attenuation`: the greatest of the last frame, 0 to 1 */
    double wanted[LOOKAHEAD], held[LOOKAHEAD];
    float tail[LOOKAHEAD];
    int pending;
} limiter;

/* Limit a frame (FRAME samples); what comes out is the sound of LOOKAHEAD samples ago. media.limiter says how. */
void limit(limiter *state, const float *frame, float *limited);
