"""What the environment says, read once into frozen settings."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from server.relay import LIFETIME_S, LIFETIMES_S, MOST_ADDRESSES, Relay, is_address

CHECKOUT = Path(__file__).resolve().parent.parent
MIN_SECRET_LETTERS = 32  # 128 bits even when somebody types hexadecimal digits
MOST_ANNOUNCED = 8  # of each server: it has that many lines to the world at most
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
PRIVATE = tuple(
    ipaddress.ip_network(network)
    for network in (
        *("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"),
        *("::1/128", "fc00::/7", "fe80::/10"),
    )
)
"""Networks that no stranger on the internet comes from (RFC 1918, RFC 3927, RFC 4193)."""


class SetupError(Exception):
    """The server cannot be set up so; the message is a sentence for whoever runs it."""

    may_pass = False
    """Whether trying again may help without anybody mending anything: a supervisor then does."""


class SettingsFaults(Exception):  # noqa: N818 - it carries many
    """The environment cannot be used; `sentences` say why, one for each variable."""

    def __init__(self, sentences: list[str]) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = sentences


@dataclass(frozen=True, slots=True)
class Settings:
    """How this server is run. Paths are absolute; `secret` None means: the one kept in the state folder."""

    event: Path
    hosts: tuple[str, ...]
    """The addresses that are served, at least one."""
    port: int
    state_dir: Path
    secret: str | None
    announce: tuple[tuple[str | None, str], ...]
    """Public addresses offered for media beside the local ones: the local one of each (None: any of its family)."""
    media_addresses: tuple[str, ...]
    """The local addresses offered for media; empty: the bound one, or all of this machine's when bound to all."""
    public_origins: tuple[str, ...]
    """Such as `https://hanmaru.example`: good Origins besides the request's own host; links are made for the first."""
    certificate: Path | None
    key: Path | None
    tls: bool
    """False: plain HTTP, for a proxy that ends TLS."""
    trusted_proxies: tuple[Network, ...]
    """Whose word counts on who asks."""
    metrics: tuple[Network, ...] | None
    """From where `/metrics` may be read without a technician's token; None: it is switched off."""
    transcode_cores: float | None
    """Processor cores that may be spent on making pictures anew; None: what sound and forwarding leave."""
    shedding: bool
    """Whether pictures are left out when voices have to wait for a processor."""
    relay: Relay | None
    """The TURN server whose credentials clients get, if there is one."""

    @property
    def binds_everywhere(self) -> bool:
        return any(host in {"0.0.0.0", "::"} for host in self.hosts)  # noqa: S104 - compared, not bound

    @property
    def binds_loopback(self) -> bool:
        """Whether the server is bound to this machine alone."""
        return all(_is_loopback(host) for host in self.hosts)

    @property
    def origin(self) -> str:
        """Where links point to: the first public origin, or the name that browsers reach; no slash at its end."""
        return self.public_origins[0] if self.public_origins else self.origin_here

    @property
    def origin_here(self) -> str:
        """Where this machine itself finds the server, whatever the links say."""
        host = "localhost" if self.binds_everywhere or any(map(_is_loopback, self.hosts)) else self.hosts[0]
        shown = f"[{host}]" if ":" in host else host
        scheme, default = ("https", 443) if self.tls else ("http", 80)
        return f"{scheme}://{shown}" if self.port == default else f"{scheme}://{shown}:{self.port}"


def read(environment: Mapping[str, str]) -> Settings:
    """Settings from `HANMARU_*`; raises `SettingsFaults` with everything that is wrong at once."""
    reader = _Reader(environment)
    certificate, key = reader.path("HANMARU_CERTIFICATE"), reader.path("HANMARU_KEY")
    if (certificate is None) != (key is None):
        reader.faults.append("HANMARU_CERTIFICATE and HANMARU_KEY belong together: give both or neither.")
    settings = Settings(
        event=reader.path("HANMARU_EVENT") or CHECKOUT / "events" / "default.toml",
        hosts=tuple(dict.fromkeys(reader.words("HANMARU_HOST"))) or ("127.0.0.1",),
        port=reader.port("HANMARU_PORT", 8443),
        state_dir=reader.path("HANMARU_STATE_DIR") or CHECKOUT / ".hanmaru",
        secret=reader.secret("HANMARU_SECRET"),
        announce=reader.pairs("HANMARU_ANNOUNCE"),
        media_addresses=reader.addresses("HANMARU_MEDIA_ADDRESSES", most=32),
        public_origins=reader.origins("HANMARU_PUBLIC_ORIGINS"),
        certificate=certificate,
        key=key,
        tls=reader.switch("HANMARU_TLS", default=True),
        trusted_proxies=reader.networks("HANMARU_TRUSTED_PROXIES"),
        metrics=reader.scrapers("HANMARU_METRICS"),
        transcode_cores=reader.cores("HANMARU_TRANSCODE_CORES"),
        shedding=reader.switch("HANMARU_SHEDDING", default=True),
        relay=reader.relay("HANMARU_TURN", "HANMARU_TURN_SECRET", "HANMARU_TURN_S"),
    )
    if not settings.tls:
        reader.faults += _why_not_plain(settings)
    if reader.faults:
        raise SettingsFaults(reader.faults)
    return settings


