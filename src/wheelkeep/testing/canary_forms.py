"""The shapes that a secret takes when a program writes it: as it is, quoted, encoded, inside Basic credentials.

Pure. Base64 hides a text at three alignments, because what stands before it (`user:` in Basic credentials) shifts its
bits; of each alignment only the part that does not depend on the neighbours is looked for.
"""

import base64
import json
import re
from urllib.parse import quote

__all__ = ["MINIMUM_LENGTH", "forms"]

MINIMUM_LENGTH = 8
"""A shorter secret would be found by chance, so looking for it proves nothing."""


def _base64_cores(secret: bytes) -> list[bytes]:
    cores = []
    for offset in range(3):
        text = base64.b64encode(b"\0" * offset + secret)
        begin = -(-offset * 8 // 6)  # the first character that holds no bit of what stands before
        end = (offset + len(secret)) * 8 // 6  # the first that may hold one of what stands after
        cores.append(text[begin:end])
    return cores


def forms(secret: str) -> dict[bytes, str]:
    """Every byte pattern that betrays `secret`, with the name of its form.

    Raises:
        ValueError: the secret is shorter than `MINIMUM_LENGTH`, so a search for it would mean nothing.
    """
    if len(secret) < MINIMUM_LENGTH:
        raise ValueError(f"a canary has at least {MINIMUM_LENGTH} characters")
    plain = secret.encode()
    quoted = quote(secret, safe="")
    patterns = {
        quoted.encode(): "percent-encoded",
        re.sub("%..", lambda escape: escape[0].lower(), quoted).encode(): "percent-encoded",
        quoted.replace("%", "%25").encode(): "percent-encoded twice",
        json.dumps(secret)[1:-1].encode(): "JSON",
        plain.hex().encode(): "hex",
        plain.hex().upper().encode(): "hex",
        secret.encode("utf-16-le"): "UTF-16",
        secret.encode("utf-16-be"): "UTF-16",
    }
    for core in _base64_cores(plain):
        patterns.setdefault(core, "base64")
        patterns.setdefault(core.replace(b"+", b"-").replace(b"/", b"_"), "base64")
    return patterns | {plain: "plain"}
