"""Fixtures of the node's unit tests: a folder, a source of files in memory."""

from pathlib import Path

import pytest

from wheelkeep.node.folder import NodeFolder
from wheelkeep.testing.file_source import MemoryFiles


@pytest.fixture
def folder(tmp_path: Path) -> NodeFolder:
    return NodeFolder(tmp_path / "node")


@pytest.fixture
def source() -> MemoryFiles:
    return MemoryFiles()
