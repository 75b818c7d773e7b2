"""From requirements to a lock, by uv against the build's own merged index.

uv gets the grant in a configuration file of mode 0600 in the build's temporary folder (an index URL with userinfo):
never in an argument or a variable. uv shows an index's credential to every URL of the same origin, so workspace wheels
that a requirement names by URL need nothing more; their authority is replaced by the one this node uses, because the
same wheel may have been added under another one. Neither reaches uv's output, and that is checked before it is sent.
uv's cache goes with the build: its index has the build's own URL, so nothing there could be used again.
Source: contract §3.1; tried with uv 0.13.9.
"""

import json
import os
import re
from pathlib import Path
from typing import Protocol

from wheelkeep.errors import InternalError, ResolutionError, UnreachableError
from wheelkeep.node.diagnosis import diagnose
from wheelkeep.node.door import ResolvedLock
from wheelkeep.node.folder import NodeFolder, full_disk_told
from wheelkeep.node.interpreter import Interpreter, find_interpreter
from wheelkeep.node.uv import run_uv, uv_version
from wheelkeep.node.watch import Watch
from wheelkeep.secret import SafeUrl, Secret
from wheelkeep.wire.work import ResolutionView

__all__ = ["Resolver", "UvResolver"]

_USER = "__token__"
_WHEEL_URL = re.compile(r"https?://[^/\s]+(?P<path>(?:/[^/\s]+)*/w/[^/\s]+/files/[0-9a-f]{64}/)")
_LIMITS = {"UV_HTTP_RETRIES": "1", "UV_HTTP_TIMEOUT": "300"}


class Resolver(Protocol):
    """Something that decides versions."""

    def resolve(self, asked: ResolutionView, *, url: str, grant: Secret, watch: Watch) -> ResolvedLock:
        """The lock for what was asked.

        Args:
            asked: what the server told.
            url: the server as this node reaches it.
            grant: what opens the build's index.
            watch: asked and told while resolving.

        Raises:
            WheelkeepError: why there is none.
        """


def _counted(requirements: int) -> str:
    return "1 requirement" if requirements == 1 else f"{requirements} requirements"


class UvResolver:
    """The resolver of this distribution's uv; wheels only."""

    def __init__(self, folder: NodeFolder) -> None:
        self._folder = folder

    def resolve(self, asked: ResolutionView, *, url: str, grant: Secret, watch: Watch) -> ResolvedLock:
        """The lock for what was asked; a server that goes away meanwhile is waited for, and uv starts again."""
        python = find_interpreter(asked.python)
        if asked.no_binary:
            raise ResolutionError(
                f"source builds are asked for ({', '.join(asked.no_binary)[:200]}), and this release makes none",
                code="source_only",
                hint="drop --no-binary, or add a wheel of it to the workspace",
            )
        watch.write("build", f"resolving {_counted(len(asked.requirements))} for Python {python.version}\n")
        attempt = 0
        while True:
            try:
                return self._resolve_once(asked, python, url=url, grant=grant, watch=watch)
            except UnreachableError as error:
                watch.wait_for_server(error, attempt)
                watch.write("build", "the server was away; resolving again\n")
            attempt += 1

    def _resolve_once(
        self,
        asked: ResolutionView,
        python: Interpreter,
        *,
        url: str,
        grant: Secret,
        watch: Watch,
    ) -> ResolvedLock:
        with full_disk_told("the resolver's files"), self._folder.scratch() as scratch:
            _write_private(scratch / "uv.toml", _configuration(asked.index_url, url, grant))
            _write_private(scratch / "requirements.in", _lines(asked.requirements, url))
            _write_private(scratch / "constraints.in", _lines(asked.constraints, url))
            answer = run_uv(_arguments(asked, python), watch, folder=scratch, doing="resolving", extra=_LIMITS)
            if answer.code != 0:
                raise diagnose(answer.words, python=python.version)
            pylock = (scratch / "pylock.toml").read_text(encoding="utf-8")
        if grant.reveal() in pylock or f"{_USER}:" in pylock:
            raise InternalError("the resolver wrote the build's grant into its lock; nothing was sent")
        return ResolvedLock(pylock, python.minor, python.platform, tags=python.tags, resolver=uv_version())


def _arguments(asked: ResolutionView, python: Interpreter) -> list[str]:
    return [
        *("pip", "compile", "requirements.in", "--constraints", "constraints.in"),
        *("--config-file", "uv.toml", "--cache-dir", "cache", "--python", str(python.path)),
        *("--no-build", "--no-python-downloads", "--no-header", "--output-file", "pylock.toml"),
        *(("--prerelease", "allow") if asked.prerelease else ()),
        *("--quiet", "--color", "never"),
    ]


def _configuration(index_url: str, url: str, grant: Secret) -> str:
    """The configuration for uv: the build's index as the only one. A JSON string is a TOML string."""
    there = SafeUrl.parse(_rehome(index_url, url))
    with_grant = SafeUrl(
        scheme=there.scheme,
        host=there.host,
        port=there.port,
        path=there.path,
        username=_USER,
        password=grant,
        query=there.query,
        fragment="",
    )
    return f'[[index]]\nurl = {json.dumps(with_grant.reveal())}\ndefault = true\nauthenticate = "always"\n'


def _rehome(text: str, url: str) -> str:
    """`text`, a URL of the server, under the authority that this node uses."""
    wanted, given = SafeUrl.parse(url), SafeUrl.parse(text)
    return f"{wanted.scheme}://{wanted.netloc}{given.path}"


def _lines(lines: list[str], url: str) -> str:
    home = SafeUrl.parse(url)
    authority = f"{home.scheme}://{home.netloc}"
    return "".join(_WHEEL_URL.sub(lambda match: authority + match["path"], line) + "\n" for line in lines)


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
