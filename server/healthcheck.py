"""`python -m server.healthcheck`: whether the server of this machine answers; exit code 0 or 1, for containers."""

from __future__ import annotations

import http.client
import os
import ssl
import sys
from collections.abc import Mapping

from server.settings import Settings, SettingsFaults, read

ANSWER_S = 3.0
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where to ask a server that is bound so


def fault(environment: Mapping[str, str]) -> str | None:
    """A sentence when the server of these settings does not answer `/healthz`; None when it does."""
    try:
        settings = read(environment)
    except SettingsFaults as faults:
        return str(faults)
    origin = settings.origin_here
    try:
        status = _asked(settings)
    except (OSError, http.client.HTTPException) as error:
        return f"{origin} does not answer: {error}."
    return None if status == http.client.OK else f"{origin} answers {status}."


def _asked(settings: Settings) -> int:
    host = EVERYWHERE.get(settings.hosts[0], settings.hosts[0])  # by number: a container may know no names
    if not settings.tls:
        connection = http.client.HTTPConnection(host, settings.port, timeout=ANSWER_S)
    else:
        # Whether the certificate is good is for browsers to say; we ask our own machine whether the server lives.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection(host, settings.port, timeout=ANSWER_S, context=context)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status
    finally:
        connection.close()


if __name__ == "__main__":
    sentence = fault(os.environ)
    if sentence is not None:
        sys.exit(sentence)
