"""`python -m server.healthcheck`: whether the server of this machine answers; exit code 0 or 1, for containers."""

from __future__ import annotations

import http.client
import os
import ssl
import sys
from collections.abc import Mapping
from urllib.parse import urlsplit

from server.settings import SettingsFaults, read

ANSWER_S = 3.0


def fault(environment: Mapping[str, str]) -> str | None:
    """A sentence when the server of these settings does not answer `/healthz`; None when it does."""
    try:
        origin = read(environment).origin_here
    except SettingsFaults as faults:
        return str(faults)
    try:
        status = _asked(origin)
    except (OSError, http.client.HTTPException) as error:
        return f"{origin} does not answer: {error}."
    return None if status == http.client.OK else f"{origin} answers {status}."


def _asked(origin: str) -> int:
    place = urlsplit(origin)
    host = place.hostname or ""
    if place.scheme == "http":
        connection = http.client.HTTPConnection(host, place.port, timeout=ANSWER_S)
    else:
        # Whether the certificate is good is for browsers to say; we ask our own machine whether the server lives.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection(host, place.port, timeout=ANSWER_S, context=context)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status
    finally:
        connection.close()


if __name__ == "__main__":
    sentence = fault(os.environ)
    if sentence is not None:
        sys.exit(sentence)
