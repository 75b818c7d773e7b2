"""From which one origin a name comes, and whether the name is bound to it: pure, so that attacks are rows of a table.

The attacks: `acme-train 99.0` on the public index beats the private 1.0 where indexes are merged by version; it is
taken while the private feed is down where clients fall through; and it is taken for ever once the feed loses the name
or a definition forgets to list the feed. So: the first origin that has the name answers alone, an origin that cannot
say stops the search, and a name that a private origin served with files of its own is bound to that origin.
Sources: contract §3.2, "Dependency confusion is closed by default"; PEP 766, "index priority".
"""

from collections.abc import Sequence
from dataclasses import dataclass

from packaging.utils import NormalizedName

from wheelkeep.errors import UpstreamError, WheelkeepError
from wheelkeep.server.index.model import ProjectPage
from wheelkeep.server.store.workspace_index import WORKSPACE_ORIGIN

__all__ = ["Bind", "Binding", "Heard", "Keep", "Unbind", "decide", "plan_binding"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """A name that belongs to a private origin. `provisional`: the public index could not be asked at that time."""

    project: NormalizedName
    origin: str
    provisional: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What one origin said about a name: a page, an error, or neither: it does not have the name."""

    origin: str
    is_private: bool
    page: ProjectPage | None = None
    error: WheelkeepError | None = None


@dataclass(frozen=True, slots=True)
class Bind:
    """From now on the name is bound to `origin`."""

    origin: str
    provisional: bool


@dataclass(frozen=True, slots=True)
class Unbind:
    """The name was bound provisionally, and turned out to be a mirror's."""


@dataclass(frozen=True, slots=True)
class Keep:
    """Nothing changes."""


def decide(project: NormalizedName, heard: Sequence[Heard], bound: Binding | None) -> Heard | None:
    """The one origin that answers for `project`, or None when none has it.

    Args:
        project: the name.
        heard: what the origins said, in their order: the workspace, feeds with a connection, other feeds, public.
            It may end with the first page or error, because nothing after that counts.
        bound: to what the name is bound, if it is.

    Raises:
        WheelkeepError: an origin could not say, before any had the name.
        UpstreamError: `feed_lost_package`: the name is bound, and another origin than its own would answer, or none.
    """
    for one in heard:
        if one.error is not None:
            raise one.error
        if one.page is not None:
            if bound is not None and not _may_answer(one, bound):
                raise _lost(project, bound, instead=one.origin)
            return one
    if bound is not None:
        raise _lost(project, bound)
    return None


def _may_answer(one: Heard, bound: Binding) -> bool:
    """Whether `one` may answer for a bound name: its own origin, or a wheel that a publisher put into the workspace.

    Another private feed may not: whoever adds a connection would take the name over without a word.
    """
    if one.origin in {bound.origin, WORKSPACE_ORIGIN}:
        return True
    return one.is_private and bound.provisional


def _lost(project: NormalizedName, bound: Binding, *, instead: str | None = None) -> UpstreamError:
    detail: dict[str, str | int | bool] = {"project": project, "origin": bound.origin}
    kind, _, name = bound.origin.partition(":")
    if kind == "connection":
        detail["connection"] = name
        hint = (
            f"is the feed of connection {name!r} among the definition's index URLs, and does it still have {project}? "
            f"To let the name come from elsewhere: `wheelkeep policy release {project}`"
        )
    else:
        hint = (
            f"upload a wheel of {project} again, or let the name come from elsewhere: "
            f"`wheelkeep policy release {project}`"
        )
    offered = "which does not offer it here" if instead is None else f"and here {instead} offers it"
    return UpstreamError(
        f"{project} belongs to {bound.origin}, {offered}; it is not taken from anywhere else",
        code="feed_lost_package",
        hint=hint,
        detail=detail,
    )


def plan_binding(chosen: Heard, public: Heard | None, bound: Binding | None) -> Bind | Unbind | Keep:
    """What the answer of a private origin means for the name.

    Args:
        chosen: the origin that answers.
        public: what the public index said, or None when it was not asked or did not answer in time.
        bound: to what the name is bound now.
    """
    if not chosen.is_private or chosen.page is None:
        return Keep()
    certain = bound is not None and not bound.provisional
    if bound is not None and certain and bound.origin == chosen.origin:
        return Keep()
    if public is None or public.error is not None:
        already = bound is not None and bound.origin == chosen.origin
        return Keep() if already else Bind(chosen.origin, provisional=not certain)
    if not certain and _is_mirror(chosen.page, public.page):
        return Unbind() if bound is not None else Keep()
    return Bind(chosen.origin, provisional=False)


def _is_mirror(private: ProjectPage, public: ProjectPage | None) -> bool:
    """Whether every file of `private` is, byte for byte by its sha256, also a file of `public`."""
    if public is None or not private.files:
        return False
    known = {file.sha256 for file in public.files}
    return all(file.sha256 is not None and file.sha256 in known for file in private.files)
