"""HTTPS from the first run: a local certificate authority and a server certificate, kept in the state folder.

Browsers give no camera without HTTPS. A booth PC trusts the authority once; what it may sign is limited to local names
and to this machine's own (RFC 5280, name constraints), so that a stolen key signs for nobody's bank.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from server import state_dir
from server.addresses import own_names
from server.settings import Settings, SetupError

AUTHORITY_DAYS = 5 * 365
LEAF_DAYS = 390  # browsers refuse server certificates of more than 398 days
RENEW_DAYS = 30
BACKDATED = dt.timedelta(hours=1)  # booth PCs whose clock is a little behind

LOCAL_DOMAINS = ("localhost", "local", "lan", "internal", "home.arpa")
LOCAL_NETWORKS = (
    "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16",
    "::1/128", "fc00::/7", "fe80::/10",
)  # fmt: skip


class TlsError(SetupError):
    """No certificate can be used; the message is a sentence for whoever runs the server."""


@dataclass(frozen=True, slots=True)
class Certificates:
    """Files in PEM; `authority` is None with a certificate of one's own."""

    certificate: Path
    key: Path
    authority: Path | None
    authority_is_new: bool = False

    def context(self) -> ssl.SSLContext:
        """A server's TLS context; raises TlsError."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(self.certificate, self.key)
        except (OSError, ssl.SSLError) as error:
            files = f"The certificate {self.certificate} with the key {self.key}"
            raise TlsError(f"{files} cannot be used: {error}.") from error
        context.set_alpn_protocols(["http/1.1"])
        return context


def certificates(settings: Settings, now: dt.datetime) -> Certificates:
    """One's own certificate, or the local authority's, made or renewed where needed; raises SetupError.

    One's own that has expired is refused: no page would come in, and no browser says so to the people in a room.
    """
    if settings.certificate is not None and settings.key is not None:
        expires_at = expiry(settings.certificate)
        if expires_at <= now:
            sentence = f"The certificate {settings.certificate} expired on {expires_at:%d %B %Y at %H:%M} UTC"
            raise TlsError(f"{sentence}: browsers refuse it. Put a renewed one in its place, then start again.")
        return Certificates(settings.certificate, settings.key, None)
    state_dir.prepare(settings.state_dir)
    folder = settings.state_dir
    with state_dir.exclusive(folder / "tls.lock"):
        names, addresses = own_names(settings)
        made = _read(folder, "ca")
        is_new = made is None or not _authority_serves(made[0], names, addresses, now)
        authority = _make_authority(folder, names, addresses, now) if made is None or is_new else made
        leaf = _read(folder, "server")
        if leaf is None or not _leaf_serves(leaf[0], authority[0], names, addresses, now):
            _make_leaf(folder, authority, names, addresses, now)
    return Certificates(folder / "server.crt", folder / "server.key", folder / "ca.crt", is_new)


def expiry(certificate: Path) -> dt.datetime:
    """When the first certificate of a PEM file ends (UTC); raises TlsError."""
    try:
        return x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it holds no certificate in PEM"
        raise TlsError(f"The certificate {certificate} cannot be used: {reason}.") from error


_Pair = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


def _authority_serves(ca: x509.Certificate, names: Iterable[str], addresses: Iterable[str], now: dt.datetime) -> bool:
    """Whether it lives on, and may sign for all these names and addresses."""
    if ca.not_valid_after_utc - now < dt.timedelta(days=LEAF_DAYS):
        return False
    try:
        permitted = ca.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees or []
    except x509.ExtensionNotFound:
        return False
    domains = [tree.value for tree in permitted if isinstance(tree, x509.DNSName)]
    networks = [tree.value for tree in permitted if isinstance(tree, x509.IPAddress)]
    return all(any(name == domain or name.endswith(f".{domain}") for domain in domains) for name in names) and all(
        any(
            ipaddress.ip_address(address) in network
            for network in networks
            if isinstance(network, (ipaddress.IPv4Network, ipaddress.IPv6Network))
        )
        for address in addresses
    )


def _leaf_serves(
    leaf: x509.Certificate, ca: x509.Certificate, names: Iterable[str], addresses: Iterable[str], now: dt.datetime
) -> bool:
    alternatives = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return (
        leaf.not_valid_after_utc - now > dt.timedelta(days=RENEW_DAYS)
        and set(names) <= set(alternatives.get_values_for_type(x509.DNSName))
        and {ipaddress.ip_address(address) for address in addresses}
        <= set(alternatives.get_values_for_type(x509.IPAddress))
        and _is_signed_by(leaf, ca)
    )


def _is_signed_by(leaf: x509.Certificate, ca: x509.Certificate) -> bool:
    try:
        leaf.verify_directly_issued_by(ca)
    except Exception:  # noqa: BLE001 - InvalidSignature, ValueError and TypeError all mean: no
        return False
    return True


def _make_authority(folder: Path, names: Iterable[str], addresses: Iterable[str], now: dt.datetime) -> _Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    serial = x509.random_serial_number()
    # The number keeps two authorities apart in a PC's list: trusted names that meet confuse browsers.
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Hanmaru local authority {serial % 0x10000:04x}")])
    own_networks = [str(ipaddress.ip_network(address)) for address in addresses]
    permitted: list[x509.GeneralName] = [x509.DNSName(name) for name in dict.fromkeys((*LOCAL_DOMAINS, *names))]
    permitted += [
        x509.IPAddress(ipaddress.ip_network(network)) for network in dict.fromkeys((*LOCAL_NETWORKS, *own_networks))
    ]
    certificate = (
        _builder(subject, subject, key.public_key(), serial, now, AUTHORITY_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.NameConstraints(permitted, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return _write(folder, "ca", certificate, key)


def _make_leaf(
    folder: Path, authority: _Pair, names: Iterable[str], addresses: Iterable[str], now: dt.datetime
) -> _Pair:
    ca, ca_key = authority
    key = ec.generate_private_key(ec.SECP256R1())
    alternatives: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
    alternatives += [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Hanmaru")])
    certificate = (
        _builder(subject, ca.subject, key.public_key(), x509.random_serial_number(), now, LEAF_DAYS)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    return _write(folder, "server", certificate, key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, serial: int, now: dt.datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(serial)
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + dt.timedelta(days=days))
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _read(folder: Path, name: str) -> _Pair | None:
    """A certificate and its key from the folder; None when one is missing, unreadable or of the other."""
    try:
        certificate = x509.load_pem_x509_certificate((folder / f"{name}.crt").read_bytes())
        key = serialization.load_pem_private_key((folder / f"{name}.key").read_bytes(), password=None)
    except (OSError, ValueError, TypeError):
        return None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or certificate.public_key() != key.public_key():
        return None
    return certificate, key


def _write(folder: Path, name: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> _Pair:
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    state_dir.write(folder / f"{name}.key", pem)
    state_dir.write(folder / f"{name}.crt", certificate.public_bytes(serialization.Encoding.PEM))
    return certificate, key
