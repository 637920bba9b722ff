"""Every key of a TOML text is found on its line, however it is written."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from server.event_lines import line_of, lines_of

EVERY_FORM = '''# a comment with [brackets] and = signs
id = "one"   # after a value, too: a = 1
"quoted key" = 'it''s = "not" a key'
dotted.inside.key = 3
text = """
[not.a.header]
not_a_key = 1 \\""" ""
"""
raw = \'\'\'
x = 1
\'\'\'
list = [
  "a", # first
  "b]",
  [1, 2],
  { x = 1, y = "}" },
]
inline = { ko = "가 # 나", "v i" = { deep = true } }
date = 2020-05-12
number = 1_000.5

[table]
key = 1
[table.child]
key = 2

[un.titled]
key = 1

[[booths]]
id = "a"
[booths.people]
suwon = { ko = "x" }
[[booths.extras]]
n = 1
[[booths.extras]]
n = 2
[[booths]]
id = "b"
'''.replace("it''s", "its")


def paths_of(value: Any, path: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    found = {path} if path else set()
    if isinstance(value, dict):
        for key, item in value.items():
            found |= paths_of(item, (*path, key))
    if isinstance(value, list):
        for position, item in enumerate(value):
            found |= paths_of(item, (*path, position))
    return found


@pytest.mark.parametrize(
    "text",
    [EVERY_FORM, *(path.read_text() for path in sorted(Path("events").glob("*.toml")))],
)
def test_exactly_the_paths_that_the_toml_reader_sees_have_lines(text: str) -> None:
    assert set(lines_of(text)) == paths_of(tomllib.loads(text))


def test_each_key_stands_on_the_line_where_it_is_written() -> None:
    rows = EVERY_FORM.splitlines()
    lines = lines_of(EVERY_FORM)
    assert rows[lines[("quoted key",)] - 1].startswith('"quoted key"')
    assert rows[lines[("list", 1)] - 1].strip() == '"b]",'
    assert rows[lines[("inline", "v i", "deep")] - 1].startswith("inline")
    assert rows[lines[("table", "child", "key")] - 1] == "key = 2"
    assert rows[lines[("booths", 0, "extras", 1, "n")] - 1] == "n = 2"
    assert rows[lines[("booths", 1, "id")] - 1] == 'id = "b"'
    assert rows[lines[("booths", 1)] - 1] == "[[booths]]"


def test_a_key_that_is_not_there_gets_the_line_of_what_surrounds_it() -> None:
    lines = lines_of("[[sites]]\nid = 'a'\n[[sites]]\nid = 'b'\n")
    assert line_of(lines, ("sites", 1, "name", "ko")) == 3
    assert line_of(lines, ("title",)) is None
