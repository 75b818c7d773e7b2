"""A full disk, said in our words."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from wheelkeep.errors import ResourceError

__all__ = ["disk_faults", "disk_full"]

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def disk_full() -> ResourceError:
    """The error of a full disk."""
    return ResourceError(
        "no space is left on the server's disk",
        code="disk_full",
        hint="free some space or move the data folder (WHEELKEEP_HOME, WHEELKEEP_OBJECTS_URL), then try again",
    )


@contextmanager
def disk_faults() -> Iterator[None]:
    """Turn ENOSPC and EDQUOT into `disk_full`; every other OSError passes.

    Raises:
        ResourceError: `disk_full`.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise disk_full() from error
        raise
