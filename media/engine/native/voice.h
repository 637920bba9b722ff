/* One source's voice on its way into the mix: media/engine/voice.py with media/tape.py, media/timescale.py and
   media/level.py, which say why and how. Read by cffi as it stands, after playout.h. */

enum {
    FRAME = 960,        /* samples of a tick: FRAME_SAMPLES of media/sound.py */
    LONGEST = 5760,     /* samples a packet may hold: LONGEST_SAMPLES of media/opus.py */
    PAST = 720,         /* what was played and may be played again: PAST of media/tape.py */
    TAPE = 18000        /* CAPACITY there: PAST, and three of the longest packets */
};

/* How loud it is, and whether somebody speaks: media/level.py. */
typedef struct {
    double energy, dbfs;
    int known;          /* whether anything arrived in the last full window: `dbfs` is of that */
    int arrived, ticks, loud, calm, speaking, quiet;
} level;

struct voice {
    playout playout;
    void *decoder;                              /* OpusDecoder, whose life is Python's */
    float tape[TAPE];
    int begin, end;                             /* what is held lies between; before it, what was played */
    float frame[FRAME];                         /* of this tick, where it `sounds` */
    float ending[FRAME];                        /* the last of another connection, fading, where one `ends` */
    int sounds, sounding, ends, plays;
    uint32_t playing;                           /* RTP timestamp of the first sample of `frame`, where it `plays` */
    level level;
    uint64_t concealed, recovered, unread;      /* ticks filled in, packets mended, samples that nobody read */
    uint64_t too_late_before;                   /* packets, of the connections before */
};

/* `decode`, `control`: opus_decode_float and opus_decoder_ctl of the libopus that made the decoders. */
void voices(void *decode, void *control);

/* A voice that has not been heard yet. Its decoder is fresh. */
void voice_begin(voice *v, void *decoder);

/* Another connection speaks from now on: what was playing fades out. */
void voice_begin_anew(voice *v);

/* Take one Opus packet: RTP sequence number, 48 kHz timestamp, and when it arrived (monotonic s). */
void voice_push(voice *v, uint16_t sequence, uint32_t timestamp, const uint8_t *payload, int bytes, double now);

/* Make `frame` of this tick, and meter it. */
void voice_next(voice *v, double now);

/* Packets that came too late or did not fit. */
uint64_t voice_too_late(const voice *v);
