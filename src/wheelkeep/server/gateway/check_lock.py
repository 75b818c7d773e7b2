"""The server believes nothing of a lock: every entry is a file that this very build was offered.

The attack: a node that was taken over sends a lock with a file of its own. It is refused, because neither name, nor
file name, nor hash stand on a page that this build was shown. Another: it gives one project's file as another's, which
an origin that it commands offers. It is refused, because the file's own name says whose it is.
"""

from packaging.utils import NormalizedName

from wheelkeep.digest import Digest
from wheelkeep.errors import IntegrityError, NotFoundError
from wheelkeep.server.gateway.session import BuildGateway, Offered
from wheelkeep.server.index.attribution import belongs_to

__all__ = ["check_entry"]


async def check_entry(gateway: BuildGateway, project: NormalizedName, filename: str, *, sha256: str | None) -> Offered:
    """The file that a lock's entry means, when the build was offered it with that hash.

    Args:
        gateway: the build's.
        project: normalised.
        filename: of the wheel.
        sha256: lower-case hex as the lock says, or None when it says none.

    Raises:
        IntegrityError: `lock_mismatch`.
        UpstreamError: the origin of the name cannot say.
    """
    if not belongs_to(filename, project):
        raise _mismatch(f"the lock gives {filename[:200]} as a file of {project}; its name says otherwise", filename)
    try:
        offered = await gateway.offered(project, filename)
    except NotFoundError:
        raise _mismatch(f"no origin offered {filename[:200]} to this build", filename) from None
    announced = offered.file.sha256
    if announced is not None and sha256 != announced:
        says = "no hash" if sha256 is None else str(Digest(sha256)) if len(sha256) == len(announced) else "another"
        raise _mismatch(
            f"the lock says {says} for {filename}, {offered.origin.label} offered sha256:{announced}", filename
        )
    return offered


def _mismatch(message: str, filename: str) -> IntegrityError:
    return IntegrityError(
        message,
        code="lock_mismatch",
        hint="build again; if it happens again, look at the node that sent the lock",
        detail={"filename": filename[:200]},
    )
