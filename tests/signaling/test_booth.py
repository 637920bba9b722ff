"""What holds of a booth whatever happens to it, in any order: found by a machine that does everything at random."""

from __future__ import annotations

import json

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from signaling.booth import belongs
from signaling.booth_view import Media
from signaling.effects import Admit, Close, Connect, Disconnect, Send
from signaling.inputs import Answered, CandidateRefused, Closed, Failed, OfferRefused, Revoked, Speaking
from signaling.ledger import restore
from signaling.phases import FOLLOWS_PRESENCE, Phase
from signaling.seats import EQUIPMENT as EQUIPMENT_ROLES
from signaling.seats import parse_seat
from tests.support.at_booth import EQUIPMENT, HANOI, KIM, LEE, SEATS, SUWON, AtBooth, plan

MEDIA_SEATS = (SUWON, HANOI, KIM, LEE, *EQUIPMENT)
COMMANDS = (
    *('{"type": "start"}', '{"type": "pause"}', '{"type": "resume"}', '{"type": "end"}', '{"type": "next"}'),
    *('{"type": "set", "site": "suwon", "muted": true}', '{"type": "set", "site": "hanoi", "camera_off": true}'),
    *('{"type": "set", "site": "suwon", "volume_db": -6, "muted": false}', '{"type": "mode", "mode": "liaison"}'),
    *('{"type": "mode", "mode": "simultaneous"}', '{"type": "on_air", "on": true}', '{"type": "on_air", "on": false}'),
    *('{"type": "cough", "on": true}', '{"type": "cough", "on": false}', '{"type": "direction", "to": "suwon"}'),
    *('{"type": "direction", "to": "hanoi"}', '{"type": "offer", "sdp": "v=0"}', '{"type": "take_over"}'),
    *('{"type": "offer", "sdp": "m=audio 9 x"}', '{"type": "offer", "sdp": "m=video 9 x"}'),
    *('{"type": "candidate", "candidate": ""}', '{"type": "hello"}', '{"type": "measure"}'),
)
seats = st.sampled_from(SEATS)
media_seats = st.sampled_from(MEDIA_SEATS)
generations = st.integers(0, 6)


