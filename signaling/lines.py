"""A chair: who holds a seat, and the peer connections of that seat, made before broken.

A *generation* is one taking of the seat. Words of the engine about a connection that the chair does not know any more
are stale and change nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from signaling.booth_view import Media
from signaling.effects import AddCandidate, Connect, Disconnect, Effect, Send
from signaling.errors import RemoteError
from signaling.inputs import Answered, CandidateRefused, Failed, OfferRefused, PictureRefused, Sagging
from signaling.replies import Answer, Error
from signaling.requests import Candidate, Offer
from signaling.seats import Seat

IN, OUT, TRIAL = PAUSES = ("in", "out", "trial")
"""What may be paused of a connection: the picture it is shown; the one it sends; all but a small one that it sends."""


@dataclass(frozen=True, slots=True)
class Connection:
    """A peer connection of the engine: being made, connected, or lost."""

    generation: int
    media: Media = Media.CONNECTING
    kinds: frozenset[str] = frozenset({"audio", "video"})
    """What it was offered with."""
    paused: tuple[str, ...] = ()
    """Of `PAUSES`, what its line cannot carry beside the voices just now."""


@dataclass(frozen=True, slots=True)
class Chair:
    """A seat as it stands: `session` holds it; `vacated_at` is when its socket went, while it may still come back."""

    seat: Seat
    session: int | None = None
    generation: int = 0
    resume: str = ""
    """Digest of the secret by which its holder may come back; empty: nobody may."""
    earlier_resume: str = ""
    """Good until the holder shows that the newer one arrived."""
    offered: bool = False
    """Whether this generation has its offer."""
    connections: tuple[Connection, ...] = ()
    """Oldest first; at most one that carried, and one being made."""
    vacated_at: float | None = None
    was_connected: bool = False
    watching: bool = False
    """Whether its holder wishes to see small pictures of the rooms."""

    @property
    def present(self) -> bool:
        """Held, or left so shortly ago that its holder may come back."""
        return self.session is not None or self.vacated_at is not None

    @property
    def connected(self) -> bool:
        """Whether one of its connections carries media."""
        return any(connection.media is Media.CONNECTED for connection in self.connections)

    def carries(self, kind: str) -> bool:
        """Whether one of its connections carries media, and has that kind."""
        return any(each.media is Media.CONNECTED and kind in each.kinds for each in self.connections)

    @property
    def paused(self) -> tuple[str, ...]:
        """What is paused of the one that carries media."""
        return next((each.paused for each in reversed(self.connections) if each.media is Media.CONNECTED), ())

    @property
    def media(self) -> Media:
        """The best that can be said of its connections."""
        kinds = {connection.media for connection in self.connections}
        if Media.CONNECTED in kinds:
            return Media.CONNECTED
        if self.was_connected:
            return Media.LOST
        return Media.CONNECTING if kinds else Media.NONE


Change = tuple[Chair, tuple[Effect, ...]]


def offer(chair: Chair, message: Offer, audio: str | None, video: str | None) -> Change:
    """Begin the connection of this generation. Raises RemoteError `offer_exists`."""
    if chair.offered:
        raise RemoteError("offer_exists", "This connection has its offer already; reconnect for a new one.")
    carried = [connection for connection in chair.connections if connection.media is not Media.CONNECTING]
    kept = tuple(carried[-1:])
    dropped = tuple(connection for connection in chair.connections if connection not in kept)
    kinds = frozenset(kind for kind, way in (("audio", audio), ("video", video)) if way is not None)
    begun = Connection(chair.generation, kinds=kinds)
    chair = replace(chair, offered=True, earlier_resume="", connections=(*kept, begun))
    connect = Connect(str(chair.seat), chair.generation, audio, video, message.sdp)
    return chair, (*_disconnects(chair, dropped), connect)


def candidate(chair: Chair, message: Candidate) -> Change:
    """Add a candidate to the connection of this generation. Raises RemoteError `no_offer`."""
    if not chair.offered:
        raise RemoteError("no_offer", "A candidate belongs to an offer; send the offer first.")
    add = AddCandidate(str(chair.seat), chair.generation, message.candidate, message.mid, message.line)
    return chair, (add,) if _of(chair, chair.generation) is not None else ()


def answered(chair: Chair, word: Answered) -> Change:
    """Hand the answer to the holder."""
    if chair.session is None or not _is_current(chair, word.generation):
        return chair, ()
    return chair, (Send(chair.session, Answer(word.generation, word.sdp)),)


def offer_refused(chair: Chair, word: OfferRefused) -> Change:
    """The offer was bad: another one may be made, unless a newer generation has begun."""
    if _of(chair, word.generation) is None:
        return chair, ()
    rest = _without(chair, word.generation)
    if word.generation != chair.generation:
        return rest, ()
    return replace(rest, offered=False), _error(chair, word.code, word.message)


def candidate_refused(chair: Chair, word: CandidateRefused) -> Change:
    """The candidate was bad: the connection goes on without it."""
    if not _is_current(chair, word.generation):
        return chair, ()
    return chair, _error(chair, word.code, word.message)


def carrying(chair: Chair, generation: int) -> Change:
    """A connection carries media: older ones have served."""
    if _of(chair, generation) is None:
        return chair, ()
    older = tuple(connection for connection in chair.connections if connection.generation < generation)
    kept = tuple(
        replace(connection, media=Media.CONNECTED) if connection.generation == generation else connection
        for connection in chair.connections
        if connection not in older
    )
    return replace(chair, connections=kept, was_connected=True), _disconnects(chair, older)


def lost(chair: Chair, generation: int) -> Change:
    """A connection fell silent: it may recover while its client is there, and is dropped when it is not."""
    if _of(chair, generation) is None:
        return chair, ()
    if chair.session is None:
        return _without(chair, generation), (Disconnect(str(chair.seat), generation),)
    connections = tuple(
        replace(connection, media=Media.LOST) if connection.generation == generation else connection
        for connection in chair.connections
    )
    return replace(chair, connections=connections), ()


def failed(chair: Chair, word: Failed) -> Change:
    """A connection cannot go on."""
    if _of(chair, word.generation) is None:
        return chair, ()
    told = _error(chair, word.code, word.message) if word.generation == chair.generation else ()
    return _without(chair, word.generation), (Disconnect(str(chair.seat), word.generation), *told)


def picture_refused(chair: Chair, word: PictureRefused) -> Change:
    """A connection goes on without its picture."""
    return chair, _error(chair, word.code, word.message) if _is_current(chair, word.generation) else ()


def sagging(chair: Chair, word: Sagging) -> Change:
    """The line of a connection carries less than it did, or what it did again."""
    connections = tuple(
        replace(connection, paused=word.paused) if connection.generation == word.generation else connection
        for connection in chair.connections
    )
    return replace(chair, connections=connections), ()


def hang_up(chair: Chair) -> Change:
    """Drop every connection."""
    return replace(chair, connections=()), _disconnects(chair, chair.connections)


def _of(chair: Chair, generation: int) -> Connection | None:
    return next((each for each in chair.connections if each.generation == generation), None)


def _is_current(chair: Chair, generation: int) -> bool:
    return generation == chair.generation and _of(chair, generation) is not None


def _without(chair: Chair, generation: int) -> Chair:
    return replace(chair, connections=tuple(each for each in chair.connections if each.generation != generation))


def _disconnects(chair: Chair, connections: tuple[Connection, ...]) -> tuple[Effect, ...]:
    return tuple(Disconnect(str(chair.seat), connection.generation) for connection in connections)


def _error(chair: Chair, code: str, message: str) -> tuple[Effect, ...]:
    return () if chair.session is None else (Send(chair.session, Error(None, code, message)),)
