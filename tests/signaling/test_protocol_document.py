"""PROTOCOL.md is true: every example parses, and every message that exists has an example."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import signaling
from signaling.messages import parse, parse_server, to_wire

DOCUMENT = (Path(signaling.__file__).parent / "PROTOCOL.md").read_text(encoding="utf-8")
EXAMPLES = [
    (kind, text) for kind, text in re.findall(r"^```json (\w+)\n(.*?)^```$", DOCUMENT, re.DOTALL | re.MULTILINE)
]


def examples(kind: str) -> list[str]:
    return [text for each, text in EXAMPLES if each == kind]


def types(kind: str) -> set[Any]:
    return {json.loads(text)["type"] for text in examples(kind)}


def test_every_block_of_json_says_who_sends_it() -> None:
    assert DOCUMENT.count("```json") == len(EXAMPLES)
    assert {kind for kind, _ in EXAMPLES} == {"session", "client", "server"}


@pytest.mark.parametrize("text", examples("client"))
def test_what_a_client_sends_in_the_document_can_be_read(text: str) -> None:
    message = parse(text)
    body = json.loads(text)
    assert (getattr(message, "command", None) or message.TYPE) == body["type"]


@pytest.mark.parametrize("text", examples("server"))
def test_what_the_server_says_in_the_document_is_what_it_writes(text: str) -> None:
    assert json.loads(to_wire(parse_server(text))) == json.loads(text)


def test_no_message_is_missing_from_the_document() -> None:
    commands = {"start", "pause", "resume", "end", "next", "set", "mode", "on_air", "cough", "direction", "watch"}
    assert types("client") == commands | {"hello", "reconnect", "take_over", "offer", "candidate", "measure"}
    assert types("server") == {
        *("welcome", "booth", "seat_taken", "replaced", "goodbye", "beat", "answer"),
        *("ok", "error", "levels", "measured"),
    }


def test_every_refusal_at_the_door_stands_in_the_first_section() -> None:
    root = Path(signaling.__file__).parent.parent
    sources = [root / "server" / name for name in ("doors.py", "websocket.py")]
    refused = {
        code
        for source in sources
        for code in re.findall(r'(?:body|_refused)\((?:\d+, )?"(\w+)"', source.read_text(encoding="utf-8"))
    }
    assert len(refused) >= 3
    assert refused <= set(re.findall(r'"code": "(\w+)"', DOCUMENT.split("## 2. Hello")[0]))


def test_every_code_that_is_raised_stands_in_the_table() -> None:
    root = Path(signaling.__file__).parent.parent
    sources = [*root.glob("signaling/*.py"), *root.glob("server/conductor/*.py"), root / "server" / "websocket.py"]
    raised = {
        code
        for source in sources
        for code in re.findall(r'(?:RemoteError|Refused|refused)\(\s*"(\w+)"', source.read_text(encoding="utf-8"))
    }
    table = set(re.findall(r"^\| `(\w+)` \|", DOCUMENT.split("## 9. Errors")[1], re.MULTILINE))
    by_http = DOCUMENT.split("### Small pictures of the rooms")[1].split("## 7.")[0]
    table |= set(re.findall(r"\| \d+ `(\w+)` \|", by_http))
    assert raised
    assert raised <= table
