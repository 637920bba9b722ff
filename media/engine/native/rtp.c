/* RTP headers (RFC 3550, RFC 8285) and the first bytes of payloads. */

#include <stdint.h>

#include "rtp.h"

enum { PROFILE = 0xBEDE }; /* RFC 8285 section 4.2 */

static const uint32_t NO_TIME = 0xFFFFFFFF;

unsigned read16(const uint8_t *at) { return at[0] << 8 | at[1]; }
uint32_t read32(const uint8_t *at) { return (uint32_t)read16(at) << 16 | read16(at + 2); }

static uint32_t send_time_of(const uint8_t *data, int at, int end, int wanted)
{
    while (at < end) {
        int length = (data[at] & 15) + 1;
        if (!data[at]) /* padding between elements */
            length = 0;
        else if (data[at] >> 4 == wanted)
            return length == 3 && at + 4 <= end ? (uint32_t)data[at + 1] << 16 | read16(data + at + 2) : NO_TIME;
        at += 1 + length;
    }
    return NO_TIME;
}

int rtp_parse(const uint8_t *data, int size, int send_time_id, rtp_header *h)
{
    int at = RTP_HEADER + 4 * (data[0] & 15);
    h->send_time = NO_TIME;
    if (data[0] & 0x10) {
        if (size < at + 4)
            return 0;
        int begin = at + 4;
        unsigned profile = read16(data + at);
        at = begin + 4 * read16(data + at + 2);
        if (size < at)
            return 0;
        if (send_time_id && profile == PROFILE)
            h->send_time = send_time_of(data, begin, at, send_time_id);
    }
    int end = size;
    if (data[0] & 0x20) {
        if (!data[size - 1])
            return 0;
        end -= data[size - 1];
    }
    if (end < at)
        return 0;
    h->payload = at;
    h->end = end;
    h->bytes = size - at;
    return 1;
}

int vp8_continues(const uint8_t *payload, int bytes, vp8_descriptor *d)
{
    int at = 1, opens = bytes > 0 && (payload[0] & 0x17) == 0x10;
    d->id_at = d->level_at = 0;
    if (bytes > 1 && payload[0] & 0x80) {
        int flags = payload[1];
        at = 2;
        if (flags & 0x80) {
            if (at + 1 >= bytes || !(payload[at] & 0x80))
                return 0;
            d->id_at = at;
            at += 2;
        }
        if (flags & 0x40)
            d->level_at = at++;
        if (flags & 0x30)
            at++;
    }
    if (at >= bytes)
        return 0;
    return !(opens && !(payload[at] & 1));
}

int h264_continues(const uint8_t *payload, int bytes)
{
    enum { SLICE = 1, IDR = 5, SEI = 6, FU_A = 28, BEGINS = 0x80 };
    int kind = bytes > 2 ? payload[0] & 31 : 0;
    if (kind != FU_A)
        return kind == SLICE || kind == SEI;
    kind = payload[1] & 31;
    return kind == SLICE || (kind == IDR && !(payload[1] & BEGINS));
}
