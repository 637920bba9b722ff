/* The fast path: what the event loop calls of port.c. Read by cffi as it stands, so no includes and no macros.

   A packet that merely continues a stream goes from socket to socket in here; everything else is handed to Python,
   which decides, and tells what may pass from then on. One thread calls all of this: the event loop's. */

enum {
    BATCH = 32,         /* datagrams taken from a socket at once: a frame of 1280x1024 has a handful, a key frame 100 */
    LARGEST = 2048,     /* bytes of a datagram with all that is put around it; Ethernet carries 1500 */
    MOST_FLOWS = 4,     /* of a connection: sound and picture, and twice that while one takes the place of another */
    MOST_OUTLETS = 32,  /* viewers of one picture; a booth has two rooms, and observers */
    MOST_PASSED = 64,   /* packets of a flow that Python has not noted yet: 400 ms of a picture, 1.2 s of sound */
    MOST_KEPT = 1024,   /* packets kept to be sent again: HISTORY of media/engine/sending.py */
    MOST_LEAVING = 64,  /* packets that leave in one call: beyond, what waits is sent first */
    VP8 = 1, H264 = 2   /* what a flow of pictures has */
};

typedef struct port port;
typedef struct voice voice;                  /* voice.h */

/* A packet that was sent, in the clear, without its RTP header. */
typedef struct {
    uint32_t timestamp;
    uint16_t sequence, bytes;
    uint8_t marker, used, payload_type;
    uint8_t payload[1500];
} kept;

/* One outgoing stream that packets may be forwarded to. */
typedef struct {
    port *port;                              /* NULL once it is stopped */
    uint32_t ssrc, shift;                    /* `shift` is added to timestamps, the offsets to the other numbers */
    uint16_t sequence_offset, id_offset;
    uint8_t level_offset, payload_type;
    uint8_t first;                           /* the first byte of its RTP headers */
    uint8_t extension_bytes, send_time_at;   /* 0: it has no abs-send-time */
    uint8_t extension[64];
    kept *history;                           /* MOST_KEPT; NULL for sound, which nobody asks for again */
} outlet;

/* What passed, for Python to note. */
typedef struct {
    double at;                               /* when the kernel had it, monotonic seconds */
    uint32_t timestamp, send_time;           /* NO_TIME: it came without */
    uint16_t sequence, bytes, payload_bytes; /* `bytes`: with padding */
    uint16_t picture_id;
    uint8_t marker, level, has_id, has_level;
} passed;

/* One incoming stream whose ordinary packets need no Python. */
typedef struct {
    uint32_t ssrc;
    uint8_t payload_type, open, send_time_id;
    uint8_t picture;                         /* VP8 or H264, forwarded in order; 0: sound, for `heard` */
    uint16_t next;                           /* of a picture: the only number that passes */
    uint32_t outlets_count, passed_count;
    outlet *outlets[MOST_OUTLETS];
    passed passed[MOST_PASSED];
    voice *heard;                            /* of sound: where it is played */
} flow;

/* What Python has to look at. It holds until the next `port_read`. */
typedef struct {
    uint8_t *data;
    uint32_t bytes;
    uint8_t plain;                           /* 1: SRTP is taken off it already */
    double at;
    uint8_t address[28];                     /* sockaddr_in or sockaddr_in6 */
} left;

/* One UDP socket (with SO_TIMESTAMPNS), and the secured connection over it once there is one. */
struct port {
    int fd;                                  /* -1 once it is closed */
    uint32_t peer_bytes;                     /* 0: nobody is nominated yet */
    uint8_t peer[28];                        /* sockaddr of who is */
    void *incoming, *outgoing;               /* srtp_t; NULL before the keys are known */
    flow *flows[MOST_FLOWS];
    uint64_t received_bytes, sent_bytes, refused;
};

/* `unprotect` and `protect` are srtp_unprotect and srtp_protect (libsrtp 2). */
void fast_path(void *unprotect, void *protect);

/* Read a socket once: what may pass has passed, the rest is in `lefts` (BATCH); how many those are. -1 in `came` for
   an error, else how many datagrams there were. */
int port_read(port *p, left *lefts, int *came);

/* Read ports one after the other, from number `*at` on, until one has something for Python, which is then number `*at`;
   when none has (more), `*at` is `count`. How many `lefts` there are, and `came` as above. */
int ports_read(port **ports, uint32_t count, uint32_t *at, left *lefts, int *came);

/* Write, protect and put one packet of a stream; at `now`, monotonic seconds. 0, or -1 if it was refused. */
int outlet_send(outlet *o, uint16_t sequence, uint32_t timestamp, const uint8_t *payload, uint32_t bytes, double now);

/* Protect one RTP packet for this port's peer; it leaves with `ports_flush`. 0, or -1 if it was refused. */
int port_put(port *p, const uint8_t *packet, uint32_t bytes);

/* Send all that waits. */
void ports_flush(void);

/* The packet that was sent with this number, if it passed here and is kept; else NULL. */
const kept *outlet_kept(const outlet *o, uint16_t sequence);
