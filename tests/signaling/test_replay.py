"""A command is obeyed once, however often its line breaks or its server dies before the client knows."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signaling.booth import Booth, opened
from signaling.effects import Admit, Send, Write
from signaling.facts import Fact
from signaling.inputs import Carrying, Closed, Input, Received
from signaling.ledger import DONE, restore
from signaling.messages import parse
from signaling.phases import Phase
from signaling.replies import Error, Ok
from signaling.seats import parse_seat
from signaling.step import step
from tests.support.at_booth import DESK, FAR_DESK, HANOI, KIM, SUWON, AtBooth, plan

COMMANDS = (
    *('{"type": "start"}', '{"type": "pause"}', '{"type": "resume"}', '{"type": "end"}', '{"type": "next"}'),
    *('{"type": "set", "site": "suwon", "muted": true}', '{"type": "set", "site": "suwon", "muted": false}'),
    *('{"type": "mode", "mode": "liaison"}', '{"type": "mode", "mode": "simultaneous"}'),
)
STAGES = ("before it arrives", "before it is written", "once it is written", "before it is told", "never")
"""Where the server dies in the course of one command, or does not."""


class Crash(Exception):  # noqa: N818 - it is no error of anybody's
    """The server is gone at this moment; what is on disk stays."""


@dataclass
class Server:
    """One life of a server with its disk, which has all its earlier lives' facts: write, adopt, then say."""

    disk: list[Fact]
    booth: Booth = field(init=False)
    said: list[tuple[int, object]] = field(default_factory=list)

    def __post_init__(self) -> None:
        own = plan(automatic=False)
        self.booth = restore(own, self.disk, 0.0, 0.0) if self.disk else opened(own)

    def take(self, happened: Input, dies: str = "never") -> None:
        if dies == "before it arrives":
            raise Crash
        booth, effects = step(self.booth, happened, 0.0)
        if dies == "before it is written":
            raise Crash
        for effect in effects:
            if isinstance(effect, Write):
                self.disk += [replace(fact, at=0.0) for fact in effect.facts]
        if dies == "once it is written":
            raise Crash
        self.booth = booth
        for effect in effects:
            if isinstance(effect, Send | Admit):
                if dies == "before it is told":
                    raise Crash
                self.said.append((effect.session, effect))


@dataclass
class Desk:
    """An operator's page: says a command until it is answered, each time on a fresh line, with its secret."""

    disk: list[Fact] = field(default_factory=list)
    server: Server = field(init=False)
    resume: str = "unknown"
    sessions: int = 0
    acknowledged: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """A server starts, and everybody comes to it."""
        self.server = Server(self.disk)
        for seat in (SUWON, HANOI):
            self.sessions += 1
            number = self.sessions
            self.say(seat, '{"type": "hello"}', number)
            if self.server.booth.holder(number) is None:
                self.say(seat, '{"type": "take_over"}', number)
            self.say(seat, '{"type": "offer", "sdp": "v=0"}', number)
            self.server.take(Carrying(seat, self.server.booth.chair(seat).generation))
        self.come_back()

    def come_back(self) -> None:
        self.sessions += 1
        known = any(fact.kind == "seat" and fact.body["seat"] == DESK for fact in self.disk)
        self.say(DESK, json.dumps({"type": "reconnect", "seat": DESK, "resume": self.resume}), self.sessions)
        [admit] = [s for _, s in self.server.said if isinstance(s, Admit) and s.session == self.sessions]
        assert admit.generation > 1 or not known, "the seat is as it was left"
        self.resume = admit.resume

    def say(self, seat: str, text: str, session: int, dies: str = "never") -> None:
        self.server.take(Received(session, parse_seat(seat), parse(text), f"secret-{self.sessions}-{seat}"), dies)

    def press(self, name: str, text: str, breaks: list[str]) -> None:
        """Say one command; each of `breaks` is a line or a server that ends in its course, then it is said again."""
        named = json.dumps({**json.loads(text), "id": name})
        for where in (*breaks, "never"):
            try:
                if where == "line":  # the server obeys, and its answer goes nowhere
                    self.say(DESK, named, self.sessions)
                    self.server.take(Closed(self.sessions))
                    self.come_back()
                    continue
                self.say(DESK, named, self.sessions, where)
            except Crash:
                self.begin()
                continue
            if where == "never":
                self.answered(name)

    def answered(self, name: str) -> None:
        replies = [effect.message for session, effect in self.server.said if isinstance(effect, Send)]
        if Ok(name) in replies:
            self.acknowledged.append(name)
        else:
            assert any(isinstance(reply, Error) and reply.id == name for reply in replies)
            self.refused.append(name)


