"""One place, one writing: the normal form in which URLs are compared before a credential is sent.

Two URLs that a server may take for the same must become equal here, and two that it may tell apart must not; whatever
could be read in two ways is refused. So: case and IDN of the host, the default port, percent-encoded unreserved
letters, dot segments and doubled slashes are normalised; encoded slashes, backslashes, control characters, userinfo and
dot segments in disguise are refused, and so are hosts that the C library reads as an address and others as a name
(`2852039166`, `0xa9fea9fe` and `169.254.43518` are all 169.254.169.254). Azure's two host families are one.
Sources: RFC 3986 §6.2; WHATWG URL §3.5, "ends in a number"; contract §3.2, "Matching"; reference/index.md §8,
"Injection rules".
"""

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, urlsplit

import idna

__all__ = ["Place", "parse_host", "parse_place"]

_DEFAULT_PORTS = {"https": 443, "http": 80}
_PERCENT = re.compile(r"%([0-9A-Fa-f]{2})?")
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]")
_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")
_AMBIGUOUS = frozenset("/\\\x00")
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_AZURE_OLD_SUFFIX = ".pkgs.visualstudio.com"
_AZURE_NEW_HOST = "pkgs.dev.azure.com"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a URL leads, in normal form: no userinfo, no query, no fragment."""

    scheme: str
    host: str
    port: int
    segments: tuple[str, ...]

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and effective port: what two places must share to share a credential."""
        return self.scheme, self.host, self.port

    @property
    def is_loopback(self) -> bool:
        """Whether the host is this machine, by its text: `localhost`, 127.0.0.0/8 or ::1."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def contains(self, other: "Place") -> bool:
        """Whether `other` is this place or lies under it, by whole path segments."""
        return self.origin == other.origin and other.segments[: len(self.segments)] == self.segments

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}" + "".join(f"/{segment}" for segment in self.segments)


@lru_cache(maxsize=4096)
def parse_place(text: str) -> Place:
    """The place that the URL `text` leads to.

    Args:
        text: an absolute http or https URL; query and fragment do not matter.

    Raises:
        ValueError: it is no such URL, or it can be read in two ways; the message says why, and never shows the URL.
    """
    if _UNSAFE.search(text):
        raise ValueError("it has a backslash, a space or a control character in it")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError("its host or port cannot be read") from None
    scheme = parts.scheme.lower()
    if scheme not in _DEFAULT_PORTS:
        raise ValueError("its scheme is not http or https")
    if "@" in parts.netloc:
        raise ValueError("it carries a user name or a password")
    if port == 0 or not parts.hostname:
        raise ValueError("it has no host")
    return _azure_place(
        Place(scheme, parse_host(parts.hostname), port or _DEFAULT_PORTS[scheme], _normal_segments(parts.path))
    )


def parse_host(host: str) -> str:
    """The normal form of a URL's `host`, a name or an address without brackets: as it may be compared and judged.

    Raises:
        ValueError: it is no legal host, or one that can be read as a name and as an address.
    """
    bare = host.lower()
    if ":" in bare:
        return _normal_address(bare)
    try:
        name = idna.encode(bare, uts46=True).decode() if not bare.isascii() else bare
    except idna.IDNAError:
        raise ValueError("its host is no legal name") from None
    name = name.removesuffix(".")
    if not _HOST.fullmatch(name):
        raise ValueError("its host is no legal name")
    if _NUMBER.fullmatch(name.rpartition(".")[2]) and not _is_dotted_quad(name):
        raise ValueError("its host is a number in disguise; write the address as four decimal numbers")
    return name


def _is_dotted_quad(name: str) -> bool:
    try:
        ipaddress.IPv4Address(name)
    except ValueError:
        return False
    return True


def _normal_address(host: str) -> str:
    try:
        address = ipaddress.IPv6Address(host)
    except ValueError:
        raise ValueError("its host is no legal address") from None
    return str(address)


def _normal_segments(path: str) -> tuple[str, ...]:
    kept: list[str] = []
    for raw in path.split("/"):
        segment = _normal_segment(raw)
        if raw == "..":
            if kept:
                kept.pop()
        elif raw not in {"", "."}:
            if segment.partition(";")[0] in {".", ".."}:  # servlet containers read `..;x` as `..`
                raise ValueError("it has a disguised dot segment in it")
            kept.append(segment)
    return tuple(kept)


def _normal_segment(segment: str) -> str:
    return quote(_PERCENT.sub(_normal_escape, segment), safe="%!$&'()*+,;=:@~")


def _normal_escape(match: re.Match[str]) -> str:
    if match[1] is None:
        raise ValueError("it has a broken percent-encoding in it")
    letter = chr(int(match[1], 16))
    if letter in _AMBIGUOUS:
        raise ValueError("it has an encoded slash, backslash or NUL in it")
    return letter if _UNRESERVED.fullmatch(letter) else match[0].upper()


def _azure_place(place: Place) -> Place:
    """`<org>.pkgs.visualstudio.com` is `pkgs.dev.azure.com/<org>`; an organisation's case does not matter."""
    if place.scheme != "https" or place.port != _DEFAULT_PORTS["https"]:
        return place
    if place.host == _AZURE_NEW_HOST and place.segments:
        return Place(place.scheme, place.host, place.port, (place.segments[0].lower(), *place.segments[1:]))
    organisation = place.host.removesuffix(_AZURE_OLD_SUFFIX)
    if organisation != place.host and "." not in organisation:
        return Place(place.scheme, _AZURE_NEW_HOST, place.port, (organisation, *place.segments))
    return place
