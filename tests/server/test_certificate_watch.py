"""A running server takes a renewed certificate, keeps what it has while that is bad, and says what is wrong once."""

from __future__ import annotations

import asyncio
import datetime as dt
import shutil
import ssl
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog
from cryptography import x509

from server.certificate_watch import WARN_DAYS, CertificateWatch
from server.settings import Settings, read
from server.tls import LEAF_DAYS, RENEW_DAYS, Certificates, TlsError, certificates

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Own:
    """A certificate of one's own, as a renewal puts it in place."""

    folder: Path

    @property
    def settings(self) -> Settings:
        state, certificate, key = self.folder / "state", self.folder / "own.crt", self.folder / "own.key"
        return read({"HANMARU_STATE_DIR": str(state), "HANMARU_CERTIFICATE": str(certificate), "HANMARU_KEY": str(key)})

    def renew(self, made_at: dt.datetime, *parts: str) -> None:
        """Put one in place that was made then; of only some of `crt` and `key` where they are named."""
        folder = self.folder / f"ca-{made_at:%s}-{len(list(self.folder.iterdir()))}"
        made = certificates(read({"HANMARU_STATE_DIR": str(folder)}), made_at)
        for part in parts or ("crt", "key"):
            fresh = self.folder / f"fresh.{part}"
            shutil.copy(made.certificate.with_suffix(f".{part}"), fresh)
            fresh.replace(self.folder / f"own.{part}")

    def watched(self) -> tuple[CertificateWatch, ssl.SSLContext]:
        made = certificates(self.settings, NOW)
        context = made.context()
        return CertificateWatch(self.settings, made, context), context


@pytest.fixture
def own(tmp_path: Path) -> Own:
    own = Own(tmp_path)
    own.renew(NOW - 100 * DAY)
    return own


async def shown(context: ssl.SSLContext) -> x509.Certificate:
    """The certificate that a client of a server with this context sees."""
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", server.sockets[0].getsockname()[1], ssl=trust)
        der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        writer.close()
    finally:
        server.close()
    return x509.load_der_x509_certificate(der)


async def test_a_renewed_certificate_is_shown_to_whoever_comes_next(own: Own) -> None:
    watch, context = own.watched()
    before = watch.expires_at
    assert (await shown(context)).not_valid_after_utc == before
    own.renew(NOW)
    with structlog.testing.capture_logs() as logs:
        watch.look(NOW)
    assert watch.expires_at == before + 100 * DAY
    assert (await shown(context)).not_valid_after_utc == watch.expires_at
    assert [line["event"] for line in logs] == ["certificate_taken"]


@pytest.mark.parametrize("part", ["crt", "key"])
async def test_half_a_renewal_changes_nothing_until_the_other_half_is_there(own: Own, part: str) -> None:
    watch, context = own.watched()
    before = watch.expires_at
    own.renew(NOW, part)
    with structlog.testing.capture_logs() as logs:
        watch.look(NOW)
        watch.look(NOW)
    assert [line["event"] for line in logs] == ["certificate_faulty"], "once"
    assert "goes on with the certificate it has" in logs[0]["reason"]
    assert (await shown(context)).not_valid_after_utc == before
    own.renew(NOW)
    watch.look(NOW)
    assert (await shown(context)).not_valid_after_utc == NOW + LEAF_DAYS * DAY


async def test_nonsense_in_the_file_changes_nothing(own: Own) -> None:
    watch, context = own.watched()
    own.settings.certificate.write_text("nonsense")  # type: ignore[union-attr]
    with structlog.testing.capture_logs() as logs:
        watch.look(NOW)
    assert [line["event"] for line in logs] == ["certificate_faulty"]
    assert (await shown(context)).not_valid_after_utc == watch.expires_at


def test_its_end_is_told_two_weeks_before_and_again_when_it_has_come(own: Own) -> None:
    watch, _ = own.watched()
    end = watch.expires_at
    with structlog.testing.capture_logs() as logs:
        for moment in (end - (WARN_DAYS + 1) * DAY, end - WARN_DAYS * DAY + DAY, end - DAY, end, end + DAY):
            watch.look(moment)
    assert [line["reason"].partition(str(own.settings.certificate))[2].split(":")[0] for line in logs] == [
        f" expires on {end:%d %B %Y at %H}",
        " has expired",
    ]


def test_one_that_has_expired_is_refused_at_the_start_in_a_sentence(own: Own) -> None:
    with pytest.raises(TlsError, match=r"expired on .* UTC: browsers refuse it\. Put a renewed one in its place"):
        certificates(own.settings, NOW + 300 * DAY)


async def test_the_local_authority_renews_its_own_while_the_server_runs(tmp_path: Path) -> None:
    settings = read({"HANMARU_STATE_DIR": str(tmp_path)})
    made: Certificates = certificates(settings, NOW)
    context = made.context()
    watch = CertificateWatch(settings, made, context)
    soon = watch.expires_at - (RENEW_DAYS - 1) * DAY
    assert watch._renew(soon) == ""
    watch.look(soon)
    assert (await shown(context)).not_valid_after_utc == watch.expires_at == soon + LEAF_DAYS * DAY
