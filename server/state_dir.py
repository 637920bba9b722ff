"""The state folder: private to its owner, its files written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from server.settings import MIN_SECRET_LETTERS, Settings, SetupError

Stamp = tuple[int, int, int]
FULL = (errno.ENOSPC, errno.EDQUOT)
"""The disk has no room; somebody may make some."""
_CURE = "remove the file to have a new one made (all links made so far end with it)"


class StateDirError(SetupError):
    """The folder or a file in it cannot be used; the message is a sentence for whoever runs the server."""

    def __init__(self, sentence: str, *, may_pass: bool = False) -> None:
        super().__init__(sentence)
        self.may_pass = may_pass


def prepare(state_dir: Path) -> None:
    """Make the folder if there is none, and see that it can be written; raises StateDirError."""
    try:
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = state_dir / f".probe-{os.getpid()}"
        write(probe, b"")
        probe.unlink()
    except OSError as error:
        cure = "set HANMARU_STATE_DIR to one that can be written"
        raise StateDirError(
            f"The state folder {state_dir} cannot be used ({error.strerror}); {cure}.", may_pass=error.errno in FULL
        ) from error


@contextlib.contextmanager
def exclusive(lock: Path) -> Iterator[None]:
    """Hold a lock between processes on a file made for it."""
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def stamp(path: Path) -> Stamp | None:
    """What changes when the file does; None where there is none."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def write(path: Path, content: bytes) -> None:
    """Put a file in place for its owner alone, on disk when this returns; readers see the old or the new one."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.fresh")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(path)


def secret_of(settings: Settings) -> str:
    """The secret that signs links: the environment's, or the folder's own, made when there is none.

    Raises StateDirError.
    """
    if settings.secret is not None:
        return settings.secret
    prepare(settings.state_dir)
    path = settings.state_dir / "secret"
    with exclusive(settings.state_dir / "secret.lock"):
        try:
            secret = path.read_text(encoding="ascii").strip()
        except FileNotFoundError:
            secret = secrets.token_urlsafe(32)
            write(path, secret.encode())
        except (OSError, ValueError) as error:
            raise StateDirError(f"The secret in {path} cannot be read; {_CURE}.") from error
    if len(secret) < MIN_SECRET_LETTERS:
        raise StateDirError(f"The secret in {path} is too short; {_CURE}.")
    return secret
