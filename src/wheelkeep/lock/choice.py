"""Which wheel of a proposed package fits a node: the first in the order of the node's tags.

Source: PEP 425; PEP 427 (a higher build number wins among equals).
"""

from collections.abc import Sequence

from packaging.tags import parse_tag
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from wheelkeep.errors import RequestError, ResolutionError
from wheelkeep.lock.pylock import ProposedFile, ProposedPackage

__all__ = ["choose_wheel"]

_NAMED_IN_A_MESSAGE = 4


def choose_wheel(package: ProposedPackage, tags: Sequence[str]) -> ProposedFile:
    """The wheel of `package` that fits best.

    Args:
        package: what a resolver proposes.
        tags: what the node can run, best first, as `cp311-cp311-manylinux_2_17_x86_64`.

    Raises:
        ResolutionError: `source_only` when there is no wheel at all, `wrong_platform` when none fits.
        RequestError: `invalid_lock`: a wheel's file name is not legal.
    """
    named = f"{package.project} {package.version or ''}".strip()
    detail = {"project": package.project, "version": package.version or ""}
    if not package.wheels:
        raise ResolutionError(
            f"{named} exists only as source",
            code="source_only",
            hint="build its wheel and `wheelkeep wheel add` it, or ask for a version that has wheels",
            detail=detail,
        )
    ranks = {tag: rank for rank, tag in reversed(list(enumerate(tags)))}
    fitting = [(*found, wheel) for wheel in package.wheels if (found := _rank(wheel, ranks)) is not None]
    if not fitting:
        raise ResolutionError(
            f"no wheel of {named} fits this Python and platform",
            code="wrong_platform",
            hint=f"it has wheels for {_platforms(package)}; ask for another version or Python, or upload one that fits",
            detail=detail,
        )
    return min(fitting, key=lambda found: (found[0], found[1], found[2].filename))[2]


def _rank(wheel: ProposedFile, ranks: dict[str, int]) -> tuple[int, tuple[int, str]] | None:
    """How well a wheel fits (less is better), then its build number negated; None when it does not fit."""
    try:
        _, _, build, tags = parse_wheel_filename(wheel.filename)
    except InvalidWheelFilename:
        raise RequestError("a wheel of the lock has no legal file name (PEP 427)", code="invalid_lock") from None
    known = [ranks[str(tag)] for tag in tags if str(tag) in ranks]
    number, suffix = build or (0, "")
    return (min(known), (-number, suffix)) if known else None


def _platforms(package: ProposedPackage) -> str:
    names = sorted(
        {str(tag) for wheel in package.wheels for tag in parse_tag("-".join(wheel.filename[:-4].split("-")[-3:]))}
    )
    more = ", ..." if len(names) > _NAMED_IN_A_MESSAGE else ""
    return ", ".join(names[:_NAMED_IN_A_MESSAGE]) + more
