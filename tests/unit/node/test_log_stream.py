"""The live log: order, sequences, secrets, the end."""

import threading

from wheelkeep.errors import ConflictError
from wheelkeep.node.log_stream import LogStream
from wheelkeep.secret import Secret
from wheelkeep.wire.work import LoggedMetric, LogPiece


class Reader:
    """Remembers what was sent."""

    def __init__(self) -> None:
        self.sequences: list[int] = []
        self.pieces: list[LogPiece] = []
        self.metrics: list[LoggedMetric] = []
        self.heard = threading.Event()

    def __call__(self, sequence: int, pieces: list[LogPiece], metrics: list[LoggedMetric]) -> None:
        self.sequences.append(sequence)
        self.pieces += pieces
        self.metrics += metrics
        self.heard.set()


def test_text_comes_in_order_under_growing_sequences() -> None:
    reader = Reader()
    log = LogStream(reader)
    log.start()
    log.write("stdout", "one ")
    assert reader.heard.wait(5)
    for number in range(1000):
        log.write("stdout" if number % 2 else "stderr", f"{number}\n" * 50)
    log.note(LoggedMetric(name="a", value=1, at="t"))
    log.close()
    assert reader.sequences == list(range(1, len(reader.sequences) + 1))
    assert "".join(piece.text for piece in reader.pieces) == "one " + "".join(f"{n}\n" * 50 for n in range(1000))
    assert [metric.name for metric in reader.metrics] == ["a"]
    assert max(len(piece.text) for piece in reader.pieces) <= 64 * 1024


def test_a_secret_that_a_program_prints_is_hidden() -> None:
    reader = Reader()
    log = LogStream(reader, secrets=[Secret("wkg_canary")])
    log.start()
    log.write("stdout", "the grant is wkg_canary.")
    log.close()
    assert reader.pieces[0].text == "the grant is ****."


def test_a_lost_lease_frees_whoever_writes() -> None:
    def refuse(_sequence: int, _pieces: list[LogPiece], _metrics: list[LoggedMetric]) -> None:
        raise ConflictError("lost", code="lost_lease")

    log = LogStream(refuse)
    log.start()
    for _ in range(200):
        log.write("stdout", "x" * 64 * 1024)  # more than may wait: it returns only because nobody sends any more
    log.close()
