/* Decoded sound between the decoder and the mix: media/tape.py and media/timescale.py, which say why and how. Read by
   cffi as it stands. */

enum {
    LONGEST = 5760,     /* samples a packet may hold: LONGEST_SAMPLES of media/opus.py */
    PAST = 720,         /* what was played and may be played again: PAST of media/tape.py */
    TAPE = 18000        /* CAPACITY there: PAST, and three of the longest packets */
};

/* What is held lies between `begin` and `end`; before it, what was played. */
typedef struct {
    float samples[TAPE];
    int begin, end;
    uint64_t unread;    /* samples that were written over because nobody read them */
} tape;

/* To be called once, before any other. */
void tapes(void);

/* Forget what is held and what was played. */
void tape_clear(tape *t);

/* Count the samples held. */
int tape_held(const tape *t);

/* Append so many samples (LONGEST at most). */
void tape_write(tape *t, const float *sound, int samples);

/* Read so many; samples that are not there are silence. */
void tape_read(tape *t, float *sound, int samples);

/* Make it longer (> 0) or shorter (< 0) by one period of at most `change`, where two moments are so alike; by how many
   samples it was done. */
int tape_stretch(tape *t, int change, double least_likeness);