class _Reader:
    """Reads single variables and gathers what is wrong with them; an empty variable counts as absent."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment
        self.faults: list[str] = []

    def text(self, name: str) -> str | None:
        return self.environment.get(name, "").strip() or None

    def words(self, name: str) -> list[str]:
        return [word.strip() for word in (self.text(name) or "").split(",") if word.strip()]

    def path(self, name: str) -> Path | None:
        text = self.text(name)
        return Path(text).expanduser().absolute() if text else None

    def port(self, name: str, default: int) -> int:
        text = self.text(name)
        if text is None:
            return default
        if text.isascii() and text.isdigit() and int(text) <= 65535:
            return int(text)
        self.faults.append(f'{name} is "{text}"; a port is a number from 0 to 65535.')
        return default

    def secret(self, name: str) -> str | None:
        text = self.text(name)
        if text is not None and len(text) < MIN_SECRET_LETTERS:
            self.faults.append(
                f"{name} is too short; at least {MIN_SECRET_LETTERS} letters keep it from being guessed."
            )
        return text

    def addresses(self, name: str, *, most: int) -> tuple[str, ...]:
        found = []
        for word in self.words(name):
            try:
                found.append(str(ipaddress.ip_address(word)))
            except ValueError:
                self.faults.append(f'{name} holds "{word}"; write IP addresses, such as 192.0.2.7.')
        if len(found) > most:
            self.faults.append(f"{name} holds {len(found)} addresses; at most {most} can be used.")
        return tuple(found)

    def pairs(self, name: str) -> tuple[tuple[str | None, str], ...]:
        found = []
        for word in self.words(name):
            local, _, public = word.rpartition("=")
            try:
                pair = (str(ipaddress.ip_address(local)) if local else None, str(ipaddress.ip_address(public)))
            except ValueError:
                self.faults.append(
                    f'{name} holds "{word}"; write IP addresses, such as 192.0.2.7 or 10.0.0.5=192.0.2.7.'
                )
            else:
                found.append(pair)
        if len(found) > MOST_ANNOUNCED:
            self.faults.append(f"{name} holds {len(found)} addresses; at most {MOST_ANNOUNCED} can be used.")
        return tuple(found)

    def relay(self, addresses: str, secret: str, lifetime: str) -> Relay | None:
        urls, shared, lasts = self.words(addresses), self.secret(secret), self.text(lifetime)
        for url in urls:
            if not is_address(url):
                self.faults.append(
                    f'{addresses} holds "{url}"; write turn:HOST:3478?transport=udp, turn:HOST:3478?transport=tcp or '
                    "turns:HOST:443?transport=tcp."
                )
        if len(urls) > MOST_ADDRESSES:
            self.faults.append(f"{addresses} holds {len(urls)} addresses; at most {MOST_ADDRESSES} can be used.")
        if bool(urls) != bool(shared):
            self.faults.append(f"{addresses} and {secret} belong together: give both or neither.")
        least, most = LIFETIMES_S
        if lasts is not None and not (re.fullmatch(r"[0-9]{1,6}", lasts) and least <= int(lasts) <= most):
            self.faults.append(f'{lifetime} is "{lasts}"; write a number of seconds from {least} to {most}.')
            lasts = None
        return Relay(tuple(urls), shared or "", int(lasts or LIFETIME_S)) if urls else None

    def origins(self, name: str) -> tuple[str, ...]:
        found = []
        for word in self.words(name):
            origin = origin_of(word.rstrip("/"))
            if origin is None and word.count("/") > 2:
                self.faults.append(
                    f'{name} holds "{word}", which has a path; Hanmaru wants a host name of its own, such as '
                    "https://hanmaru.example."
                )
            elif origin is None or not origin.startswith("https://"):
                self.faults.append(f'{name} holds "{word}"; write origins, such as https://hanmaru.example.')
            else:
                found.append(origin)
        return tuple(found)

    def switch(self, name: str, *, default: bool) -> bool:
        text = (self.text(name) or "").lower()
        if text not in {"", "on", "off"}:
            self.faults.append(f'{name} is "{text}"; write on or off.')
        return default if text not in {"on", "off"} else text == "on"

    def cores(self, name: str) -> float | None:
        text = self.text(name)
        if text is None:
            return None
        if re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,3})?", text):
            return float(text)
        self.faults.append(f'{name} is "{text}"; write a number of processor cores, such as 1.5.')
        return None

    def networks(self, name: str) -> tuple[Network, ...]:
        found = []
        for word in self.words(name):
            try:
                found.append(ipaddress.ip_network(word))
            except ValueError:
                self.faults.append(f'{name} holds "{word}"; write addresses or networks, such as 192.0.2.0/24.')
        return tuple(found)

    def scrapers(self, name: str) -> tuple[Network, ...] | None:
        match (self.text(name) or "private").lower():
            case "off":
                return None
            case "token":
                return ()
            case "private":
                return PRIVATE
        return self.networks(name)


def _why_not_plain(settings: Settings) -> list[str]:
    """What must be set before plain HTTP is safe: links and cookies must not cross a network in the clear."""
    faults = []
    if not (settings.binds_loopback or settings.trusted_proxies):
        faults.append(
            "HANMARU_TLS is off while HANMARU_HOST can be reached from other machines: bind to 127.0.0.1, or name the "
            "proxy in HANMARU_TRUSTED_PROXIES."
        )
    if settings.certificate is not None:
        faults.append("HANMARU_TLS is off, so HANMARU_CERTIFICATE has no use: the proxy shows its own.")
    if not settings.public_origins:
        faults.append("HANMARU_TLS is off: say in HANMARU_PUBLIC_ORIGINS what browsers type to reach the proxy.")
    return faults


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def origin_of(text: str) -> str | None:
    """An origin in its one spelling (small letters, no default port), or None when the text is none (RFC 6454)."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if (
        parts.scheme not in {"http", "https"}
        or not host
        or parts.path
        or parts.query
        or parts.fragment
        or "@" in parts.netloc
    ):
        return None
    shown = f"[{host}]" if ":" in host else host
    default = 443 if parts.scheme == "https" else 80
    return f"{parts.scheme}://{shown}" if port in {None, default} else f"{parts.scheme}://{shown}:{port}"
