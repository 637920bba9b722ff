/* Datagrams in, and packets that merely continue a stream out again, without a word of Python in between. */

#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "sound.h"
#include "playout.h"
#include "port.h"
#include "rtp.h"
#include "tape.h"
#include "level.h"
#include "voice.h"

enum {
    TRAILER = 144,       /* bytes: SRTP_MAX_TRAILER_LEN of libsrtp 2 */
    LONGEST_PACKET = 1500,
    FIRST_RTP_BYTE = 128, LAST_RTP_BYTE = 191,      /* RFC 7983 section 7 */
    FIRST_RTCP_TYPE = 192, LAST_RTCP_TYPE = 223     /* RFC 5761 section 4 */
};

static const double OLDEST_S = 0.250;
static const double SEND_TIME_HZ = 1 << 18; /* abs-send-time: 24 bits of 2**-18 s */

typedef int (*crypt)(void *session, void *packet, int *bytes);

static crypt unprotect, protect;

static uint8_t arrived[BATCH][LARGEST] __attribute__((aligned(8))); /* libsrtp wants words aligned */
static uint8_t senders[BATCH][sizeof(struct sockaddr_in6)];
static struct iovec arrived_at[BATCH];
static struct mmsghdr arriving[BATCH];
static union {
    char room[CMSG_SPACE(sizeof(struct timespec))];
    struct cmsghdr header; /* for its alignment */
} stamps[BATCH];

static uint8_t leaving[MOST_LEAVING][LARGEST] __attribute__((aligned(8)));
static port *leaving_by[MOST_LEAVING];
static struct iovec leaving_at[MOST_LEAVING];
static struct mmsghdr leavings[MOST_LEAVING];
static int leaving_count;

void fast_path(void *unprotect_, void *protect_)
{
    unprotect = (crypt)unprotect_;
    protect = (crypt)protect_;
}

static void write16(uint8_t *at, unsigned value)
{
    at[0] = value >> 8;
    at[1] = value;
}

static void write32(uint8_t *at, uint32_t value)
{
    write16(at, value >> 16);
    write16(at + 2, value & 0xFFFF);
}

static double seconds(struct timespec time) { return (double)time.tv_sec + (double)time.tv_nsec * 1e-9; }

static double clock_s(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return seconds(now);
}

/* How long ago the kernel had a datagram. It stamps them by the wall clock: only a difference of two readings of it is
   used, and none that a step of that clock could have made. */
static double age_s(struct msghdr *message, double wall_s)
{
    for (struct cmsghdr *one = CMSG_FIRSTHDR(message); one; one = CMSG_NXTHDR(message, one))
        if (one->cmsg_level == SOL_SOCKET && one->cmsg_type == SCM_TIMESTAMPNS) {
            struct timespec stamp;
            memcpy(&stamp, CMSG_DATA(one), sizeof stamp);
            double age = wall_s - seconds(stamp);
            return age > 0.0 && age < OLDEST_S ? age : 0.0;
        }
    return 0.0;
}

static void send_waiting(int from, int count, port *by)
{
    int done = 0;
    while (done < count && by->fd >= 0) {
        int sent = sendmmsg(by->fd, leavings + from + done, count - done, MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0) { /* full, or unreachable: lost, as on any line */
            by->refused++;
            done++;
            continue;
        }
        for (int i = 0; i < sent; i++)
            by->sent_bytes += leavings[from + done + i].msg_len;
        done += sent;
    }
}

void ports_flush(void)
{
    int from = 0;
    for (int i = 1; i <= leaving_count; i++)
        if (i == leaving_count || leaving_by[i] != leaving_by[from]) {
            send_waiting(from, i - from, leaving_by[from]);
            from = i;
        }
    leaving_count = 0;
}

/* Where the next packet to leave is written. */
static uint8_t *leave(void)
{
    if (leaving_count == MOST_LEAVING)
        ports_flush();
    return leaving[leaving_count];
}

