"""An upstream's index page as values: JSON (PEP 691) or HTML (PEP 503), nothing of its mark-up or text kept.

Pages are rebuilt from values, never rewritten: rewriting upstream mark-up let `<base href>` smuggle links past a proxy
(reference/index.md §3.13, GHSA-4cw7). What has no legal file name, or another project's, or a link to something that is
not http, is left out. Only sha256 counts as a hash.
"""

import re
from urllib.parse import urljoin

import msgspec
from packaging.utils import NormalizedName

from wheelkeep.secret import SafeUrl
from wheelkeep.server.index.attribution import belongs_to
from wheelkeep.server.index.model import ProjectFile, ProjectPage
from wheelkeep.server.origin.page_html import read_html_files

__all__ = ["ACCEPT", "parse_page"]

ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01"
"""What is asked for: JSON first, as pip and uv do."""

_FILENAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]*\.(whl|tar\.gz|zip|tar\.bz2|tgz|egg)")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_PLAIN_URL = re.compile(r"https://[A-Za-z0-9.-]+/[^@?#\\\s]*")
_HTML_TYPES = frozenset({"text/html", "application/vnd.pypi.simple.v1+html", "application/xhtml+xml"})
_JSON_TYPES = frozenset({"application/vnd.pypi.simple.v1+json", "application/json"})


class _Meta(msgspec.Struct, rename={"api_version": "api-version"}):
    api_version: str = "1.0"


class _File(msgspec.Struct, rename={
    "requires_python": "requires-python",
    "core_metadata": "core-metadata",
    "dist_info_metadata": "dist-info-metadata",
    "data_dist_info_metadata": "data-dist-info-metadata",
    "upload_time": "upload-time",
}):  # fmt: skip
    filename: str
    url: str
    hashes: dict[str, str] = {}
    requires_python: str | None = None
    core_metadata: bool | dict[str, str] | None = None
    dist_info_metadata: bool | dict[str, str] | None = None
    data_dist_info_metadata: bool | dict[str, str] | None = None
    size: int | None = None
    upload_time: str | None = None
    yanked: bool | str = False


class _Project(msgspec.Struct):
    files: list[_File]
    meta: _Meta = msgspec.field(default_factory=_Meta)
    versions: list[str] = []


_decoder = msgspec.json.Decoder(_Project)


def parse_page(data: bytes, *, project: NormalizedName, url: SafeUrl, content_type: str, origin: str) -> ProjectPage:
    """The page that `data` writes.

    Args:
        data: the body.
        project: the name that was asked for, which is believed over the page's own.
        url: where the page came from in the end; links are resolved against it.
        content_type: as the answer says; parameters are ignored.
        origin: the label for the page.

    Raises:
        ValueError: it is no index page; the message says why in words for the origin's owner.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type in _JSON_TYPES:
        return _parse_json(data, project=project, url=url, origin=origin)
    if media_type in _HTML_TYPES:
        files = [
            made
            for file in read_html_files(data, project=project, url=url.reveal())
            if (made := _project_file(file, url.reveal(), project)) is not None
        ]
        return ProjectPage(name=project, origin=origin, files=tuple(files))
    raise ValueError(f"its content type is {media_type[:60] or 'missing'!r}")


def _parse_json(data: bytes, *, project: NormalizedName, url: SafeUrl, origin: str) -> ProjectPage:
    try:
        page = _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise ValueError("its JSON is not that of PEP 691") from None
    if page.meta.api_version.partition(".")[0] != "1":
        raise ValueError("its API version is not 1")
    base = url.reveal()
    files = tuple(made for file in page.files if (made := _json_file(file, base, project)) is not None)
    return ProjectPage(name=project, origin=origin, files=files, versions=tuple(page.versions))


def _json_file(file: _File, base: str, project: NormalizedName) -> ProjectFile | None:
    core: bool | dict[str, str] = False
    for offered in (file.core_metadata, file.dist_info_metadata, file.data_dist_info_metadata):
        if offered is not None:
            core = offered
            break
    return _project_file(
        ProjectFile(
            filename=file.filename,
            url=file.url,
            sha256=file.hashes.get("sha256"),
            size=file.size,
            requires_python=file.requires_python,
            core_metadata=core if isinstance(core, bool) else core.get("sha256", True),
            upload_time=file.upload_time,
            yanked=file.yanked,
        ),
        base,
        project,
    )


def _project_file(file: ProjectFile, base: str, project: NormalizedName) -> ProjectFile | None:
    """`file` with its link resolved and its hashes checked for form; None when `project` cannot offer it."""
    if not _FILENAME.fullmatch(file.filename) or not belongs_to(file.filename, project):
        return None
    url = file.url
    if not _PLAIN_URL.fullmatch(url):
        try:
            parsed = SafeUrl.parse(urljoin(base, url))
        except ValueError:
            return None
        if parsed.scheme not in {"http", "https"} or parsed.has_userinfo:
            return None
        url = parsed.reveal().partition("#")[0]
    sha256 = file.sha256.lower() if file.sha256 and _SHA256.fullmatch(file.sha256) else None
    core = file.core_metadata
    if isinstance(core, str) and not _SHA256.fullmatch(core):
        core = True
    return ProjectFile(
        filename=file.filename,
        url=url,
        sha256=sha256,
        size=file.size if file.size is not None and file.size >= 0 else None,
        requires_python=file.requires_python,
        core_metadata=core.lower() if isinstance(core, str) else core,
        upload_time=file.upload_time,
        yanked=file.yanked,
    )
