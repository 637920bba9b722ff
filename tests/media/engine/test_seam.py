"""The names below aiortc's public surface that the seam stands on: a change must be noticed here, loudly."""

from __future__ import annotations

import importlib
import inspect
from importlib.metadata import version

import aioice.ice
import pytest
from aiortc.rtcpeerconnection import RTCPeerConnection
from aiortc.rtcrtpreceiver import RTCRtpReceiver

from media.engine.seam import TOUCHED, Receiver, offering


@pytest.mark.parametrize("place", TOUCHED)
def test_every_touched_name_still_exists(place: str) -> None:
    try:
        thing: object = importlib.import_module(place)
        text = inspect.getsource(importlib.import_module(place))
    except ModuleNotFoundError:
        module, _, name = place.rpartition(".")
        thing = getattr(importlib.import_module(module), name)
        text = inspect.getsource(importlib.import_module(module))
    for touched in TOUCHED[place]:
        bare = touched.partition("__")[2] if touched.startswith("_RTC") else touched
        assert hasattr(thing, touched) or f"self.{touched}" in text or f"self.__{bare}" in text, touched


def test_the_versions_are_those_that_were_read() -> None:
    assert version("aiortc").startswith("1.16.")
    assert version("aioice").startswith("0.13.")


def test_our_receiver_has_every_name_that_the_library_calls() -> None:
    public = {name for name in vars(RTCRtpReceiver) if not name.startswith("_")} - {"getSynchronizationSources"}
    private = {"_handle_disconnect", "_handle_rtcp_packet", "_handle_rtp_packet", "_set_rtcp_ssrc"}
    for name in public | private:
        assert hasattr(Receiver, name), name


def test_the_library_makes_transceivers_through_the_name_we_override() -> None:
    assert inspect.getsource(RTCPeerConnection).count("self.__createTransceiver(") == 3


def test_only_chosen_addresses_are_offered_and_only_within() -> None:
    with offering(("127.0.0.1", "::1")):
        assert aioice.ice.get_host_addresses(use_ipv4=True, use_ipv6=False) == ["127.0.0.1"]
        assert aioice.ice.get_host_addresses(use_ipv4=True, use_ipv6=True) == ["127.0.0.1", "::1"]
    assert "127.0.0.1" not in aioice.ice.get_host_addresses(use_ipv4=True, use_ipv6=False)