class AnyBooth(RuleBasedStateMachine):
    """Clients, the engine and time, without any order."""

    @initialize(automatic=st.booleans())
    def open(self, automatic: bool) -> None:
        self.automatic = automatic
        self.at = AtBooth(automatic=automatic)
        self.ever: set[tuple[str, int]] = set()
        self.sessions: list[tuple[int, str]] = []
        self.closed: set[int] = set()
        self.connections: set[tuple[str, int]] = set()

    @rule(seat=seats)
    def somebody_comes(self, seat: str) -> None:
        self.sessions.append((self.at.hello(seat), seat))
        self.check()

    @rule(seats=st.permutations(MEDIA_SEATS))
    def everybody_joins(self, seats: list[str]) -> None:
        for seat in seats:
            if self.at.chair_session(seat) is None:
                self.somebody_comes(seat)
            self.at.sessions[seat] = self.at.chair_session(seat) or self.at.sessions[seat]
            self.at.say(seat, '{"type": "offer", "sdp": "v=0"}')
            self.check()
            self.at.carry(seat)
            self.check()

    @rule(data=st.data(), text=st.sampled_from(COMMANDS))
    def somebody_says(self, data: st.DataObject, text: str) -> None:
        if self.sessions:
            session, seat = data.draw(st.sampled_from(self.sessions))
            if session not in self.closed:
                self.at.say(seat, text, session)
                self.check()

    @rule(seat=seats, known=st.booleans(), is_fresh=st.booleans())
    def somebody_comes_back(self, seat: str, known: bool, is_fresh: bool) -> None:
        resume = self.at.secrets.get(seat, "") if known else "guess"
        self.at.count += 1
        session = 1000 + self.at.count if is_fresh else self.at.chair_session(seat) or 1000 + self.at.count
        if session not in self.closed:
            self.at.say(seat, json.dumps({"type": "reconnect", "seat": seat, "resume": resume}), session)
            self.sessions.append((session, seat))
            self.check()

    @rule(data=st.data())
    def a_socket_closes(self, data: st.DataObject) -> None:
        if self.sessions:
            session, _ = data.draw(st.sampled_from(self.sessions))
            self.closed.add(session)
            self.at.input(Closed(session))
            self.check()

    @rule(
        seat=media_seats,
        generation=generations,
        kind=st.sampled_from(["carry", "lose", "fail", "answer", "refuse", "no"]),
    )
    def the_engine_says(self, seat: str, generation: int, kind: str) -> None:
        known = any(each.generation == generation for each in self.at.booth.chair(seat).connections)
        before = self.at.booth
        match kind:
            case "carry":
                self.at.carry(seat, generation or None)
            case "lose":
                self.at.lose(seat, generation or None)
            case "fail":
                self.at.input(Failed(seat, generation, "media_failed", "No."))
            case "answer":
                self.at.input(Answered(seat, generation, "v=0"))
            case "refuse":
                self.at.input(OfferRefused(seat, generation, "bad_offer", "No."))
                self.connections.discard((seat, generation))
                self.ever.discard((seat, generation))
            case _:
                self.at.input(CandidateRefused(seat, generation, "bad_candidate", "No."))
        if generation and not known:
            assert self.at.booth.chairs == before.chairs, "a stale word changes nothing"
            assert not self.at.all(Send)
        self.check()

    @rule(speaking=st.frozensets(st.sampled_from(MEDIA_SEATS)))
    def some_speak(self, speaking: frozenset[str]) -> None:
        self.at.input(Speaking(speaking))
        self.check()

    @rule(seat=seats)
    def a_link_is_revoked(self, seat: str) -> None:
        self.at.input(Revoked(seat))
        self.closed |= {effect.session for effect in self.at.all(Close)}
        self.check()

    @rule()
    def the_server_restarts(self) -> None:
        now, count = self.at.now, self.at.count
        self.at = AtBooth(automatic=self.automatic, facts=self.at.facts, now=now)
        self.at.count = count + 10_000
        self.closed |= {session for session, _ in self.sessions}
        self.sessions, self.connections = [], set()

    @rule(seconds=st.sampled_from([0.5, 1.0, 3.0, 8.0, 200.0]))
    def time_passes(self, seconds: float) -> None:
        for effect in self.at.wait(seconds):
            self.note(effect)

    def check(self) -> None:
        for effect in self.at.effects:
            self.note(effect)

    def note(self, effect: object) -> None:
        if isinstance(effect, Connect):
            connection = (effect.seat, effect.generation)
            assert connection not in self.connections, "a generation is never used twice"
            if effect.seat not in EQUIPMENT:
                assert connection not in self.ever, "not by a later server either"
            self.ever.add(connection)
            self.connections.add(connection)
        elif isinstance(effect, Disconnect):
            self.connections.discard((effect.seat, effect.generation))
        elif isinstance(effect, Admit):
            assert effect.session not in self.closed

    @invariant()
    def nothing_crosses_outside_live(self) -> None:
        if self.at.booth.phase is not Phase.LIVE:
            assert (self.at.gains(), self.at.pictures()) == ({}, ())

    @invariant()
    def no_site_hears_or_sees_itself_through_whatever_stands_there(self) -> None:
        pairs = [*self.at.gains(), *((view.viewer, view.source) for view in self.at.pictures())]
        for viewer, source in pairs:
            here, there = parse_seat(viewer), parse_seat(source)
            assert viewer != source
            assert here.site is None or here.site != there.site

    @invariant()
    def a_site_speaks_and_shows_itself_through_one_seat_at_a_time(self) -> None:
        for heard in ({source for _, source in self.at.gains()}, {view.source for view in self.at.pictures()}):
            sites = [seat.site for seat in map(parse_seat, heard) if seat.site is not None]
            assert len(sites) == len(set(sites))

    @invariant()
    def displays_play_what_the_room_beside_them_plays(self) -> None:
        gains, views = self.at.gains(), self.at.pictures()
        for chair in self.at.booth.chairs.values():
            if chair.seat.role.value == "display" and chair.present:
                room = f"room.booth-1.{chair.seat.site}"
                played = {source: db for (listener, source), (db, _) in gains.items() if listener == str(chair.seat)}
                assert played == {source: db for (listener, source), (db, _) in gains.items() if listener == room}
                seen = [(v.source, v.width, v.height, v.framing) for v in views if v.viewer == str(chair.seat)]
                assert seen == [(v.source, v.width, v.height, v.framing) for v in views if v.viewer == room]

    @invariant()
    def one_microphone_at_most_and_only_of_a_connected_interpreter_in_a_live_consultation(self) -> None:
        on_air = [person for person, console in self.at.booth.consoles.items() if console.on_air]
        assert len(on_air) <= 1
        for person in on_air:
            assert self.at.booth.phase is Phase.LIVE
            assert self.at.booth.interpreter_chair(person).connected

    @invariant()
    def muted_rooms_and_closed_microphones_are_heard_by_nobody(self) -> None:
        booth = self.at.booth
        heard = {source for _, source in self.at.gains()}
        for site, room in booth.rooms.items():
            assert not (room.muted and heard & {f"room.booth-1.{site}", f"feed.booth-1.{site}"})
        for person, console in booth.consoles.items():
            sounds = console.on_air and console.cough_until is None
            assert sounds or f"interpreter.booth-1.{person}" not in heard

    @invariant()
    def a_seat_has_one_holder_and_two_connections_at_most(self) -> None:
        chairs = self.at.booth.chairs.values()
        holders = [chair.session for chair in chairs if chair.session is not None]
        assert len(holders) == len(set(holders))
        assert not set(holders) & set(self.at.booth.askers)
        assert not set(holders) & self.closed
        for chair in chairs:
            assert len(chair.connections) <= 2
            if chair.seat.role in EQUIPMENT_ROLES:
                assert chair.session is not None or not chair.connections, "equipment that left has no media here"
            assert sum(each.media is Media.CONNECTED for each in chair.connections) <= 1

    @invariant()
    def what_the_engine_was_told_to_hold_is_what_the_chairs_know(self) -> None:
        known = {(name, each.generation) for name, chair in self.at.booth.chairs.items() for each in chair.connections}
        assert known <= self.connections

    @invariant()
    def what_everybody_was_told_last_is_the_truth(self) -> None:
        if self.at.booth.shown is not None:
            assert self.at.booth.shown == self.at.view()

    @invariant()
    def the_facts_tell_the_same_story(self) -> None:
        told = restore(plan(), self.at.facts, self.at.now, self.at.now)
        booth = self.at.booth
        assert (told.epoch, told.mode, told.rooms, told.sequence) == (
            booth.epoch,
            booth.mode,
            booth.rooms,
            booth.sequence,
        )
        if booth.phase not in FOLLOWS_PRESENCE:
            assert told.phase is booth.phase
            assert (told.turns.gone is None) is (booth.turns.gone is None)
            assert booth.turns.gone_until == pytest.approx(told.turns.gone_until, abs=0.002)
        seated = {name: chair for name, chair in booth.chairs.items() if chair.seat.role not in EQUIPMENT_ROLES}
        assert {name: (chair.generation, chair.resume) for name, chair in told.chairs.items()} == {
            name: (chair.generation, chair.resume) for name, chair in seated.items()
        }
        assert {p: c.to for p, c in told.consoles.items()} == {p: c.to for p, c in booth.consoles.items()}


AnyBooth.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestAnyBooth = AnyBooth.TestCase


@pytest.mark.parametrize(
    ("seat", "is_ours"),
    [
        *[(seat, True) for seat in SEATS],
        *[("room.booth-2.suwon", False), ("room.booth-1.seoul", False), ("interpreter.booth-1.nobody", False)],
        *[("feed.booth-1.seoul", False), ("display.booth-1.suwon.4", True), ("display.booth-1.suwon.5", False)],
    ],
)
def test_a_booth_knows_its_seats(seat: str, is_ours: bool) -> None:
    assert belongs(plan(), parse_seat(seat)) is is_ours
