"""A project page and the list of projects as text: PEP 691 JSON and PEP 503 HTML, both at version 1.4.

1.5 may be claimed only with all of PEP 752, and HTML is frozen at 1.4 (PEP 833). Everything is rendered from values;
mark-up of an upstream never passes through. Read next: `negotiation.py` (which form a client gets) and `rendered.py`
(its bytes, kept).
"""

from collections.abc import Iterable
from html import escape

import msgspec

from wheelkeep.server.index.model import ProjectFile, ProjectPage

__all__ = ["API_VERSION", "list_html", "list_json", "project_html", "project_json"]

API_VERSION = "1.4"
"""The version of the simple repository API that these pages speak."""

_encoder = msgspec.json.Encoder()


class _Meta(msgspec.Struct, frozen=True, rename="kebab"):
    api_version: str = API_VERSION


class _File(msgspec.Struct, frozen=True, rename="kebab", omit_defaults=True):
    """PEP 691's file. `hashes` is always there, even empty; `dist-info-metadata` never: it crashed old pips."""

    filename: str
    url: str
    hashes: dict[str, str]
    core_metadata: dict[str, str] | bool
    data_dist_info_metadata: dict[str, str] | bool
    yanked: str | bool
    size: int | None = None
    upload_time: str | None = None
    requires_python: str | None = None


class _Project(msgspec.Struct, frozen=True):
    meta: _Meta
    name: str
    versions: tuple[str, ...]
    files: list[_File]


class _ListedProject(msgspec.Struct, frozen=True):
    name: str


class _List(msgspec.Struct, frozen=True):
    meta: _Meta
    projects: list[_ListedProject]


def _json_file(file: ProjectFile) -> _File:
    core = {"sha256": file.core_metadata} if isinstance(file.core_metadata, str) else file.core_metadata
    return _File(
        filename=file.filename,
        url=file.url,
        hashes={} if file.sha256 is None else {"sha256": file.sha256},
        core_metadata=core,
        data_dist_info_metadata=core,
        yanked=file.yanked or (file.yanked is not False),  # an empty reason must not read as "not yanked"
        size=file.size,
        upload_time=file.upload_time,
        requires_python=file.requires_python,
    )


def project_json(page: ProjectPage) -> bytes:
    """The page of one project as PEP 691 JSON (with PEP 700's members where they are known)."""
    return _encoder.encode(
        _Project(meta=_Meta(), name=page.name, versions=page.versions, files=[_json_file(one) for one in page.files])
    )


def list_json(names: Iterable[str]) -> bytes:
    """The list of projects as PEP 691 JSON. `names` are normalised."""
    return _encoder.encode(_List(meta=_Meta(), projects=[_ListedProject(name) for name in names]))


def _html(title: str, lines: Iterable[str]) -> bytes:
    head = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="pypi:repository-version" content="{API_VERSION}">\n'
        f"<title>{escape(title)}</title>\n</head>\n<body>\n<h1>{escape(title)}</h1>\n"
    )
    return "".join([head, *lines, "</body>\n</html>\n"]).encode()


def _anchor(file: ProjectFile) -> str:
    fragment = "" if file.sha256 is None else f"#sha256={file.sha256}"
    parts = [f'<a href="{escape(file.url)}{fragment}"']
    if file.requires_python is not None:
        parts.append(f' data-requires-python="{escape(file.requires_python)}"')
    if file.core_metadata is not False:
        core = f"sha256={file.core_metadata}" if isinstance(file.core_metadata, str) else "true"
        parts.append(f' data-core-metadata="{escape(core)}" data-dist-info-metadata="{escape(core)}"')
    if file.yanked is not False:
        parts.append(f' data-yanked="{escape(file.yanked) if isinstance(file.yanked, str) else ""}"')
    return "".join([*parts, f">{escape(file.filename)}</a><br>\n"])


def project_html(page: ProjectPage) -> bytes:
    """The page of one project as PEP 503 HTML: an anchor a file, every value escaped."""
    return _html(f"Links for {page.name}", map(_anchor, page.files))


def list_html(names: Iterable[str]) -> bytes:
    """The list of projects as PEP 503 HTML. `names` are normalised, so they need no quoting in a URL."""
    return _html("Simple index", (f'<a href="{escape(name)}/">{escape(name)}</a><br>\n' for name in names))
