"""From the setting `WHEELKEEP_OBJECTS_URL` to a store."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from obstore.store import MemoryStore

from wheelkeep.errors import RequestError
from wheelkeep.files import remove_tree
from wheelkeep.server.blobs.folder import FolderBlobs
from wheelkeep.server.blobs.object_store import ObjectStoreBlobs
from wheelkeep.server.blobs.protocol import Blobs

__all__ = ["open_blobs", "sweep_staging"]

_LATER = frozenset({"az", "azure", "abfs", "abfss", "adl", "s3", "s3a", "gs", "gcs"})


def open_blobs(url: str, staging: Path) -> Blobs:
    """The store at `url`, with what a killed server left in `staging` swept.

    Args:
        url: `file:///folder`, or `memory://` for a store that dies with the process.
        staging: a local folder of this server alone.

    Raises:
        RequestError: `unsupported` for the object stores that are not tried yet, `invalid_setting` for other URLs.
    """
    parts = urlsplit(url)
    sweep_staging(staging)
    if parts.scheme == "file" and parts.netloc in {"", "localhost"} and parts.path.startswith("/"):
        return FolderBlobs(Path(unquote(parts.path)), staging)
    if parts.scheme == "memory":
        return ObjectStoreBlobs(MemoryStore(), staging)
    if parts.scheme in _LATER:
        raise RequestError(
            f"{parts.scheme}:// as the object store is not supported yet",
            code="unsupported",
            hint="use file:///folder for now; the layout is the same, so the objects can be copied later",
        )
    raise RequestError(
        "WHEELKEEP_OBJECTS_URL is no URL of an object store",
        code="invalid_setting",
        hint="write it as file:///srv/wheelkeep/objects",
    )


def sweep_staging(staging: Path) -> None:
    """Remove what is left of files that were being received when the server was killed.

    Side effects: `staging` is made when missing, and empty afterwards.
    """
    staging.mkdir(parents=True, exist_ok=True)
    for left in staging.iterdir():
        if left.is_dir() and not left.is_symlink():
            remove_tree(left)
        else:
            left.unlink(missing_ok=True)
