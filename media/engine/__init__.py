"""The media engine, the only home of aiortc, av and cv2. Others know its door.

door        every word that crosses, as plain values        wire, pipe  the same words as JSON, across a pipe
local       the engine in this process                      place       one mixer: connections, gains, views
peer        one peer connection                             seam        where aiortc is touched below its public surface
voice, opus one voice into the mix, Opus                    picture     decode -> scale -> encode, one thread per source
ticker      the 20 ms clock                                 scaling, vp8  swscale graphs, VP8 settings
simulated*  participants without a browser
"""

from __future__ import annotations

from media.engine.local import LocalEngine

__all__ = ["LocalEngine"]
