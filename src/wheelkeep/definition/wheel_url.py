"""The stable URL of a workspace's wheel: `<authority>/w/<workspace>/files/<sha256>/<filename>`.

The wheel is what the path says; the authority is only where the server was reached when the URL was made. A server
moves (an embedded workspace gets another port), so definitions are compared with the authority removed, and a build
uses the present one. Source: contract §3.1.
"""

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from packaging.utils import InvalidWheelFilename, NormalizedName, parse_wheel_filename

__all__ = ["WorkspaceWheel", "find_workspace_wheel"]

_PATH = re.compile(r"/w/(?P<workspace>[^/]+)/files/(?P<sha256>[0-9a-f]{64})/(?P<filename>[^/]+\.whl)")


@dataclass(frozen=True, slots=True)
class WorkspaceWheel:
    """A wheel that a workspace keeps, as its stable URL names it.

    Attributes:
        workspace: the workspace's name.
        sha256: 64 lower-case hexadecimal digits.
        filename: the wheel's file name, percent-decoded.
    """

    workspace: str
    sha256: str
    filename: str

    @property
    def project(self) -> NormalizedName:
        """The normalised project name that the file name gives."""
        return parse_wheel_filename(self.filename)[0]

    @property
    def version(self) -> str:
        """The version that the file name gives."""
        return str(parse_wheel_filename(self.filename)[1])

    @property
    def path(self) -> str:
        """The path under any authority: the identity of the URL."""
        return f"/w/{quote(self.workspace)}/files/{self.sha256}/{quote(self.filename, safe='')}"

    def url(self, base_url: str) -> str:
        """The stable URL under the server at `base_url` (no trailing slash needed), with its `#sha256=` fragment."""
        return f"{base_url.rstrip('/')}{self.path}#sha256={self.sha256}"


def find_workspace_wheel(url: str) -> WorkspaceWheel | None:
    """The workspace wheel that `url` names under whatever authority, or None when it is another kind of URL.

    Args:
        url: an http or https URL, or the path alone.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    match = _PATH.fullmatch(parts.path)
    if match is None or parts.query or parts.scheme not in {"", "http", "https"}:
        return None
    filename = unquote(match["filename"])
    try:
        parse_wheel_filename(filename)
    except InvalidWheelFilename:
        return None
    return WorkspaceWheel(workspace=unquote(match["workspace"]), sha256=match["sha256"], filename=filename)
