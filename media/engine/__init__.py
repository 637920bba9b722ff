"""The media engine, the only home of aiortc, av and cv2. Others know its door.

door        every word that crosses, as plain values        wire, pipe  the same words as JSON, across a pipe
local       the engine in this process                      place       one mixer: connections, gains, views
peer        one peer connection                             seam        where aiortc is touched below its public surface
voice, opus one voice into the mix, Opus                    picture     decode -> scale -> encode, one thread per source
process     what this process takes of the machine
ticker      the 20 ms clock                                 decoding, scaling, vp8  to pictures, swscale graphs, to VP8
simulated*  participants without a browser
"""

from __future__ import annotations

from media.engine.local import LocalEngine

__all__ = ["LocalEngine"]
