"""`direct_url.json` (PEP 610) for wheels that a definition named by URL: the stable URL, with no secret in it.

The installer got every file from a folder, so it writes none. The file and its line in RECORD are written as new files:
what is there may have another name elsewhere (hard links), and must never be changed in place.
"""

import base64
import csv
import hashlib
import io
import json
from collections.abc import Sequence
from pathlib import Path

from wheelkeep.digest import Digest
from wheelkeep.errors import BuildError
from wheelkeep.files import write_atomically
from wheelkeep.names import normalize_project
from wheelkeep.secret import SafeUrl
from wheelkeep.wire.work import FileNote

__all__ = ["write_direct_urls"]

_NAME = "direct_url.json"


def write_direct_urls(environment: Path, notes: Sequence[FileNote]) -> None:
    """Write `direct_url.json` for each of `notes` into the environment, and list it in the RECORD beside it.

    Raises:
        BuildError: `install_failed`, the project is not installed there.
    """
    for note in notes:
        folder = _information_folder(environment, note.project)
        data = _content(note)
        write_atomically(folder / _NAME, data)
        _record(folder, data)


def _information_folder(environment: Path, project: str) -> Path:
    for folder in environment.glob("lib/python3*/site-packages/*.dist-info"):
        if normalize_project(folder.name.removesuffix(".dist-info").partition("-")[0]) == normalize_project(project):
            return folder
    raise BuildError(f"{project} is not in the environment that was made", code="install_failed")


def _content(note: FileNote) -> bytes:
    digest = Digest.parse(note.sha256 or "").hex
    value = {
        "url": SafeUrl.parse(note.direct_url or "").bare,
        "archive_info": {"hash": f"sha256={digest}", "hashes": {"sha256": digest}},
    }
    return json.dumps(value, indent=2).encode() + b"\n"


def _record(folder: Path, data: bytes) -> None:
    path = f"{folder.name}/{_NAME}"
    rows = [row for row in csv.reader(io.StringIO((folder / "RECORD").read_text(encoding="utf-8"))) if row]
    kept = [row for row in rows if row[0] != path]
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    kept.append([path, f"sha256={digest}", str(len(data))])
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(sorted(kept))
    write_atomically(folder / "RECORD", out.getvalue().encode())
