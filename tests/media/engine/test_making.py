"""What is made of one source: every output from one decode, and hostile pictures refused, named and survived."""

from __future__ import annotations

import random

import pytest

from media.assembly import EncodedFrame
from media.engine.decoding import Decoder
from media.engine.making import Making, warm_up
from media.picture_in import MAX_PIXELS
from media.transcode_wire import Asked, Done, Made, Order, OutputOrder
from tests.support.hostile import bomb, film, resizing

LARGE = OutputOrder(1, 320, 256, "fill", 0, 1, key=False)
SMALL = OutputOrder(2, 160, 128, "fit", 0, 1, key=False)


def make(making: Making, frame: EncodedFrame, *, show: bool = True) -> tuple[list[Made], Done]:
    *made, done = making.take(Asked(frame, show))
    assert isinstance(done, Done)
    return [one for one in made if isinstance(one, Made)], done


def sizes(payloads: list[bytes]) -> list[tuple[int, int]]:
    decoder, found = Decoder("vp8"), []
    for at, payload in enumerate(payloads):
        picture = decoder.decode(payload, at)
        assert picture is not None
        found.append((picture.width, picture.height))
    return found


def test_each_output_is_made_of_one_decode_at_its_size() -> None:
    making, made = Making(), []
    making.order(Order((LARGE, SMALL)))
    for frame in film(4):
        both, done = make(making, frame)
        assert [one.number for one in both] == [1, 2]
        assert [one.timestamp for one in both] == [frame.timestamp] * 2
        assert (done.decoded, done.encoded, done.thinned, done.fault) == (True, 2, 0, "")
        assert done.decode_us > 0
        assert done.encode_us > 0
        made += both
    assert set(sizes([one.payload for one in made if one.number == 1])) == {(320, 256)}
    assert set(sizes([one.payload for one in made if one.number == 2])) == {(160, 128)}


def test_a_picture_that_is_not_to_be_shown_is_decoded_only() -> None:
    making, frames = Making(), film(2)
    making.order(Order((LARGE,)))
    made, done = make(making, frames[0], show=False)
    assert (made, done.decoded, done.encoded) == ([], True, 0)
    made, _ = make(making, frames[1])
    assert made[0].key


def test_an_output_with_fewer_pictures_leaves_out_the_others() -> None:
    making = Making()
    making.order(Order((LARGE, OutputOrder(2, 160, 128, "fit", 0, 3, key=False))))
    numbers = [[one.number for one in make(making, frame)[0]] for frame in film(7)]
    assert numbers == [[1, 2], [1], [1], [1, 2], [1], [1], [1, 2]]
    making.order(Order((LARGE, SMALL)))
    assert [one.number for one in make(making, film(1)[0])[0]] == [1, 2]


def test_an_output_that_is_not_named_any_more_ends_and_a_rate_is_aimed_at() -> None:
    making = Making()
    making.order(Order((LARGE, SMALL)))
    making.order(Order((OutputOrder(3, 640, 512, "fit", 333_000, 1, key=True),)))
    assert [one.number for one in make(making, film(1)[0])[0]] == [3]
    (output,) = making._outputs.values()
    assert output.encoder._wanted == 333_000


@pytest.mark.parametrize("codec", ["vp8", "h264"])
def test_a_bomb_is_refused_by_its_header_and_the_next_key_frame_is_made(codec: str) -> None:
    making = Making()
    making.order(Order((LARGE,)))
    make(making, film(1)[0])
    made, done = make(making, bomb(codec))
    assert (made, done.decoded, done.fault) == ([], False, "SizeError")
    assert done.decode_us < 200_000
    made, done = make(making, film(1)[0])
    assert (len(made), done.fault) == (1, "")


def test_damaged_pictures_of_either_codec_are_faults_and_never_more() -> None:
    making, chance = Making(), random.Random(7)
    making.order(Order((LARGE,)))
    faults = 0
    for codec in ("vp8", "h264"):
        for frame in film(20, codec=codec):
            for payload in (
                frame.payload[: chance.randrange(len(frame.payload))],
                frame.payload[:12] + chance.randbytes(len(frame.payload)),
                chance.randbytes(500),
                b"",
            ):
                _, done = make(making, EncodedFrame(payload, frame.timestamp, frame.key, codec))
                faults += bool(done.fault)
    assert faults > 80
    made, _ = make(making, film(1)[0])
    assert len(made) == 1


def test_a_source_may_change_its_size_with_every_picture() -> None:
    making = Making()
    making.order(Order((LARGE,)))
    made = [one for frame in resizing(12) for one in make(making, frame)[0]]
    assert sizes([one.payload for one in made]) == [(320, 256)] * 12


def test_warming_up_needs_a_picture_of_no_size_that_would_be_refused() -> None:
    warm_up()
    assert MAX_PIXELS == 4096 * 2304
