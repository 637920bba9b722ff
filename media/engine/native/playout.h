/* What plays one source's sound: media/playout.py, jitter_buffer.py, delay.py and opus.py, and exactly their decisions.
   Read by cffi as it stands. One thread calls all of this. Times are monotonic seconds, and finite. */

enum {
    PLAYOUT_PACKETS = 50,    /* CAPACITY of media/jitter_buffer.py */
    PLAYOUT_PAYLOAD = 1500,  /* bytes: no datagram brings more */
    DELAY_PACKETS = 1024     /* CAPACITY of media/delay.py; a power of two */
};

/* What is to be done for the sound that is due: Kind of media/playout.py. */
enum { DUE_IDLE = 0, DUE_DECODE, DUE_MEND, DUE_CONCEAL, DUE_PAUSE };

/* `payload` holds until the next push or pop; NULL where nothing is decoded. */
typedef struct {
    int kind, samples, bytes;
    const uint8_t *payload;
} due;

/* One packet that waits for its time: its numbers without wraps, and what it says of itself. */
typedef struct {
    int64_t number, time;
    int samples, mends, bytes;               /* `mends`: it brings a copy of the sound right before it */
    uint8_t payload[PLAYOUT_PAYLOAD];
} encoded;

/* When the packets of the last seconds came. */
typedef struct {
    int64_t newest, count;                   /* `count`: packets since a time began, lost ones too */
    int samples;                             /* of one packet */
    int64_t numbers[DELAY_PACKETS];          /* each at its number modulo DELAY_PACKETS */
    double transits[DELAY_PACKETS];          /* seconds; infinite: never came, or is excused */
    uint8_t mends[DELAY_PACKETS];
} delay;

/* One source. The first eight lines are for everybody, the rest is its own. */
typedef struct {
    int change;                              /* samples to be put in (> 0) or left out (< 0) where it is not heard */
    int urgency;                             /* ticks for which `change` has been wanted */
    int playing;
    double held_s;                           /* how long packets lie here before they are needed */
    uint64_t late, skipped, underruns;       /* came after their time; too old at the start; times it ran empty */
    uint64_t dropped, duplicates;            /* pushed out of the full buffer, or by a restart; came twice */
    uint64_t restarts;                       /* of the source */
    int waiting;                             /* packets held */
    int expecting, filling, waited, pausing, leads;
    int64_t next, clock;                     /* the number (where `expecting`) and the time that are due */
    double least_lead_s;                     /* of `leads` ticks */
    int begun, stray;                        /* `stray`: the sequence that would confirm a restart, or -1 */
    int64_t newest_number, newest_time;
    delay delay;
    uint8_t order[PLAYOUT_PACKETS];          /* where packets lie: `waiting` of them in order, then the free places */
    encoded packets[PLAYOUT_PACKETS];
} playout;

/* As a fresh Playout(). */
void playout_begin(playout *p);

/* Take a packet: RTP sequence number, timestamp (48 kHz), and when it came. A payload that is empty or has more than
   PLAYOUT_PAYLOAD bytes is left out. */
void playout_push(playout *p, uint16_t sequence, uint32_t timestamp, const uint8_t *payload, int bytes, double now);

/* What is due next. */
void playout_pop(playout *p, double now, due *found);

/* Whether the packet that is due is here: it may be popped early, to have more sound to work on. */
int playout_ready(const playout *p);

/* End a tick in which a frame was played and `left` samples (0 or more) stay decoded: think the delay over. */
void playout_settle(playout *p, double now, int left);

/* Take note that the sound was made longer (> 0) or shorter (< 0). */
void playout_changed(playout *p, int samples);

/* The time (timestamp without wrap) right after all that was popped. */
int64_t playout_clock(const playout *p);

/* Of media/delay.py, by the same names. `lead_s`: when a packet is needed, less its timestamp. */
void delay_begin(delay *d);
void delay_arrived(delay *d, int64_t number, int64_t time, int samples, int mends, double now);
void delay_excuse(delay *d, int64_t first, int64_t end);
int delay_experienced(const delay *d);
int delay_steps(const delay *d, double lead_s);
double delay_held_s(const delay *d, double lead_s);
int delay_step_samples(const delay *d);

/* Of media/opus.py: duration_samples and carries_previous. */
int packet_samples(const uint8_t *payload, int bytes);
int packet_mends(const uint8_t *payload, int bytes);
