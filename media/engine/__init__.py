"""The media engine, the only home of aiortc, pylibsrtp, av and cv2. Others know its door.

door, figures, word  what crosses, as plain values          wire, lines, pipe  the same words as JSON, across a pipe
pool        the engine in many processes                    post, spares  one place's, whichever has it; one ahead
child, tether  one media process; its end                   heart, vigil  its signs of life, told; watched for
kept, pauses  what it counted; how soon another is tried
local       the engine in this process                      place       one mixer: connections, gains, views
peer        one peer connection                             negotiation  its offer, answer and candidates
seam, addresses  where aiortc and aioice are touched below their public surface
session     one connection's RTP, led to its streams        receiving, estimate, sending  one stream in, its rate; out
showing     a picture forwarded to some, made for others    screen      what one connection is shown
voice, opus one voice into the mix, Opus                    picture     one source's, made anew elsewhere
seat        one seat as source and as listener             process     what this process takes of the machine
ticker      the 20 ms clock                                 simulated*  participants without a browser
transcoding, transcoder, output  all transcode processes of an engine; its end of one; what is made for whom
ledger      what the engines of a machine tell each other   transcode, confinement  such a process; what it gives up
making, decoding, scaling, vp8  its work: to pictures, swscale graphs, to VP8
"""
