"""RECORD: the wheel's own list of its members, with their hashes.

Every member is listed with a sha256 or better and its size, and nothing else is; only RECORD itself and its signatures
go without. A member that RECORD does not list is installed by some tools and never removed by any.
Source: PEP 376 and 427; PEP 815 for the signature files.
"""

import base64
import binascii
import csv
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from wheelkeep.errors import WheelError

__all__ = ["RecordedHash", "check_record", "parse_record"]

_ALGORITHMS = frozenset({"sha256", "sha384", "sha512"})
_UNHASHED = ("RECORD", "RECORD.jws", "RECORD.p7s")
_ROW_LENGTH = 3


@dataclass(frozen=True, slots=True)
class RecordedHash:
    """What RECORD says of one member: an algorithm of hashlib, its lower-case hex, the size or None."""

    algorithm: str
    hex: str
    size: int | None


def parse_record(data: bytes) -> dict[str, RecordedHash | None]:
    """RECORD's rows by path; None for a row without a hash.

    Raises:
        WheelError: `invalid_wheel_record`.
    """
    found: dict[str, RecordedHash | None] = {}
    try:
        for row in csv.reader(data.decode().splitlines(), strict=True):
            if not row:
                continue
            path, value, size = row if len(row) == _ROW_LENGTH else (row[0], "", "bad")
            if path in found:
                raise _invalid(f"RECORD lists {path[:120]!r} twice")
            found[path] = _parse_hash(path, value, size)
    except (UnicodeDecodeError, csv.Error):
        raise _invalid("RECORD is no CSV in UTF-8") from None
    return found


def _parse_hash(path: str, value: str, size: str) -> RecordedHash | None:
    if size and not (size.isascii() and size.isdigit()):
        raise _invalid(f"RECORD has a malformed row for {path[:120]!r}")
    if not value:
        return None
    algorithm, _, text = value.partition("=")
    if algorithm not in _ALGORITHMS:
        raise _invalid(f"RECORD uses {algorithm[:20]!r} for {path[:120]!r}; sha256 is the least that counts")
    try:
        digest = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        digest = b""
    if len(digest) != hashlib.new(algorithm).digest_size:
        raise _invalid(f"RECORD has a malformed hash for {path[:120]!r}")
    return RecordedHash(algorithm, digest.hex(), int(size) if size else None)


def check_record(
    recorded: Mapping[str, RecordedHash | None], actual: Mapping[str, RecordedHash], *, information: str
) -> None:
    """Check that RECORD and the members say the same.

    Args:
        recorded: of `parse_record`.
        actual: what the members are, hashed by the algorithm that RECORD uses for each.
        information: the `.dist-info` folder's name.

    Raises:
        WheelError: `invalid_wheel_record`, naming the first member that differs.
    """
    unhashed = {f"{information}/{last}" for last in _UNHASHED}
    for path, found in actual.items():
        if path in unhashed:
            continue
        said = recorded.get(path)
        if said is None:
            raise _invalid(f"RECORD lists no hash for {path[:120]!r}")
        if said.hex != found.hex or said.size not in {None, found.size}:
            raise _invalid(f"{path[:120]!r} is not what RECORD says")
    missing = sorted(recorded.keys() - actual.keys() - unhashed)
    if missing:
        raise _invalid(f"RECORD lists {missing[0][:120]!r}, which is not there")


def _invalid(message: str) -> WheelError:
    return WheelError(
        message,
        code="invalid_wheel_record",
        hint="do not change a wheel after it was built (or use `wheel unpack` and `wheel pack`); build it again",
    )