breaks = st.lists(st.sampled_from(("line", *STAGES[:-1])), max_size=3)


@given(st.lists(st.tuples(st.sampled_from(COMMANDS), breaks), max_size=12))
@settings(max_examples=150, deadline=None)
def test_whatever_breaks_every_acknowledged_command_is_there_once_and_none_is_there_twice(
    course: list[tuple[str, list[str]]],
) -> None:
    desk = Desk()
    for number, (text, ends) in enumerate(course):
        desk.press(f"id-{number}", text, ends)
    written = Counter(fact.event for fact in desk.disk if fact.event is not None)
    assert set(written.values()) <= {1}
    assert {f"{DESK}/{name}" for name in desk.acknowledged} == set(written)
    assert [fact.sequence for fact in desk.disk] == list(range(1, len(desk.disk) + 1))
    again = Server(desk.disk).booth
    now = desk.server.booth
    assert (again.rooms, again.mode, again.epoch, again.done) == (now.rooms, now.mode, now.epoch, now.done)
    assert {name: (c.generation, c.resume) for name, c in again.chairs.items()} == {
        name: (c.generation, c.resume) for name, c in now.chairs.items()
    }


@pytest.mark.parametrize("where", STAGES)
def test_at_every_moment_of_its_course_a_server_may_die(where: str) -> None:
    desk = Desk()
    desk.press("a", '{"type": "start"}', [] if where == "never" else [where])
    assert desk.server.booth.phase is Phase.LIVE
    assert [fact.event for fact in desk.disk if fact.kind == "phase"] == [f"{DESK}/a"]


def live() -> AtBooth:
    booth = AtBooth()
    booth.join(SUWON, HANOI, KIM, DESK, FAR_DESK)
    return booth


def test_a_command_that_was_obeyed_is_answered_even_where_it_would_be_refused_by_now() -> None:
    booth = live()
    booth.say(DESK, '{"type": "pause", "id": "a"}')
    booth.say(DESK, '{"type": "pause", "id": "a"}')
    assert booth.sent(DESK) == [Ok("a")]
    booth.say(DESK, '{"type": "pause", "id": "b"}')
    assert booth.codes(DESK) == ["wrong_phase"]


def test_an_id_belongs_to_the_seat_that_gave_it() -> None:
    booth = live()
    booth.say(DESK, '{"type": "pause", "id": "a"}')
    booth.say(FAR_DESK, '{"type": "resume", "id": "a"}')
    assert booth.view().phase is Phase.LIVE


def test_a_refused_command_may_come_again_with_its_id() -> None:
    booth = live()
    booth.say(DESK, '{"type": "resume", "id": "a"}')
    booth.say(FAR_DESK, '{"type": "pause"}')
    booth.say(DESK, '{"type": "resume", "id": "a"}')
    assert booth.view().phase is Phase.LIVE


@pytest.mark.parametrize(
    ("text", "is_open"), [('"on_air", "on": true', True), ('"on_air", "on": false', False)], ids=["opened", "closed"]
)
def test_a_microphone_follows_the_key_and_no_memory(text: str, is_open: bool) -> None:
    booth = live()
    booth.say(KIM, f'{{"type": {text}, "id": "a"}}')
    booth.say(KIM, f'{{"type": "on_air", "on": {"false" if is_open else "true"}, "id": "b"}}')
    booth.say(KIM, f'{{"type": {text}, "id": "a"}}')
    assert booth.view().interpreters["kim"].on_air is is_open


def test_what_is_remembered_is_bounded() -> None:
    booth = live()
    for number in range(DONE + 10):
        booth.say(DESK, json.dumps({"type": "mode", "mode": "liaison", "id": f"{number}"}))
    assert booth.booth.done == tuple(f"{DESK}/{number}" for number in range(10, DONE + 10))


def test_only_the_commands_own_fact_bears_its_id() -> None:
    booth = live()
    booth.say(KIM, '{"type": "on_air", "on": true}')
    booth.say(DESK, '{"type": "pause", "id": "a"}')
    assert [(fact.kind, fact.event) for fact in booth.facts[-2:]] == [("phase", f"{DESK}/a"), ("on_air", None)]
