"""The words between engine and transcode process: the same at the other end, and nothing else is taken for one."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.assembly import EncodedFrame
from media.errors import MediaError
from media.transcode_wire import (
    CODECS,
    FRAMINGS,
    HEADER,
    KINDS,
    MOST_BODY_BYTES,
    MOST_FAULT_LETTERS,
    MOST_FRAME_BYTES,
    MOST_OUTPUTS,
    VERSION,
    Asked,
    Done,
    Made,
    Order,
    OutputOrder,
    Reader,
    Ready,
    Word,
    to_bytes,
)

BYTE, HALF, WHOLE, STAMP = (
    st.integers(0, 255),
    st.integers(0, 65_535),
    st.integers(0, 0xFFFFFFFF),
    st.integers(-(1 << 63), (1 << 63) - 1),
)
OUTPUTS = st.builds(OutputOrder, BYTE, HALF, HALF, st.sampled_from(FRAMINGS), WHOLE, st.integers(1, 255), st.booleans())
FRAMES = st.builds(EncodedFrame, st.binary(max_size=2000), STAMP, st.booleans(), st.sampled_from(CODECS))
WORDS = st.one_of(
    st.just(Ready()),
    st.builds(Order, st.lists(OUTPUTS, max_size=MOST_OUTPUTS).map(tuple)),
    st.builds(Asked, FRAMES, st.booleans()),
    st.builds(Made, BYTE, st.booleans(), STAMP, st.binary(max_size=2000)),
    st.builds(Done, st.booleans(), BYTE, BYTE, WHOLE, WHOLE, st.sampled_from(["", "InvalidDataError"])),
)


@given(st.lists(WORDS, max_size=6), st.integers(1, 700))
def test_words_arrive_as_they_were_said_however_the_stream_is_cut(words: list[Word], step: int) -> None:
    stream, reader = b"".join(map(to_bytes, words)), Reader(*KINDS)
    arrived = [word for at in range(0, len(stream), step) for word in reader.feed(stream[at : at + step])]
    assert arrived == words


@given(st.binary(max_size=200))
def test_any_bytes_are_words_or_an_error(noise: bytes) -> None:
    with suppress(MediaError):
        for word in Reader(*KINDS).feed(noise):
            assert isinstance(word, KINDS)


@given(st.integers(0, len(KINDS) - 1), st.binary(max_size=120))
def test_a_word_of_any_content_is_read_or_refused(kind: int, body: bytes) -> None:
    with suppress(MediaError):
        (word,) = Reader(*KINDS).feed(HEADER.pack(VERSION, kind, len(body)) + body)
        assert type(word) is KINDS[kind]


@pytest.mark.parametrize(
    "stream",
    [
        HEADER.pack(VERSION + 1, 0, 0),
        HEADER.pack(VERSION, len(KINDS), 0),
        HEADER.pack(VERSION, KINDS.index(Made), MOST_BODY_BYTES + 1),
        HEADER.pack(VERSION, KINDS.index(Made), 0xFFFFFFFF),
        HEADER.pack(VERSION, KINDS.index(Ready), 1) + b"x",
        to_bytes(Order(())),
    ],
    ids=[
        "another version",
        "no such kind",
        "too long",
        "four gigabytes",
        "ready with a body",
        "a kind of the other way",
    ],
)
def test_what_is_no_word_of_this_way_is_an_error_before_its_body_is_waited_for(stream: bytes) -> None:
    with pytest.raises(MediaError):
        list(Reader(Ready, Made, Done).feed(stream))


def test_the_largest_frame_crosses_and_no_larger_one() -> None:
    frame = EncodedFrame(bytes(MOST_FRAME_BYTES), 1, True)
    (word,) = Reader(Asked).feed(to_bytes(Asked(frame, True)))
    assert word == Asked(frame, True)
    with pytest.raises(ValueError):
        to_bytes(Asked(EncodedFrame(bytes(MOST_FRAME_BYTES + 1), 1, True), True))
    with pytest.raises(ValueError):
        to_bytes(Order(tuple(OutputOrder(at, 2, 2, "fit", 0, 1, False) for at in range(MOST_OUTPUTS + 1))))


def test_a_long_fault_is_cut_and_an_output_without_pictures_refused() -> None:
    (word,) = Reader(Done).feed(to_bytes(Done(False, 0, 0, 0, 0, "x" * 500)))
    assert isinstance(word, Done)
    assert len(word.fault) == MOST_FAULT_LETTERS
    with pytest.raises(MediaError):
        list(Reader(Order).feed(to_bytes(Order((OutputOrder(1, 2, 2, "fit", 0, 0, False),)))))
