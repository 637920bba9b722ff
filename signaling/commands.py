"""What the commands of a booth change: each demands the right to it, notes facts, and is answered."""

from __future__ import annotations

from dataclasses import replace

from interpreter import turns
from signaling.booth import Booth
from signaling.effects import Effect, Send, Write
from signaling.errors import RemoteError
from signaling.ledger import note, obeyed
from signaling.lines import Chair
from signaling.permissions import demand, demand_site
from signaling.phases import TRANSITIONS, Phase
from signaling.replies import Ok
from signaling.requests import Command, Cough, Direction, OnAir, Proceed, SetMode, SetRoom, Watch
from signaling.seats import Seat
from signaling.sound import speakers

COUGH_S = 3.0
"""The longest cough: a key that sticks does not silence an interpreter."""

REPLAYED = (Proceed, SetRoom, SetMode, Direction)
"""What a client may say again when its answer was lost. A microphone is opened by a key that is pressed now."""

Change = tuple[Booth, tuple[Effect, ...]]


def obey(booth: Booth, session: int, seat: Seat, command: Command, now: float) -> Change:
    """Carry out a command, or raise RemoteError and change nothing. One that was obeyed before is answered again."""
    demand(seat, command.command if isinstance(command, Proceed) else command.TYPE)
    if command.id is None:
        return _obeyed(booth, seat, command, now)
    answer = Send(session, Ok(command.id))
    if not isinstance(command, REPLAYED):
        booth, effects = _obeyed(booth, seat, command, now)
        return booth, (*effects, answer)
    event = f"{seat}/{command.id}"
    if event in booth.done:
        return booth, (answer,)
    booth, effects = _obeyed(booth, seat, command, now)
    return obeyed(booth, event), (*(_of(event, effect) for effect in effects), answer)


def _of(event: str, effect: Effect) -> Effect:
    return Write(tuple(replace(fact, event=event) for fact in effect.facts)) if isinstance(effect, Write) else effect


def _obeyed(booth: Booth, seat: Seat, command: Command, now: float) -> Change:
    match command:
        case Proceed():
            return _proceed(booth, seat, command)
        case SetRoom():
            return _set(booth, seat, command)
        case SetMode():
            return _noted(booth, "mode", seat, mode=command.mode.value)
        case OnAir():
            return _on_air(booth, seat, command, now)
        case Cough():
            return _cough(booth, seat, command, now), ()
        case Direction():
            return _direction(booth, seat, command)
        case Watch(on):
            return booth.with_chair(replace(booth.chair(str(seat)), watching=on)), ()


def _proceed(booth: Booth, seat: Seat, command: Proceed) -> Change:
    phase = TRANSITIONS.get((command.command, booth.phase))
    if phase is None:
        raise RemoteError("wrong_phase", f"{command.command} does not go with a consultation that is {booth.phase}.")
    if command.command == "next":
        booth = replace(booth, last_speaker=None, chairs={name: _afresh(c) for name, c in booth.chairs.items()})
    return _noted(booth, "phase", seat, phase=phase.value)


def _afresh(chair: Chair) -> Chair:
    return chair if chair.present else replace(chair, was_connected=False)


def _set(booth: Booth, seat: Seat, command: SetRoom) -> Change:
    if command.site not in booth.rooms:
        raise RemoteError("bad_message", "The field site names no site of this booth.")
    demand_site(seat, command.site)
    asked = {
        "muted": command.muted,
        "camera_off": command.camera_off,
        "volume_db": command.volume_db,
        "framing": None if command.framing is None else command.framing.value,
    }
    return _noted(booth, "set", seat, site=command.site, **{k: v for k, v in asked.items() if v is not None})


def _on_air(booth: Booth, seat: Seat, command: OnAir, now: float) -> Change:
    person = seat.person
    assert person is not None
    console = booth.consoles[person]
    if command.on is console.on_air:
        return booth, ()
    if not command.on:
        booth, effects = _noted(booth, "on_air", seat, person=person, on=False)
        if not speakers(booth):
            booth = replace(booth, turns=turns.released(booth.turns, booth.mode, console.to, now))
        return booth, effects
    if booth.phase is not Phase.LIVE:
        raise RemoteError("wrong_phase", "A microphone can be opened in a live consultation only.")
    if any(other.on_air for other in booth.consoles.values()):
        raise RemoteError("partner_on_air", "The other interpreter has the microphone.")
    if not booth.interpreter_chair(person).connected:
        raise RemoteError("no_media", "Your sound does not arrive here yet; nobody would hear you.")
    booth = replace(booth, turns=turns.opened(booth.turns))
    return _noted(booth, "on_air", seat, person=person, on=True)


def _cough(booth: Booth, seat: Seat, command: Cough, now: float) -> Booth:
    person = seat.person
    assert person is not None
    console = booth.consoles[person]
    if not command.on:
        return booth.with_console(person, replace(console, cough_until=None))
    if not console.on_air:
        raise RemoteError("off_air", "There is nothing to mute: your microphone is closed.")
    if console.cough_until is not None:
        return booth
    return booth.with_console(person, replace(console, cough_until=now + COUGH_S))


def _direction(booth: Booth, seat: Seat, command: Direction) -> Change:
    if command.to not in booth.rooms:
        raise RemoteError("bad_message", "The field to names no site of this booth.")
    return _noted(booth, "direction", seat, person=seat.person, to=command.to)


def _noted(booth: Booth, kind: str, seat: Seat, **body: str | float | bool | None) -> Change:
    booth, fact = note(booth, kind, str(seat), **body)
    return booth, (Write((fact,)),)
