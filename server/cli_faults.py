"""What ends a command: a sentence on standard error, and an exit code that a supervisor understands.

2: somebody has to mend something (a setting, the event file, a certificate), and a service is not started again before.
1: trying again may help (a port that is taken, a disk that is full).
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import typer

from server.event import Event, EventFaults, load
from server.last_good import load_or_last_good
from server.settings import Settings, SettingsFaults, SetupError, read
from signaling.errors import LocalError

MEND_FIRST, TRY_AGAIN = 2, 1


@contextlib.contextmanager
def sentences() -> Iterator[None]:
    """Faults of files, folders, ports and certificates end the command with their sentence."""
    try:
        yield
    except SetupError as error:
        fail(str(error), code=TRY_AGAIN if error.may_pass else MEND_FIRST)
    except LocalError as error:
        fail(str(error), code=TRY_AGAIN)


def settings_of(event: Path | None) -> Settings:
    """The settings of the environment, with that event file where one is given."""
    try:
        settings = read(os.environ)
    except SettingsFaults as error:
        fail("\n".join(error.sentences), code=MEND_FIRST)
    return settings if event is None else replace(settings, event=event.absolute())


def event_of(event: Path | None) -> Event:
    """The event of that file, or of the settings' one."""
    try:
        return load(settings_of(event).event)
    except EventFaults as error:
        fail(str(error), code=MEND_FIRST)


def event_to_serve(settings: Settings) -> Event:
    """The event of the settings' file; in the middle of a consultation as it was before it had faults."""
    try:
        event, caution = load_or_last_good(settings, dt.datetime.now(dt.UTC))
    except EventFaults as error:
        fail(str(error), code=MEND_FIRST)
    if caution is not None:
        print(caution, file=sys.stderr, flush=True)
    return event


def known_booth(event: Event, booth: str | None) -> None:
    """See that the event has such a booth, where one is named."""
    known = [own.id for own in event.booths]
    if booth is not None and booth not in known:
        fail(f'This event has no booth "{booth}"; it has {", ".join(known)}.', code=MEND_FIRST)


def fail(sentence: str, *, code: int) -> NoReturn:
    """End the command so."""
    print(sentence, file=sys.stderr)
    raise typer.Exit(code)
