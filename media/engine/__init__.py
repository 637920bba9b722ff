"""The media engine, the only home of aiortc, pylibsrtp, av and cv2. Others know its door.

door, figures  every word that crosses, as plain values     wire, pipe  the same words as JSON, across a pipe
pool        the engine in many processes                    post, spares  one place's, whichever has it; one ahead
child, tether  one media process: watched; its end          kept, pauses  what it counted; how soon another is tried
local       the engine in this process                      place       one mixer: connections, gains, views
peer        one peer connection                             negotiation  its offer, answer and candidates
seam, addresses  where aiortc and aioice are touched below their public surface
session     one connection's RTP, led to its streams        receiving, estimate, sending  one stream in, its rate; out
showing     a picture forwarded to some, made for others    screen      what one connection is shown
voice, opus one voice into the mix, Opus                    picture     decode -> scale -> encode, one thread per source
seat        one seat as source and as listener             process     what this process takes of the machine
ticker      the 20 ms clock                                 decoding, scaling, vp8  to pictures, swscale graphs, to VP8
simulated*  participants without a browser
"""
