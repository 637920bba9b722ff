/* One source's voice on its way into the mix: media/engine/voice.py, which says why and how. Read by cffi as
   it stands, after sound.h, playout.h, tape.h and level.h. */

struct voice {
    playout playout;
    void *decoder;                              /* OpusDecoder, whose life is Python's */
    tape tape;
    float frame[FRAME];                         /* of this tick, where it `sounds` */
    float ending[FRAME];                        /* the last of another connection, fading, where one `ends` */
    int sounds, sounding, ends, plays;
    uint32_t playing;                           /* RTP timestamp of the first sample of `frame`, where it `plays` */
    level level;
    uint64_t concealed, recovered;              /* ticks filled in, packets mended */
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
