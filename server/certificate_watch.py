"""The certificate of a running server: a renewed one is taken without a restart, and its end is told in time."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl

import structlog

from server.settings import Settings, SetupError
from server.state_dir import Stamp, stamp
from server.tls import RENEW_DAYS, Certificates, TlsError, certificates, expiry

LOOK_S = 60.0
WARN_DAYS = 14
"""Let's Encrypt renews a month ahead: whoever has two weeks left has a renewal that fails."""

log = structlog.get_logger("server.tls")


class CertificateWatch:
    """`context` serves `made` now. What cannot be used changes nothing: connections go on with what they have."""

    def __init__(self, settings: Settings, made: Certificates, context: ssl.SSLContext) -> None:
        self._settings = settings
        self._made = made
        self._context = context
        self._stamps = self._look_at_files()
        self._told = ""
        self.expires_at = expiry(made.certificate)
        """Of the one that is served (UTC)."""

    async def watch(self) -> None:
        """Look again and again; never returns."""
        while True:
            now = dt.datetime.now(dt.UTC)
            fault = await asyncio.to_thread(self._renew, now)  # it waits for the disk
            self.look(now, fault)
            left_s = (self.expires_at - now).total_seconds()
            await asyncio.sleep(min(LOOK_S, left_s) if left_s > 0 else LOOK_S)

    def look(self, now: dt.datetime, fault: str = "") -> None:
        """Take what is new, and say what is wrong, once; `fault`: what is known to be."""
        sentence = fault or self._faults(now)
        if sentence and sentence != self._told:
            log.error("certificate_faulty", reason=sentence)
        self._told = sentence

    def _renew(self, now: dt.datetime) -> str:
        """Have the local authority renew its own where it is time; a sentence when it cannot."""
        if self._settings.certificate is not None or self.expires_at - now > dt.timedelta(days=RENEW_DAYS):
            return ""
        try:
            certificates(self._settings, now)
        except (SetupError, OSError) as error:
            return f"The certificate cannot be renewed. {error}"
        return ""

    def _faults(self, now: dt.datetime) -> str:
        try:
            stamps = self._look_at_files()
            if stamps != self._stamps:
                self._take()
                self._stamps = stamps
        except SetupError as error:
            return f"The server goes on with the certificate it has. {error}"
        left = self.expires_at - now
        if left <= dt.timedelta():
            return f"{self._own()} has expired: who is connected stays, and nobody else comes in. Renew it now."
        if left < dt.timedelta(days=WARN_DAYS):
            return f"{self._own()} expires on {self.expires_at:%d %B %Y at %H:%M} UTC. Renew it before."
        return ""

    def _own(self) -> str:
        return f"The certificate {self._made.certificate}"

    def _take(self) -> None:
        """Serve what the files hold now, if key and certificate belong together; raises TlsError."""
        self._made.context()
        fresh_until = expiry(self._made.certificate)
        try:
            self._context.load_cert_chain(self._made.certificate, self._made.key)
        except (OSError, ssl.SSLError) as error:
            raise TlsError(f"{self._own()} cannot be used: {error}.") from error
        self.expires_at = fresh_until
        log.info("certificate_taken", expires_at=fresh_until.isoformat())

    def _look_at_files(self) -> tuple[Stamp | None, ...]:
        return tuple(map(stamp, (self._made.certificate, self._made.key)))
