"""The Range header of a download: one range of bytes, or the whole.

Source: RFC 9110 §14. Several ranges, other units and malformed headers are answered with the whole, as it allows.
"""

import re
from dataclasses import dataclass

__all__ = ["ByteRange", "UnsatisfiableRange", "parse_range"]

_ONE_RANGE = re.compile(rb"\s*bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ByteRange:
    """`length` bytes from `offset`."""

    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class UnsatisfiableRange:
    """The range begins after the end: 416."""


def parse_range(header: bytes | None, size: int) -> ByteRange | UnsatisfiableRange | None:
    """What part of `size` bytes the header asks for; None for the whole."""
    found = None if header is None else _ONE_RANGE.fullmatch(header)
    if found is None:
        return None
    first, last = found.groups()
    if first:
        begin = int(first)
        end = min(int(last), size - 1) if last else size - 1
        if last and int(last) < begin:
            return None
        return ByteRange(begin, end - begin + 1) if begin < size else UnsatisfiableRange()
    if not last:
        return None
    length = min(int(last), size)
    return ByteRange(size - length, length) if length else UnsatisfiableRange()
