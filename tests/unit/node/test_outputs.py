"""Which files of a run are kept."""

from pathlib import Path

from wheelkeep.node.outputs import find_outputs
from wheelkeep.node.watch import Quiet


class Words(Quiet):
    """Remembers the log."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, stream: str, text: str) -> None:
        assert stream == "build"
        self.text += text


def test_outputs_logs_and_uploads_are_kept_and_the_rest_is_not(tmp_path: Path) -> None:
    source, uploads = tmp_path / "source", tmp_path / "uploads"
    for path in (
        source / "outputs" / "a" / "m.bin",
        source / "logs" / "x.log",
        uploads / "named" / "f",
        source / "t.py",
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    found = find_outputs(source, uploads, Quiet())
    assert [left.path for left in found] == ["logs/x.log", "named/f", "outputs/a/m.bin"]


def test_links_lead_nowhere(tmp_path: Path) -> None:
    outputs = tmp_path / "source" / "outputs"
    outputs.mkdir(parents=True)
    (outputs / "secret").symlink_to("/etc/passwd")
    (outputs / "folder").symlink_to("/etc")
    (tmp_path / "source" / "logs").symlink_to("/etc")
    words = Words()
    assert find_outputs(tmp_path / "source", tmp_path / "uploads", words) == []
    assert words.text.count("not kept") == 3
