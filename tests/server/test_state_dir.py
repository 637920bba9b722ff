"""What is kept in the state folder is private, whole, and made once."""

from __future__ import annotations

import multiprocessing
from dataclasses import replace
from pathlib import Path

import pytest

from server.settings import Settings, read
from server.state_dir import StateDirError, prepare, secret_of, write


def settings_in(folder: Path) -> Settings:
    return read({"HANMARU_STATE_DIR": str(folder)})


def test_the_secret_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    settings = settings_in(tmp_path / "state")
    secret = secret_of(settings)
    assert len(secret) >= 43
    assert secret_of(settings) == secret
    assert (tmp_path / "state" / "secret").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
    assert secret_of(settings_in(tmp_path / "other")) != secret


def test_the_secret_of_the_environment_is_kept_nowhere(tmp_path: Path) -> None:
    settings = replace(settings_in(tmp_path / "state"), secret="e" * 40)
    assert secret_of(settings) == "e" * 40
    assert not (tmp_path / "state").exists()


def test_processes_that_begin_together_agree_on_one_secret(tmp_path: Path) -> None:
    with multiprocessing.get_context("fork").Pool(4) as pool:
        secrets = pool.map(secret_of, [settings_in(tmp_path)] * 8)
    assert len(set(secrets)) == 1


@pytest.mark.parametrize("content", ["short", "\udcff" * 40])
def test_a_damaged_secret_is_told_and_never_replaced(tmp_path: Path, content: str) -> None:
    (tmp_path / "secret").write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(StateDirError, match="remove the file"):
        secret_of(settings_in(tmp_path))
    assert (tmp_path / "secret").read_bytes() == content.encode(errors="surrogateescape")


def test_a_folder_that_cannot_be_made_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateDirError, match="HANMARU_STATE_DIR"):
        prepare(tmp_path / "file" / "state")


def test_a_file_is_replaced_whole_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    write(tmp_path / "x", b"one")
    write(tmp_path / "x", b"two")
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
    assert (tmp_path / "x").read_bytes() == b"two"
