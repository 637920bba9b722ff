"""`python -m server`: serve an event, print links and sheets, check its file, revoke a link, test the line, show it."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import logging
import sys
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

import typer

from server import log
from server.addresses import local_addresses
from server.cli_faults import event_of, event_to_serve, fail, known_booth, sentences, settings_of
from server.event import Event, EventFaults, load
from server.links import Link, equipment_table, links_of, qr_code, seats_of, table
from server.revocation import Revocations
from server.settings import Settings
from server.state_dir import prepare, secret_of
from server.tokens import Tokens

app = typer.Typer(
    name="hanmaru",
    help="Hanmaru joins two distant meeting rooms into one table, with an interpreter's voice between them.\n\n"
    "Settings come from the environment: HANMARU_EVENT (the event file), HANMARU_HOST, HANMARU_PORT, "
    "HANMARU_STATE_DIR, HANMARU_SECRET, HANMARU_ANNOUNCE, HANMARU_MEDIA_ADDRESSES, HANMARU_PUBLIC_ORIGINS, "
    "HANMARU_CERTIFICATE, HANMARU_KEY, HANMARU_TLS, HANMARU_TRUSTED_PROXIES, HANMARU_METRICS, HANMARU_TURN, "
    "HANMARU_TURN_SECRET.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

EventOption = Annotated[
    Path | None, typer.Option("--event", help="The event file; else HANMARU_EVENT, else events/default.toml.")
]
BoothOption = Annotated[str | None, typer.Option("--booth", help="Only this booth's links, such as booth-1.")]


@app.command()
def run(
    event: EventOption = None,
    booth: BoothOption = None,
    qr: Annotated[bool, typer.Option("--qr/--no-qr", help="QR codes of the rooms, on a terminal.")] = True,
) -> None:
    """Serve the event and print every join link. Ctrl-C or SIGTERM ends it within 5 seconds."""
    from server import running  # media libraries take a second to load: only who serves waits for them

    log.configure()
    settings = settings_of(event)
    loaded = event_to_serve(settings)
    known_booth(loaded, booth)

    async def main() -> None:
        stop = asyncio.Event()
        running.until_told(stop)
        tokens = Tokens(secret_of(settings), loaded.id)

        def announce(port: int) -> None:
            serving = replace(settings, port=port)
            now = dt.datetime.now(dt.UTC)
            held = running.held(settings, loaded, now)
            links = links_of(held, tokens, origin=serving.origin, now=now, booth=booth)
            print(_welcome(serving, loaded, held, links, qr=qr and sys.stdout.isatty()), flush=True)

        await running.serve(settings, loaded, tokens, announce=announce, stop=stop)

    with sentences():
        running.run(main())


@app.command()
def links(
    event: EventOption = None,
    booth: BoothOption = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="A JSON list of role, booth, site, name, url, token.")
    ] = False,
    qr: Annotated[bool, typer.Option("--qr", help="A QR code under every link.")] = False,
    equipment: Annotated[
        bool, typer.Option("--equipment", help="For encoders and displays: WHIP and WHEP addresses, with tokens.")
    ] = False,
) -> None:
    """Print fresh join links. Links printed before go on working until they end or are revoked."""
    settings, loaded = settings_of(event), event_of(event)
    known_booth(loaded, booth)
    with sentences():
        tokens = Tokens(secret_of(settings), loaded.id)
    found = links_of(loaded, tokens, origin=settings.origin, now=dt.datetime.now(dt.UTC), booth=booth)
    if as_json:
        print(json.dumps([link.as_json() for link in found], ensure_ascii=False, indent=1))
        return
    if equipment:
        print(equipment_table(found))
        return
    print(table(loaded, found))
    print(f"\n{_sheets_mentioned(loaded)}")
    if qr:
        for link in found:
            print(f"\n{link.name} ({link.seat.role.value})\n{qr_code(link.url)}")


@app.command()
def sheet(
    site: Annotated[str | None, typer.Option("--site", help="Whose sheet, by its short id, such as north.")] = None,
    event: EventOption = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE.pdf", help="The PDF; else hanmaru-EVENT-SITE.pdf, here.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE.html", help="The same as HTML; without --out no PDF is made.")
    ] = None,
    base_url: Annotated[
        str | None,
        typer.Option("--base-url", help="Where the links point to, such as https://hall.example:8443."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file even if it is no sheet.")] = False,
) -> None:
    """Write the sheet to print for a site: every booth's links as QR codes on slips to cut, set-up on their backs.

    Its links are fresh, and as secret as any: the files are readable for their owner alone.
    """
    from server import sheet_command

    settings, loaded = settings_of(event), event_of(event)
    try:
        order = sheet_command.ordered(settings, loaded, site, base_url=base_url, pdf=out, html=html)
    except sheet_command.OrderError as error:
        fail(str(error), code=2)
    with sentences():
        sheet_command.write(order, force=force)
    print("\n".join(str(path) for path in order.files.values()))
    if order.caution is not None:
        print(order.caution, file=sys.stderr)


@app.command()
def check(files: Annotated[list[Path] | None, typer.Argument(metavar="FILE...", help="Event files.")] = None) -> None:
    """Check event files: every fault at once, with its line and what to do. Exit code 1 when there is one."""
    faults = 0
    for file in files or [settings_of(None).event]:
        try:
            loaded = load(file)
        except EventFaults as error:
            faults += len(error.faults)
            print(error)
        else:
            print(f"{file}: good. {loaded.date:%d %B %Y}, {len(loaded.booths)} booths, {len(seats_of(loaded))} links.")
    if faults:
        print(f"{faults} fault{'s' if faults > 1 else ''}.")
        raise typer.Exit(1)


@app.command()
def revoke(
    seat: Annotated[str, typer.Argument(metavar="SEAT", help="Such as room.booth-1.north or interpreter.booth-1.kim.")],
    event: EventOption = None,
) -> None:
    """End every link of a seat that was printed until now; whoever sits there is put out within 2 seconds."""
    settings, loaded = settings_of(event), event_of(event)
    known = [str(own) for own in seats_of(loaded)]
    if seat not in known:
        near = get_close_matches(seat, known, n=1)
        fail(f'This event has no seat "{seat}".' + (f" Did you mean {near[0]}?" if near else ""), code=2)
    with sentences():
        prepare(settings.state_dir)
        Revocations(settings.state_dir).revoke(seat, dt.datetime.now(dt.UTC))
    print(f"All links of {seat} printed until now are revoked. `.venv/bin/python -m server links` prints fresh ones.")


@app.command()
def loopback(
    event: EventOption = None,
    url: Annotated[
        str | None, typer.Option("--url", help="Test the server at this origin, such as https://hall.example:8443.")
    ] = None,
    token: Annotated[
        str | None, typer.Option("--token", help="Enter there with this link's token (after its #).")
    ] = None,
    site: Annotated[str | None, typer.Option("--site", help="Test with this site's screen, such as north.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The result as JSON.")] = False,
) -> None:
    """Send a simulated camera and microphone to the server and back: PASS or FAIL for each check.

    Exit code 0 when all pass, 1 when one fails, 2 when the test cannot run.
    """
    from server import loopback as test

    settings, loaded = settings_of(event), event_of(event)
    if site is not None and site not in {own.id for own in loaded.sites}:
        fail(f'This event has no site "{site}"; it has {", ".join(own.id for own in loaded.sites)}.', code=2)
    log.configure(level=logging.WARNING)
    with sentences():
        raise typer.Exit(asyncio.run(test.main(settings, loaded, url=url, token=token, site=site, as_json=as_json)))


@app.command()
def demo(event: EventOption = None) -> None:
    """Serve, with a simulated far room and interpreter: one browser sees and hears a consultation."""
    from server import demo as play
    from server import running

    settings, loaded = settings_of(event), event_of(event)
    log.configure(level=logging.WARNING)

    async def main() -> None:
        stop = asyncio.Event()
        running.until_told(stop)
        await play.main(settings, loaded, Tokens(secret_of(settings), loaded.id), stop)

    with sentences():
        running.run(main())


def main() -> None:
    """Run the command line."""
    logging.captureWarnings(True)
    app()


def _welcome(settings: Settings, event: Event, held: Event, links: list[Link], *, qr: bool) -> str:
    lines = ["", f"Hanmaru serves on {settings.origin}"]
    if held.date != event.date:
        lines.append(
            f"The day of this event, {event.date:%d %B %Y}, has passed: this is a rehearsal, as if it were today."
        )
    if settings.certificate is None and settings.tls:
        lines.append(f"Each PC trusts this server once: install {settings.origin}/ca.crt there (README, Certificates).")
    if settings.binds_everywhere and not settings.public_origins:
        others = ", ".join(local_addresses()) or "this machine's address"
        lines.append(f"From other machines, write {others} instead of localhost, or set HANMARU_PUBLIC_ORIGINS.")
    lines += ["", "Join links. Each is for one seat: whoever has it may sit there.", "", table(held, links)]
    lines += ["", _sheets_mentioned(event)]
    rooms = [link for link in links if link.seat.role.value == "room" and link.seat.booth == links[0].seat.booth]
    for link in rooms if qr else ():
        lines += ["", f"{link.name} (more: .venv/bin/python -m server links --qr)", qr_code(link.url)]
    return "\n".join([*lines, ""])


def _sheets_mentioned(event: Event) -> str:
    sites = ", ".join(site.id for site in event.sites)
    return (
        f'To print them as slips with codes: make sheet ARGS="--site SITE" ({sites}), or open /sheet/SITE '
        "in a browser that has opened the technician's link."
    )
