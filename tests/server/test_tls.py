"""Certificates made here are trusted by whoever trusts the local authority, and for nothing else."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509

from server.settings import Settings, read
from server.state_dir import StateDirError
from server.tls import Certificates, TlsError, certificates

NOW = dt.datetime.now(dt.UTC)


def settings_in(folder: Path, **environment: str) -> Settings:
    return read({"HANMARU_STATE_DIR": str(folder), **environment})


def loaded(path: Path | None) -> x509.Certificate:
    assert path is not None
    return x509.load_pem_x509_certificate(path.read_bytes())


async def shaken(made: Certificates, name: str) -> None:
    """A real TLS handshake with a client that trusts the authority and asks for `name`."""
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=made.context())
    port = server.sockets[0].getsockname()[1]
    trust = ssl.create_default_context(cafile=str(made.authority))
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trust, server_hostname=name)
        writer.close()
    finally:
        server.close()


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1"])
async def test_a_browser_that_trusts_the_authority_trusts_the_server(tmp_path: Path, name: str) -> None:
    await shaken(certificates(settings_in(tmp_path), NOW), name)


async def test_a_public_name_works_too_and_another_name_does_not(tmp_path: Path) -> None:
    made = certificates(settings_in(tmp_path, HANMARU_PUBLIC_ORIGINS="https://hall.example:8443"), NOW)
    await shaken(made, "hall.example")
    with pytest.raises(ssl.SSLCertVerificationError):
        await shaken(made, "bank.example")


def test_the_authority_may_sign_for_local_names_only_and_for_no_other_authority(tmp_path: Path) -> None:
    ca = loaded(certificates(settings_in(tmp_path), NOW).authority)
    constraints = ca.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert (constraints.ca, constraints.path_length) == (True, 0)
    names = ca.extensions.get_extension_for_class(x509.NameConstraints)
    assert names.critical
    domains = [tree.value for tree in names.value.permitted_subtrees or [] if isinstance(tree, x509.DNSName)]
    assert "localhost" in domains
    assert not {"com", "net", "org", "example", ""} & set(domains)


def test_the_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    made = certificates(settings_in(tmp_path), NOW)
    for path in (made.key, tmp_path / "ca.key"):
        assert path.stat().st_mode & 0o777 == 0o600


def test_no_certificate_lives_longer_than_browsers_accept(tmp_path: Path) -> None:
    leaf = loaded(certificates(settings_in(tmp_path), NOW).certificate)
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc <= dt.timedelta(days=397)


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    first = certificates(settings_in(tmp_path), NOW)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    second = certificates(settings_in(tmp_path), NOW + dt.timedelta(days=1))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert (first.authority_is_new, second.authority_is_new) == (True, False)


def test_the_server_certificate_is_renewed_before_it_ends_and_the_authority_stays(tmp_path: Path) -> None:
    made = certificates(settings_in(tmp_path), NOW)
    ca, leaf = loaded(made.authority), loaded(made.certificate)
    certificates(settings_in(tmp_path), NOW + dt.timedelta(days=365))
    assert loaded(made.authority) == ca
    assert loaded(made.certificate) != leaf


def test_a_new_local_address_needs_a_new_certificate_but_no_new_trust(tmp_path: Path) -> None:
    made = certificates(settings_in(tmp_path), NOW)
    ca = loaded(made.authority)
    again = certificates(settings_in(tmp_path, HANMARU_MEDIA_ADDRESSES="10.99.1.2"), NOW)
    names = loaded(again.certificate).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "10.99.1.2" in [str(address) for address in names.get_values_for_type(x509.IPAddress)]
    assert loaded(made.authority) == ca


def test_a_public_name_that_the_authority_may_not_sign_for_needs_a_new_one(tmp_path: Path) -> None:
    ca = loaded(certificates(settings_in(tmp_path), NOW).authority)
    again = certificates(settings_in(tmp_path, HANMARU_PUBLIC_ORIGINS="https://hall.example"), NOW)
    assert again.authority_is_new
    assert loaded(again.authority) != ca


@pytest.mark.parametrize("name", ["ca.crt", "ca.key", "server.crt", "server.key"])
async def test_a_damaged_file_is_made_anew(tmp_path: Path, name: str) -> None:
    certificates(settings_in(tmp_path), NOW)
    (tmp_path / name).write_text("damaged")
    await shaken(certificates(settings_in(tmp_path), NOW), "localhost")


async def test_ones_own_certificate_is_used_as_it_is(tmp_path: Path) -> None:
    other = certificates(settings_in(tmp_path / "theirs"), NOW)
    settings = replace(settings_in(tmp_path / "ours"), certificate=other.certificate, key=other.key)
    made = certificates(settings, NOW)
    assert made.authority is None
    assert not (tmp_path / "ours").exists()
    await shaken(replace(made, authority=other.authority), "localhost")


def test_a_certificate_of_ones_own_that_cannot_be_used_is_told_in_a_sentence(tmp_path: Path) -> None:
    made = Certificates(tmp_path / "no.crt", tmp_path / "no.key", None)
    with pytest.raises(TlsError, match="cannot be used"):
        made.context()


def test_a_state_folder_that_cannot_be_written_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateDirError):
        certificates(settings_in(tmp_path / "file"), NOW)
