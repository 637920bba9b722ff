/* What an Opus packet says of itself, as media/opus.py reads it. */

#include <stdint.h>

#include "playout.h"

enum {
    FRAME = 960,                  /* samples of 20 ms; also what is no Opus packet counts as */
    LONGEST = 5760,               /* 120 ms (RFC 6716 section 3.4, R5) */
    FIRST_HYBRID = 12, FIRST_CELT = 16,
    PAUSE_BYTES = 2,              /* up to this size it carries no sound (section 2.1.9) */
    FRAMES = 0x3F, PADDED = 0x40, VARIED = 0x80 /* of the second byte of code 3 (section 3.2.5) */
};

static const int SILK[] = {480, 960, 1920, 2880}, HYBRID[] = {480, 960}, CELT[] = {120, 240, 480, 960};

static int frame_samples(int config)
{
    if (config < FIRST_HYBRID)
        return SILK[config & 3];
    return config < FIRST_CELT ? HYBRID[config & 1] : CELT[config & 3];
}

int packet_samples(const uint8_t *payload, int bytes)
{
    if (bytes < 1)
        return FRAME;
    int code = payload[0] & 3, frames = code == 0 ? 1 : 2;
    if (code == 3)
        frames = bytes > 1 ? payload[1] & FRAMES : 0;
    int samples = frame_samples(payload[0] >> 3) * frames;
    return samples > 0 && samples <= LONGEST ? samples : FRAME;
}

/* How many bytes the frame length at `at` takes (section 3.2.1). */
static int length_bytes(const uint8_t *payload, int bytes, int at) { return at < bytes && payload[at] >= 252 ? 2 : 1; }

/* Where the first frame begins; past the end for what is too short (section 3.2). */
static int first_frame(const uint8_t *payload, int bytes)
{
    int code = payload[0] & 3;
    if (code < 2)
        return 1;
    if (code == 2)
        return 1 + length_bytes(payload, bytes, 1);
    if (bytes < 2)
        return bytes;
    int at = 2;
    if (payload[1] & PADDED) { /* each 255 says 254 and that another byte follows */
        while (at < bytes && payload[at] == 255)
            at++;
        at++;
    }
    if (payload[1] & VARIED) /* each frame but the last has its length said */
        for (int frame = 1; frame < (payload[1] & FRAMES); frame++)
            at += length_bytes(payload, bytes, at);
    return at;
}

/* The LBRR flag follows one flag of activity for each 20 ms, and all are coded with probability 1/2: they can be read
   without a range decoder (sections 4.2.3 and 4.2.4). */
int packet_mends(const uint8_t *payload, int bytes)
{
    if (bytes <= PAUSE_BYTES || payload[0] >> 3 >= FIRST_CELT)
        return 0;
    int at = first_frame(payload, bytes);
    if (at >= bytes)
        return 0;
    int parts = frame_samples(payload[0] >> 3) / FRAME;
    parts = parts > 1 ? parts : 1;
    int mends = payload[at] >> (7 - parts) & 1;
    if (payload[0] & 4) /* stereo: the flags of the side follow */
        mends |= payload[at] >> (6 - 2 * parts) & 1;
    return mends;
}
