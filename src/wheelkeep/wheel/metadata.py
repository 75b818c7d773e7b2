"""METADATA and WHEEL: what a wheel says about itself, believed only where it can be read.

What installers and resolvers use is validated (name, version, Requires-Python, Requires-Dist, Provides-Extra); the rest
is not, because half the wheels of the world break some rule of it. Source: the PyPA "Core metadata" page, PEP 427.
"""

from dataclasses import dataclass
from email import message_from_bytes
from email.errors import MessageError

from packaging.metadata import InvalidMetadata, Metadata
from packaging.tags import Tag
from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from wheelkeep.errors import WheelError

__all__ = ["WheelMetadata", "parse_metadata", "parse_wheel_file"]

_KNOWN_WHEEL_VERSION = "1."


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelMetadata:
    """What METADATA says. `requires_python` is the raw text."""

    name: str
    project: NormalizedName
    version: Version
    requires_python: str | None


def parse_metadata(data: bytes) -> WheelMetadata:
    """What the METADATA `data` says.

    Raises:
        WheelError: `invalid_wheel_metadata`.
    """
    try:
        found = Metadata.from_email(data, validate=False)
        name, version = found.name, found.version
        requires_python = found.requires_python
        _ = found.requires_dist, found.provides_extra  # read to be validated
    except (InvalidMetadata, ExceptionGroup, ValueError, MessageError, LookupError, TypeError) as error:
        raise _invalid(f"METADATA cannot be read: {_first_line(error)}") from None
    if not name or version is None:
        raise _invalid("METADATA has no name or no version")
    return WheelMetadata(
        name=name,
        project=canonicalize_name(name),
        version=version,
        requires_python=None if requires_python is None else _raw_requires_python(data, str(requires_python)),
    )


def parse_wheel_file(data: bytes) -> frozenset[Tag]:
    """The tags that the WHEEL file `data` lists.

    Raises:
        WheelError: `invalid_wheel_metadata`: no Wheel-Version that we know.
    """
    try:
        message = message_from_bytes(data)
        wheel_version = str(message.get("Wheel-Version", ""))
    except (MessageError, ValueError, LookupError) as error:
        raise _invalid(f"WHEEL cannot be read: {_first_line(error)}") from None
    if not wheel_version.strip().startswith(_KNOWN_WHEEL_VERSION):
        raise _invalid(f"WHEEL has the unknown Wheel-Version {wheel_version[:20]!r}")
    return frozenset(_tags([str(value) for value in message.get_all("Tag", [])]))


def _tags(values: list[str]) -> list[Tag]:
    found = []
    for value in values:
        parts = value.strip().split("-")
        if len(parts) != len(("python", "abi", "platform")):
            raise _invalid(f"WHEEL has the malformed Tag {value[:80]!r}")
        found.append(Tag(*parts))
    return found


def _raw_requires_python(data: bytes, parsed: str) -> str:
    """The text as it stands in METADATA: pip compares it with the index's word for word."""
    value = message_from_bytes(data).get("Requires-Python")
    return parsed if value is None else str(value).strip()


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def _invalid(message: str) -> WheelError:
    return WheelError(
        message,
        code="invalid_wheel_metadata",
        hint="build the wheel with a current build backend, for example `uv build --wheel`",
    )
