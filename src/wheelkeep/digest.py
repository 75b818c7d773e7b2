"""Identity is content: the digests that everything is keyed by.

file sha256 -> lock digest -> environment or image. Names, versions, URLs and request text are never in a key.
"""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Digest", "digest_of_file", "digest_of_value"]

_HEX = re.compile(r"[0-9a-f]{64}")
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, order=True)
class Digest:
    """The sha256 of some bytes; `str()` gives `sha256:<64 hex>`, the form of the OCI image specification."""

    hex: str

    def __post_init__(self) -> None:
        if not _HEX.fullmatch(self.hex):
            raise ValueError("a sha256 digest has 64 lower-case hexadecimal digits")

    @classmethod
    def parse(cls, text: str) -> "Digest":
        """The digest that `text` writes, as `sha256:<hex>`, `sha256=<hex>` or `<hex>`, in either case.

        Raises:
            ValueError: anything else.
        """
        return cls(re.sub(r"^sha256[:=]", "", text.strip().lower()))

    @classmethod
    def of(cls, data: bytes) -> "Digest":
        """The digest of `data`."""
        return cls(hashlib.sha256(data).hexdigest())

    def __str__(self) -> str:
        return f"sha256:{self.hex}"


def digest_of_value(value: object) -> Digest:
    """The digest of a JSON value's canonical text (sorted keys, no spaces, UTF-8)."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return Digest.of(text.encode())


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            yield chunk


def digest_of_file(path: Path) -> Digest:
    """The digest of the file at `path`, read in pieces of 1 MiB.

    Raises:
        OSError: it cannot be read.
    """
    running = hashlib.sha256()
    for chunk in _chunks(path):
        running.update(chunk)
    return Digest(running.hexdigest())
