"""Reading what a script logs while it writes."""

import json
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from wheelkeep.node.metrics import MetricsFile


def line(**values: object) -> bytes:
    return json.dumps(values).encode() + b"\n"


def test_each_metric_comes_once_and_in_order(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    read = MetricsFile(path)
    assert list(read.new_metrics()) == []
    path.write_bytes(line(kind="metric", name="a", value=1, at="t"))
    assert [metric.value for metric in read.new_metrics()] == [1]
    with path.open("ab") as stream:
        stream.write(
            line(kind="metric", name="a", value=2.5, at="t") + line(kind="metric", name="b", value="x", at="t")
        )
    assert [(metric.name, metric.value) for metric in read.new_metrics()] == [("a", 2.5), ("b", "x")]
    assert list(read.new_metrics()) == []


def test_half_a_line_waits_for_its_end(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    whole = line(kind="metric", name="a", value=1, at="t")
    path.write_bytes(whole[:10])
    read = MetricsFile(path)
    assert list(read.new_metrics()) == []
    path.write_bytes(whole)
    assert [metric.name for metric in read.new_metrics()] == ["a"]


def test_tags_are_kept_with_their_last_value(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(line(kind="tag", key="k", value="1") + line(kind="tag", key="k", value="2"))
    read = MetricsFile(path)
    assert list(read.new_metrics()) == []
    assert read.tags == {"k": "2"}


@given(st.binary(max_size=200))
def test_what_is_no_metric_is_passed_over(rest: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "metrics.jsonl"
        path.write_bytes(rest.replace(b"\n", b" ") + b"\n" + line(kind="metric", name="a", value=1, at="t"))
        assert [metric.name for metric in MetricsFile(path).new_metrics()][-1] == "a"
