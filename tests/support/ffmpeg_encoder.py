"""FFmpeg's own WHIP client, as PyAV brings it, in a process of its own: a test card in H.264 and a voice in Opus.

`python -m tests.support.ffmpeg_encoder ADDRESS TOKEN CARD FUNDAMENTAL_HZ`, until it is ended.
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from media import testcard, voice

WIDTH, HEIGHT, FRAMES_PER_S = 640, 360, 30
RATE_HZ = 48_000
CHUNK = RATE_HZ // 50  # one Opus packet
LONGEST_S = 60  # whoever forgets it is not left with it
SOFTER = 0.5


def certificate(folder: Path) -> dict[str, str]:
    """A key and a certificate on P-256: with GnuTLS, FFmpeg makes itself one on P-224, which OpenSSL does not take."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "encoder")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    plain = (Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    files = {"cert_file": made.public_bytes(Encoding.PEM), "key_file": key.private_bytes(*plain)}
    for option, text in files.items():
        (folder / option).write_bytes(text)
    return {option: str(folder / option) for option in files}


def send(address: str, token: str, card: int, fundamental_hz: int) -> None:
    """Publish in real time."""
    with (
        TemporaryDirectory() as folder,
        av.open(address, "w", format="whip", options={"authorization": token, **certificate(Path(folder))}) as output,
    ):
        picture = output.add_stream("libx264", rate=FRAMES_PER_S)
        picture.width, picture.height, picture.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        picture.bit_rate = 800_000
        picture.gop_size = FRAMES_PER_S
        picture.options = {"preset": "veryfast", "profile": "baseline", "tune": "zerolatency", "bf": "0"}
        sound = output.add_stream("libopus", rate=RATE_HZ, layout="stereo")
        sound.options = {"frame_duration": "20"}
        second = (voice.voice(fundamental_hz, 1.0) * SOFTER * 32767).astype(np.int16)
        begun_s = time.monotonic()
        for number in range(LONGEST_S * FRAMES_PER_S):
            frame = av.VideoFrame.from_ndarray(testcard.draw(WIDTH, HEIGHT, card, number), format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, FRAMES_PER_S)
            output.mux(picture.encode(frame))
            first, last = (n * 50 // FRAMES_PER_S for n in (number, number + 1))
            for chunk in range(first, last):
                start = chunk * CHUNK % RATE_HZ
                both = np.repeat(second[start : start + CHUNK], 2).reshape(1, -1)
                samples = av.AudioFrame.from_ndarray(both, format="s16", layout="stereo")
                samples.rate, samples.pts, samples.time_base = RATE_HZ, chunk * CHUNK, Fraction(1, RATE_HZ)
                output.mux(sound.encode(samples))
            time.sleep(max(0.0, begun_s + (number + 1) / FRAMES_PER_S - time.monotonic()))


if __name__ == "__main__":
    send(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
