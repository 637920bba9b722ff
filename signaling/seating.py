"""Who gets a seat: hello, coming back, taking over, leaving, and who is let in when somebody is gone."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from hmac import compare_digest

from signaling import lines, microphones
from signaling.booth import Asker, Booth, put, without
from signaling.effects import LINE_LOST, REPLACED, REVOKED, Admit, Close, Effect, Send, Write
from signaling.errors import RemoteError
from signaling.inputs import Received
from signaling.ledger import note
from signaling.lines import Chair
from signaling.phases import Phase
from signaling.replies import Replaced, SeatTaken
from signaling.requests import Reconnect
from signaling.seats import EQUIPMENT, link_of

GRACE_S = 3.0
"""How long a seat waits for a client whose socket went: twice the pause between two tries of a client."""
KEEP_S = 40.0
"""How long media waits for a client whose socket broke: both ends of a connection give it up about 30 s after the last
packet, and a network that is back before that needs nothing new to carry on."""

Change = tuple[Booth, tuple[Effect, ...]]


def hello(booth: Booth, asked: Received) -> Change:
    """A client asks for its seat. Raises RemoteError `not_allowed` when it has it already.

    Equipment gets its seat at once: an encoder that was restarted must come back, with nobody there to take over.
    """
    chair = booth.chair(str(asked.seat))
    if chair.session == asked.session:
        raise RemoteError("not_allowed", "You have this seat already; use reconnect for a new connection.")
    if asked.seat.role in EQUIPMENT:
        return _relieve(booth, chair, asked)
    if chair.session is None and not _is_awaited(booth, chair) and not _is_kept(booth, chair):
        return _take(booth, chair, asked.session, asked.secret)
    askers = put(booth.askers, asked.session, Asker(str(asked.seat), asked.secret))
    return replace(booth, askers=askers), (Send(asked.session, SeatTaken(str(asked.seat))),)


def reconnect(booth: Booth, asked: Received, message: Reconnect) -> Change:
    """The same client again: the next generation, while its old connection goes on. An unknown secret is a hello.

    Raises RemoteError `not_allowed` when it names a seat that its link is not good for.
    """
    if message.seat != str(asked.seat):
        raise RemoteError("not_allowed", "This link is good for another seat.")
    chair = booth.chair(message.seat)
    if chair.session == asked.session:
        return _seat(booth, chair, asked.session, asked.secret)
    if not _knows(chair, message.resume):
        return hello(booth, asked)
    if _is_secret(message.resume, chair.earlier_resume):
        chair = replace(chair, resume=chair.earlier_resume)  # the newer one never arrived: it stays good
    told = _replaced(chair)
    booth, closed = microphones.close(booth, chair.seat.person)
    booth, seated = _seat(booth, chair, asked.session, asked.secret)
    return booth, (*told, *closed, *seated)


def take_over(booth: Booth, asked: Received) -> Change:
    """A client that was told `seat_taken` takes the seat. Raises RemoteError when it was not told so."""
    if asked.session not in booth.askers:
        raise RemoteError("not_allowed", "There is nothing to take over: nobody has told you that a seat is taken.")
    return _relieve(booth, booth.chair(booth.askers[asked.session].seat), asked)


def left(booth: Booth, session: int, now: float, *, meant: bool) -> Change:
    """A socket is gone: its seat is free at once; its media stays in case that it comes back, unless that was meant.

    Equipment says so when it leaves, and its media ends with it.
    """
    booth = replace(booth, askers=without(booth.askers, session))
    chair = booth.holder(session)
    if chair is None:
        return booth, ()
    if chair.seat.role in EQUIPMENT:
        chair, dropped = lines.hang_up(replace(chair, session=None))
        return booth.with_chair(chair), dropped
    chair = replace(chair, session=None, vacated_at=now)
    if meant:
        chair, dropped = lines.hang_up(chair)
        return booth.with_chair(chair), dropped
    return booth.with_chair(replace(chair, media_until=now + KEEP_S)), ()


def given_up(chair: Chair) -> lines.Change:
    """Equipment whose media is gone has left: it does not come back on the same line."""
    closed = () if chair.session is None else (Close(chair.session, LINE_LOST),)
    chair, dropped = lines.hang_up(replace(chair, session=None))
    return chair, (*dropped, *closed)


def expire(booth: Booth, now: float) -> Change:
    """Whoever has been away for the grace is gone: off air, for nobody is at the key; the first who asked is let in.

    Media that nobody came back for is dropped when its time is over.
    """
    effects: tuple[Effect, ...] = ()
    for seat in tuple(booth.chairs):
        if _is_over(booth.chairs[seat].media_until, now):
            chair, dropped = lines.hang_up(replace(booth.chairs[seat], media_until=None))
            booth, effects = booth.with_chair(chair), (*effects, *dropped)
        if not _is_over(_grace_until(booth.chairs[seat]), now):
            continue
        vacant = replace(booth.chairs[seat], vacated_at=None)
        booth, closed = microphones.close(booth.with_chair(vacant), vacant.seat.person)
        booth, admitted = _let_in(booth, vacant)
        effects += (*closed, *admitted)
    return booth, effects


def drop_absent(booth: Booth) -> Change:
    """Nobody who is away is waited for any more: nobody of the last consultation is heard in the next one."""
    effects: tuple[Effect, ...] = ()
    for chair in tuple(booth.chairs.values()):
        if chair.media_until is not None and chair.vacated_at is None:
            vacant, dropped = lines.hang_up(replace(chair, media_until=None))
            booth, effects = booth.with_chair(vacant), (*effects, *dropped)
    return booth, effects


def deadline(booth: Booth) -> float | None:
    """When `expire` changes something next."""
    until = (each for chair in booth.chairs.values() for each in (_grace_until(chair), chair.media_until))
    return min((each for each in until if each is not None), default=None)


def give_up_waiting(booth: Booth, now: float) -> Change:
    """After a restart: whoever has not come back by now is not waited for, and the first who asked is let in."""
    effects: tuple[Effect, ...] = ()
    if booth.kept_until is None or booth.kept_until > now:
        return booth, effects
    booth = replace(booth, kept_until=None)
    for chair in tuple(booth.chairs.values()):
        if not chair.present:
            booth, admitted = _let_in(booth, chair)
            effects += admitted
    return booth, effects


def revoke(booth: Booth, seat: str) -> Change:
    """The links of a seat are good no more: whoever holds a seat by them, or asks for it, is out at once."""
    asking = tuple(session for session, asker in booth.askers.items() if asker.seat == seat)
    effects: tuple[Effect, ...] = tuple(Close(session, REVOKED) for session in asking)
    for session in asking:
        booth = replace(booth, askers=without(booth.askers, session))
    for chair in tuple(each for each in booth.chairs.values() if str(link_of(each.seat)) == seat):
        vacant, dropped = lines.hang_up(chair)
        closed = () if chair.session is None else (Close(chair.session, REVOKED),)
        vacant = replace(vacant, session=None, vacated_at=None, media_until=None, was_connected=False)
        booth, noted = _noted(booth, replace(vacant, resume="", earlier_resume=""))
        effects += (*noted, *closed, *dropped)
    return booth, effects


def digest(secret: str) -> str:
    """What is kept of a secret: SHA-256, in hexadecimal. It has 128 random bits, so it needs no salt."""
    return sha256(secret.encode()).hexdigest()


def _let_in(booth: Booth, vacant: Chair) -> Change:
    """The first who asked for a chair that nobody holds."""
    first = next((session for session, asker in booth.askers.items() if asker.seat == str(vacant.seat)), None)
    return (booth, ()) if first is None else _take(booth, vacant, first, booth.askers[first].secret)


def _relieve(booth: Booth, chair: Chair, asked: Received) -> Change:
    told = _replaced(chair)
    booth, taken = _take(booth, chair, asked.session, asked.secret)
    return booth, (*told, *taken)


def _take(booth: Booth, chair: Chair, session: int, secret: str) -> Change:
    """Another client, or one that cannot prove to be the same: it starts anew."""
    booth, closed = microphones.close(booth, chair.seat.person)
    chair, dropped = lines.hang_up(chair)
    going_on = chair.was_connected and booth.phase in (Phase.LIVE, Phase.PAUSED)
    booth, seated = _seat(booth, replace(chair, resume="", was_connected=going_on), session, secret)
    return booth, (*closed, *dropped, *seated)


def _seat(booth: Booth, chair: Chair, session: int, secret: str) -> Change:
    chair = replace(
        chair,
        session=session,
        generation=chair.generation + 1,
        resume=digest(secret),
        earlier_resume=chair.resume,
        offered=False,
        vacated_at=None,
        media_until=None,
        watching=chair.watching and chair.session == session,
    )
    booth, noted = _noted(booth, chair)
    booth = replace(booth, askers=without(booth.askers, session))
    return booth, (*noted, Admit(session, str(chair.seat), chair.generation, secret))


def _noted(booth: Booth, chair: Chair) -> Change:
    """The booth with that chair, and who may come back to it as a fact. Equipment never comes back."""
    booth = booth.with_chair(chair)
    if chair.seat.role in EQUIPMENT:
        return booth, ()
    seat, generation = str(chair.seat), chair.generation
    secrets = {"resume": chair.resume, "earlier": chair.earlier_resume}
    booth, fact = note(booth, "seat", None, seat=seat, generation=generation, **secrets)
    return booth, (Write((fact,)),)


def _grace_until(chair: Chair) -> float | None:
    return None if chair.vacated_at is None else chair.vacated_at + GRACE_S


def _is_over(until: float | None, now: float) -> bool:
    return until is not None and until <= now


def _replaced(chair: Chair) -> tuple[Effect, ...]:
    return () if chair.session is None else (Send(chair.session, Replaced()), Close(chair.session, REPLACED))


def _is_awaited(booth: Booth, chair: Chair) -> bool:
    return any(asker.seat == str(chair.seat) for asker in booth.askers.values())


def _is_kept(booth: Booth, chair: Chair) -> bool:
    """Whether the server has only just started, and whoever held this seat may be on the way back to it."""
    return booth.kept_until is not None and bool(chair.resume) and not chair.present


def _knows(chair: Chair, resume: str) -> bool:
    return _is_secret(resume, chair.resume) or _is_secret(resume, chair.earlier_resume)


def _is_secret(resume: str, known: str) -> bool:
    return bool(known) and compare_digest(known, digest(resume))
