"""Media arithmetic without waiting: sound, picture shapes, SDP and clock facts; `media.engine` meets the packets.

sound      the 20 ms frame every sound file speaks of
gain       one gain that moves without a step
mixing     the gain matrix: sources in, one mix per listener out
limiter    the look-ahead limiter in front of every ear
level      how loud a source is, and whether it speaks
playout    encoded packets in as they come: which is decoded, mended or concealed next
jitter_buffer, delay  packets in order; how long they are kept back
tape, timescale  decoded sound between decoder and mix, made longer or shorter unheard
opus       how much sound a packet holds
rtp        packets as bytes, their header extensions, retransmissions
loss       what is missing of a stream: asked for again in time, given up in time
reception  what receiver reports say
capture_clock  when something was captured, by its sender's reports: lip sync
forwarding  whether a picture may go to a viewer as it is
numbering  the numbers of an outgoing picture, which go on whatever it is made of
assembly   picture packets back into frames
picture_in  the frames of one connection that may be decoded: codec facts, sizes
picture_clock  an encoder's picture times, which never go back
transcode_wire, transcode_budget, transcode_ledger  words to and from those who make pictures; on how much processor
retries    how often something that keeps dying is begun again
candidates which ICE candidates may be contacted, and which address is announced
sdp        what an offer must hold, and what an answer adds
equipment  offers in the library's words: bundles, H.264, DTLS roles
one_way    offers of equipment, which only sends or only plays
trickle    candidates that come later, by HTTP
geometry   crop, scale and letterbox without stretching
lateness   how late ticks are, and which tick is next
vp8, vp8_rtp  facts in the first bytes of a VP8 frame, and in front of it in its packets
h264, parameter_sets  NAL units out of RTP payloads; sizes, and what a decoder must be told first
bits, vui  numbers in parameter sets; what they say at their end of how pictures are shown
h264_profiles, h264_beginnings  who can decode which stream; where in it somebody may begin
testcard   a picture that can be read back, for tests and simulated cameras
voice      a sound that can be measured, for tests and simulated microphones
errors     whose fault it is
"""
