"""The machine of a booth: (state, input, now) -> (state, effects). What it wants written comes first.

Times are seconds of a monotonic clock that the caller reads.
"""

from __future__ import annotations

from dataclasses import replace

from interpreter import turns
from media.one_way import offered_kinds
from signaling import lines, seating, sound
from signaling.booth import Booth
from signaling.commands import obey
from signaling.consequences import settle
from signaling.effects import Admit, Effect, Measure, Route, Send, Show, Write
from signaling.errors import RemoteError
from signaling.inputs import (
    Answered,
    CandidateRefused,
    Carrying,
    Closed,
    Elapsed,
    Failed,
    Input,
    Lost,
    OfferRefused,
    PictureRefused,
    Received,
    Revoked,
    Sagging,
    Shed,
    Speaking,
)
from signaling.permissions import demand, offered
from signaling.replies import Error
from signaling.requests import AskMeasure, Candidate, Hello, Offer, Reconnect, TakeOver
from signaling.seats import EQUIPMENT
from signaling.view import view

Change = tuple[Booth, tuple[Effect, ...]]


def step(booth: Booth, happened: Input, now: float) -> Change:
    """What becomes of a booth, and what is to be done. Total: a client's mistake is an effect that tells it so."""
    try:
        changed, effects = _happened(booth, happened, now)
    except RemoteError as error:
        assert isinstance(happened, Received)
        name = getattr(happened.message, "id", None)
        return booth, (Send(happened.session, Error(name, error.code, error.message)),)
    changed, consequences = settle(booth, changed, now)
    return _told(booth, changed, (*effects, *consequences))


def deadline(booth: Booth) -> float | None:
    """When the booth wants `Elapsed`, if nothing else happens before."""
    coughs = (console.cough_until for console in booth.consoles.values())
    at = (seating.deadline(booth), booth.kept_until, turns.deadline(booth.turns), *coughs)
    return min((each for each in at if each is not None), default=None)


def _happened(booth: Booth, happened: Input, now: float) -> Change:
    match happened:
        case Received():
            return _received(booth, happened, now)
        case Closed(session):
            return seating.left(booth, session, now)
        case Revoked(seat):
            return seating.revoke(booth, seat)
        case Speaking(seats):
            return replace(booth, speaking=seats), ()
        case Shed(what):
            return replace(booth, shed=what), ()
        case Elapsed():
            return _elapsed(booth, now)
    if happened.seat not in booth.chairs:
        return booth, ()
    before = booth.chairs[happened.seat]
    if before.seat.role in EQUIPMENT and isinstance(happened, PictureRefused):  # nobody is there to be told
        happened = Failed(happened.seat, happened.generation, happened.code, happened.message)
    chair, effects = _line(before, happened)
    if before.seat.role in EQUIPMENT and isinstance(happened, Lost | Failed) and chair != before:
        chair, gone = seating.given_up(chair)
        effects = (*effects, *gone)
    return booth.with_chair(chair), effects


def _received(booth: Booth, asked: Received, now: float) -> Change:
    message = asked.message
    match message:
        case Hello():
            return seating.hello(booth, asked)
        case Reconnect():
            return seating.reconnect(booth, asked, message)
        case TakeOver():
            return seating.take_over(booth, asked)
    chair = booth.holder(asked.session)
    if chair is None:
        raise RemoteError("not_seated", "This needs a seat; say hello first.")
    match message:
        case Offer():
            demand(chair.seat, message.TYPE)
            chair, effects = lines.offer(chair, message, *offered(chair.seat, offered_kinds(message.sdp)))
            return booth.with_chair(chair), effects
        case Candidate():
            demand(chair.seat, message.TYPE)
            return booth, lines.candidate(chair, message)[1]
        case AskMeasure():
            return booth, (Measure(asked.session, message.id, str(chair.seat), chair.generation),)
    return obey(booth, asked.session, chair.seat, message, now)


def _line(
    chair: lines.Chair,
    word: Answered | OfferRefused | CandidateRefused | Carrying | Lost | Failed | PictureRefused | Sagging,
) -> lines.Change:
    match word:
        case Answered():
            return lines.answered(chair, word)
        case OfferRefused():
            return lines.offer_refused(chair, word)
        case CandidateRefused():
            return lines.candidate_refused(chair, word)
        case Carrying():
            return lines.carrying(chair, word.generation)
        case Lost():
            return lines.lost(chair, word.generation)
        case Failed():
            return lines.failed(chair, word)
        case PictureRefused():
            return lines.picture_refused(chair, word)
        case Sagging():
            return lines.sagging(chair, word)


def _elapsed(booth: Booth, now: float) -> Change:
    consoles = {
        person: replace(console, cough_until=None)
        if console.cough_until is not None and console.cough_until <= now
        else console
        for person, console in booth.consoles.items()
    }
    booth = replace(booth, consoles=consoles, turns=turns.elapsed(booth.turns, now))
    booth, admitted = seating.give_up_waiting(booth, now)
    booth, expired = seating.expire(booth, now)
    return booth, (*admitted, *expired)


def _told(before: Booth, booth: Booth, effects: tuple[Effect, ...]) -> Change:
    """Facts first, then sound and pictures, then what was asked for, then the state, to all whom it is new to."""
    facts = tuple(fact for effect in effects if isinstance(effect, Write) for fact in effect.facts)
    first: list[Effect] = [Write(facts)] if facts else []
    gains, views, shown = sound.route(booth), sound.show(booth), view(booth)
    if gains != before.gains:
        first.append(Route(gains))
    if views != before.views:
        first.append(Show(views))
    admitted = {effect.session for effect in effects if isinstance(effect, Admit)}
    seated = (chair.session for chair in booth.chairs.values() if chair.session is not None)
    told = (Send(session, shown) for session in seated if shown != before.shown or session in admitted)
    rest = (effect for effect in effects if not isinstance(effect, Write))
    return replace(booth, gains=gains, views=views, shown=shown), (*first, *rest, *told)
