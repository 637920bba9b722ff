/* What a packet says of itself, and whether it merely continues a picture. Read by cffi as it stands. */

enum { RTP_HEADER = 12 }; /* bytes, RFC 3550 section 5.1 */

/* What an RTP packet says of itself. Positions in bytes from its beginning. */
typedef struct {
    int payload, end, bytes; /* `bytes`: payload and padding */
    uint32_t send_time;      /* abs-send-time; all ones: it came without */
} rtp_header;

/* What a VP8 payload descriptor says (RFC 7741 section 4.2). Positions in the payload; 0: it has none. */
typedef struct {
    int id_at, level_at;
} vp8_descriptor;

/* Numbers as they stand on the wire. */
unsigned read16(const uint8_t *at);
uint32_t read32(const uint8_t *at);

/* Whether it is an RTP packet (of RTP_HEADER bytes or more); media.rtp.parse says the same. */
int rtp_parse(const uint8_t *data, int size, int send_time_id, rtp_header *h);

/* Whether a VP8 payload is a continuation that can be numbered anew in place: whole, no key frame's beginning, a
   PictureID of 15 bits or none. media.vp8_rtp.describe says the same. */
int vp8_continues(const uint8_t *payload, int bytes, vp8_descriptor *d);

/* Whether an H.264 payload only continues: a slice that needs other pictures, what may stand beside one, or more of
   the fragments of a slice (RFC 6184 sections 5.6 and 5.8). Whatever else there is could be a beginning, or hold
   parameter sets; media.h264.begun finds none here. */
int h264_continues(const uint8_t *payload, int bytes);
