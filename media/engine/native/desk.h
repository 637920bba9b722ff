/* The mixing desk of a place: voices in, one packet for each listener out, every 20 ms. Read by cffi as it stands,
   after port.h, sound.h, gain.h and voice.h. */

enum {
    LONGEST_SOUND = 1275,                       /* bytes of one Opus frame (RFC 6716 section 3.2.1) */
    STILL_PACKETS = 25                          /* as in media/opus.py, and there is STILL, too */
};

/* One outgoing stream of sound. */
typedef struct {
    outlet *out;
    uint16_t sequence;                          /* of the next packet */
    uint32_t first_timestamp, timestamp;        /* of tick 0, and of the last packet */
    double at;                                  /* when that was sent */
    uint64_t packets, octets;                   /* that were sent and Python has not noted yet */
} earphone;

/* How loud one listener hears one source. */
typedef struct {
    voice *source;                              /* NULL: it is not here */
    ramp gain;
} cell;

typedef struct {
    void *encoder;                              /* OpusEncoder, whose life is Python's */
    limiter limiter;
    uint32_t cells_count, earphones_count;
    cell **cells;
    earphone **earphones;
    int hears;                                  /* 0: nobody is there; gains move on all the same */
    int still;                                  /* ticks of stillness so far, STILL_PACKETS at most */
    int bytes;                                  /* of `payload`, below 0: an error of libopus */
    uint8_t payload[LONGEST_SOUND];
} listener;

typedef struct {
    uint32_t voices_count, listeners_count;
    voice **voices;
    listener **listeners;
} desk;

/* `encode`: opus_encode_float of the libopus that made the encoders. */
void desks(void *encode);

/* Make, mix, limit, encode and send 20 ms; `number` counts ticks and stamps the packets, `now` is monotonic seconds.
   For how many listeners nothing could be encoded. */
int desk_tick(desk *d, uint32_t number, double now);