/* Protect what was written there, and have it wait. */
static int left_by(port *p, int bytes)
{
    if (p->fd < 0 || !p->outgoing || !p->peer_bytes)
        return -1;
    if (protect(p->outgoing, leaving[leaving_count], &bytes)) {
        p->refused++;
        return -1;
    }
    struct msghdr *message = &leavings[leaving_count].msg_hdr;
    leaving_at[leaving_count] = (struct iovec){leaving[leaving_count], bytes};
    *message = (struct msghdr){.msg_iov = &leaving_at[leaving_count], .msg_iovlen = 1};
    message->msg_name = p->peer;
    message->msg_namelen = p->peer_bytes;
    leaving_by[leaving_count++] = p;
    return 0;
}

int port_put(port *p, const uint8_t *packet, uint32_t bytes)
{
    if (bytes < RTP_HEADER || bytes > LARGEST - TRAILER) {
        p->refused++;
        return -1;
    }
    memcpy(leave(), packet, bytes);
    return left_by(p, bytes);
}

static int write_packet(outlet *o, int marker, unsigned sequence, uint32_t timestamp, const uint8_t *payload, int bytes,
                        double at)
{
    uint8_t *packet = leave();
    packet[0] = o->first;
    packet[1] = o->payload_type | (marker ? 0x80 : 0);
    write16(packet + 2, sequence);
    write32(packet + 4, timestamp);
    write32(packet + 8, o->ssrc);
    memcpy(packet + RTP_HEADER, o->extension, o->extension_bytes);
    if (o->send_time_at) {
        uint32_t now = (uint64_t)(at * SEND_TIME_HZ) & 0xFFFFFF;
        packet[RTP_HEADER + o->send_time_at] = now >> 16;
        write16(packet + RTP_HEADER + o->send_time_at + 1, now & 0xFFFF);
    }
    memcpy(packet + RTP_HEADER + o->extension_bytes, payload, bytes);
    return left_by(o->port, RTP_HEADER + o->extension_bytes + bytes);
}

int outlet_send(outlet *o, uint16_t sequence, uint32_t timestamp, const uint8_t *payload, uint32_t bytes, double now)
{
    if (!o->port || bytes > LONGEST_PACKET)
        return -1;
    return write_packet(o, 0, sequence, timestamp, payload, (int)bytes, now);
}

static void forward(outlet *o, const uint8_t *payload, int bytes, const passed *about, const vp8_descriptor *d)
{
    if (!o->port)
        return;
    unsigned sequence = (about->sequence + o->sequence_offset) & 0xFFFF;
    kept *copy = &o->history[sequence % MOST_KEPT];
    copy->timestamp = about->timestamp + o->shift;
    copy->sequence = sequence;
    copy->bytes = bytes;
    copy->marker = about->marker;
    copy->payload_type = o->payload_type;
    copy->used = 1;
    memcpy(copy->payload, payload, bytes);
    if (d->id_at)
        write16(copy->payload + d->id_at, 0x8000 | ((about->picture_id + o->id_offset) & 0x7FFF));
    if (d->level_at)
        copy->payload[d->level_at] = about->level + o->level_offset;

    write_packet(o, about->marker, sequence, copy->timestamp, copy->payload, bytes, about->at);
}

static flow *flow_of(port *p, const uint8_t *data, int bytes)
{
    if (!p->incoming || bytes < RTP_HEADER || bytes > LONGEST_PACKET)
        return NULL;
    if (data[0] < FIRST_RTP_BYTE || data[0] > LAST_RTP_BYTE)
        return NULL;
    if (data[1] >= FIRST_RTCP_TYPE && data[1] <= LAST_RTCP_TYPE)
        return NULL;
    uint32_t ssrc = read32(data + 8);
    for (int i = 0; i < MOST_FLOWS; i++) {
        flow *f = p->flows[i];
        if (f && f->open && f->ssrc == ssrc && f->payload_type == (data[1] & 0x7F))
            return f->picture && f->next != read16(data + 2) ? NULL : f;
    }
    return NULL;
}

