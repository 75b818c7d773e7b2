"""What a script logs by the shim: read from its file while it grows.

The shim appends one JSON line with one write; a line without its end is not read yet, and a line that is no metric is
passed over (the script may write there too, and it may not hurt us).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

from wheelkeep.wire.work import LoggedMetric

__all__ = ["MetricsFile", "TaggedLine"]

_MOST_BYTES = 1 << 20


class _MetricLine(msgspec.Struct, frozen=True, tag="metric", tag_field="kind"):
    """One value; `LoggedMetric` with a kind."""

    name: str
    value: float | int | str | bool | None
    at: str


class TaggedLine(msgspec.Struct, frozen=True, tag="tag", tag_field="kind"):
    """A tag that the script gave its run."""

    key: str
    value: str


class _EndLine(msgspec.Struct, frozen=True, tag="end", tag_field="kind"):
    """The script said by `Run.fail` or `Run.complete` how it ended; the exit code decides all the same."""

    state: Literal["failed", "completed"]


_DECODER: msgspec.json.Decoder[_MetricLine | TaggedLine | _EndLine] = msgspec.json.Decoder(
    _MetricLine | TaggedLine | _EndLine
)


class MetricsFile:
    """The file that a script's shim writes, read once from its beginning to wherever it has grown."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0
        self.tags: dict[str, str] = {}
        """The tags that were seen, the last value of each."""

    def new_metrics(self) -> Iterator[LoggedMetric]:
        """The metrics since the last call, in order."""
        for line in self._new_lines():
            try:
                found = _DECODER.decode(line)
            except msgspec.DecodeError:
                continue
            if isinstance(found, TaggedLine):
                self.tags[found.key] = found.value
            elif isinstance(found, _MetricLine):
                yield LoggedMetric(name=found.name, value=found.value, at=found.at)

    def _new_lines(self) -> list[bytes]:
        try:
            with self._path.open("rb") as stream:
                stream.seek(self._read)
                data = stream.read(_MOST_BYTES)
        except FileNotFoundError:
            return []
        whole = data.rfind(b"\n") + 1
        if whole == 0 and len(data) == _MOST_BYTES:
            whole = len(data)  # one endless line: it is no metric, so let it pass
        self._read += whole
        return data[:whole].splitlines()
