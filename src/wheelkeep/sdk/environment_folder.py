"""The folder that an environment is saved to and read from, in Azure's layout.

`azureml_environment.json` (the sections), `conda_dependencies.yml` (the packages), `BaseDockerfile` when there is one,
and `constraints.txt`, which pip and conda understand when the conda file names it. Files of an earlier save that no
longer belong are removed: a stale BaseDockerfile would win on the next load. Source: `reference/azure.md` §1.1, §1.5.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from wheelkeep.errors import ConflictError, NotFoundError, RequestError, error_from
from wheelkeep.files import write_atomically

__all__ = [
    "CONSTRAINTS_NAME",
    "EnvironmentFolder",
    "folder_reader",
    "named_in_errors",
    "read_environment_folder",
    "read_text",
    "write_environment_folder",
]

_SETTINGS = "azureml_environment.json"
_CONDA = "conda_dependencies.yml"
_DOCKERFILE = "BaseDockerfile"
CONSTRAINTS_NAME = "constraints.txt"
"""The file that a saved conda file includes by `-c`."""
_LARGEST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentFolder:
    """The texts of an environment's folder; `settings` is the JSON form of its sections."""

    settings: Mapping[str, object]
    conda: str | None = None
    dockerfile: str | None = None
    constraints: tuple[str, ...] = field(default=())


def read_text(path: Path) -> str:
    """The text of the file at `path`, UTF-8 with or without a byte order mark, or UTF-16 with one.

    Raises:
        NotFoundError: `file_not_found`.
        RequestError: `invalid_environment`: it is no text, or larger than 1 MiB.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(_LARGEST_BYTES + 1)
    except OSError as error:
        raise NotFoundError(
            f"{path} cannot be read: {error.strerror}", code="file_not_found", hint="give the path of a file"
        ) from None
    if len(data) > _LARGEST_BYTES:
        raise RequestError(f"{path} is larger than 1 MiB", code="invalid_environment", hint="give a smaller file")
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        raise RequestError(f"{path} is no UTF-8 text", code="invalid_environment", hint="save it as UTF-8") from None


@contextmanager
def named_in_errors(path: Path) -> Iterator[None]:
    """Let an error about the content of the file at `path` begin with its name.

    Raises:
        WheelkeepError: the error, its name in front.
    """
    try:
        yield
    except RequestError as error:
        message = f"{path}: {error.message}"
        raise error_from(error.code, message, hint=error.hint, detail=error.detail) from None


def folder_reader(folder: Path) -> Callable[[str], str]:
    """What reads the files that a requirements file includes, by their paths relative to `folder`."""

    def read(path: str) -> str:
        return read_text(folder / path)

    return read


def write_environment_folder(folder: Path, content: EnvironmentFolder, *, overwrite: bool) -> None:
    """Write `content` into `folder`, making it when it is missing.

    Side effects: each file is written whole or not at all; with `overwrite`, files of an earlier save that no longer
    belong are removed, other files stay.

    Raises:
        ConflictError: `already_exists`: the folder is there and `overwrite` is not set.
        OSError: the disk is full or the folder cannot be written.
    """
    if folder.exists() and not overwrite:
        raise ConflictError(
            f"{folder} exists", code="already_exists", hint="set overwrite=True to replace what it holds"
        )
    constraints = "".join(f"{line}\n" for line in content.constraints)
    texts = {_CONDA: content.conda, _DOCKERFILE: content.dockerfile, CONSTRAINTS_NAME: constraints or None}
    for name, text in texts.items():
        if text is None:
            (folder / name).unlink(missing_ok=True)
        else:
            write_atomically(folder / name, text.encode())
    settings = msgspec.json.format(msgspec.json.encode(content.settings), indent=4)
    write_atomically(folder / _SETTINGS, settings + b"\n")


def read_environment_folder(folder: Path) -> EnvironmentFolder:
    """What an environment's folder holds; constraints are not read here, because the conda file names them.

    Raises:
        NotFoundError: `file_not_found`: there is no azureml_environment.json.
        RequestError: `invalid_environment`.
    """
    try:
        settings = msgspec.json.decode(read_text(folder / _SETTINGS), type=dict[str, object])
    except (msgspec.DecodeError, RecursionError) as error:
        raise RequestError(
            f"{folder / _SETTINGS} cannot be read: {error}",
            code="invalid_environment",
            hint="it is the JSON that save_to_directory or `az ml environment download` writes",
        ) from None
    return EnvironmentFolder(
        settings=settings, conda=_read_if_there(folder / _CONDA), dockerfile=_read_if_there(folder / _DOCKERFILE)
    )


def _read_if_there(path: Path) -> str | None:
    return read_text(path) if path.is_file() else None