/* Let a packet of a flow pass, in the clear; 0 where Python has to see it. */
static int pass(flow *f, uint8_t *data, int size, double now)
{
    rtp_header h;
    vp8_descriptor d;
    if (!rtp_parse(data, size, f->send_time_id, &h) || h.end == h.payload)
        return 0;
    uint8_t *payload = data + h.payload;
    int bytes = h.end - h.payload;
    passed about = {
        .at = now,
        .timestamp = read32(data + 4),
        .send_time = h.send_time,
        .sequence = read16(data + 2),
        .bytes = h.bytes,
        .payload_bytes = bytes,
        .marker = data[1] >> 7,
    };
    if (f->picture) {
        if (f->picture == H264)
            d = (vp8_descriptor){0};
        if (f->picture == H264 ? !h264_continues(payload, bytes) : !vp8_continues(payload, bytes, &d))
            return 0;
        if ((about.has_id = d.id_at > 0))
            about.picture_id = read16(payload + d.id_at) & 0x7FFF;
        if ((about.has_level = d.level_at > 0))
            about.level = payload[d.level_at];
        for (uint32_t i = 0; i < f->outlets_count; i++)
            forward(f->outlets[i], payload, bytes, &about, &d);
        f->next++;
    } else {
        if (!f->heard)
            return 0;
        voice_push(f->heard, about.sequence, about.timestamp, payload, bytes, now);
    }
    f->passed[f->passed_count++] = about;
    return 1;
}

int port_read(port *p, left *lefts, int *came_)
{
    int count = 0;
    *came_ = 0;
    if (p->fd < 0)
        return 0;
    for (int i = 0; i < BATCH; i++) {
        arrived_at[i] = (struct iovec){arrived[i], LARGEST};
        arriving[i].msg_hdr = (struct msghdr){.msg_iov = &arrived_at[i], .msg_iovlen = 1};
        arriving[i].msg_hdr.msg_name = senders[i];
        arriving[i].msg_hdr.msg_namelen = sizeof senders[i];
        arriving[i].msg_hdr.msg_control = stamps[i].room;
        arriving[i].msg_hdr.msg_controllen = sizeof stamps[i].room;
    }
    int came = recvmmsg(p->fd, arriving, BATCH, MSG_DONTWAIT, NULL);
    double read_s = came > 0 ? clock_s(CLOCK_MONOTONIC) : 0.0, wall_s = came > 0 ? clock_s(CLOCK_REALTIME) : 0.0;
    *came_ = came;
    for (int i = 0; i < came; i++) {
        double now = read_s - age_s(&arriving[i].msg_hdr, wall_s);
        int bytes = arriving[i].msg_len, plain = 0, whole = !(arriving[i].msg_hdr.msg_flags & MSG_TRUNC);
        int known = p->peer_bytes && !memcmp(senders[i], p->peer, p->peer_bytes == sizeof(struct sockaddr_in) ? 8 : 24);
        flow *f = known && whole ? flow_of(p, arrived[i], bytes) : NULL;
        if (f && f->passed_count < MOST_PASSED) {
            int size = bytes;
            if (unprotect(p->incoming, arrived[i], &size)) { /* damaged, forged, or the same once more */
                p->received_bytes += bytes;
                p->refused++;
                continue;
            }
            if (pass(f, arrived[i], size, now)) {
                p->received_bytes += bytes;
                continue;
            }
            plain = 1;
            p->received_bytes += bytes - size; /* the rest is counted where it is taken */
            bytes = size;
        }
        left *one = &lefts[count++];
        *one = (left){.data = arrived[i], .bytes = bytes, .plain = plain, .at = now};
        memcpy(one->address, senders[i], sizeof senders[i]);
    }
    ports_flush();
    return count;
}

int ports_read(port **ports, uint32_t count, uint32_t *at, left *lefts, int *came)
{
    for (*came = 0; *at < count; ++*at) {
        int found = port_read(ports[*at], lefts, came);
        if (found || *came == BATCH)
            return found;
    }
    return 0;
}

const kept *outlet_kept(const outlet *o, uint16_t sequence)
{
    if (!o->history)
        return NULL;
    const kept *one = &o->history[sequence % MOST_KEPT];
    return one->used && one->sequence == sequence ? one : NULL;
}
