"""What uv's words mean: from its exit text to one of our errors, with what to do about it. Pure.

uv has no machine-readable failure, so its sentences are matched; the table of tests is made of real answers of the
pinned uv, and the scenario that produces each stands beside it. What the server itself saw of an origin (a 401, a
host that is away) says more than uv can know and replaces this at the work's end. Read next: `resolver.py`.
"""

import re
from collections.abc import Callable

from wheelkeep.errors import (
    AuthenticationError,
    DeniedError,
    IntegrityError,
    NotFoundError,
    RequestError,
    ResolutionError,
    UnreachableError,
    UpstreamError,
    WheelkeepError,
)
from wheelkeep.node.folder import disk_full

__all__ = ["diagnose"]

_EXPLANATION_CHARACTERS = 1500
_LAST_LINES = 3

_Reading = Callable[[re.Match[str], str], WheelkeepError]


def diagnose(words: str, *, python: str) -> WheelkeepError:
    """The error that uv's `words` (stderr) tell.

    Args:
        words: all that uv said.
        python: the interpreter's version, for hints.
    """
    flat = re.sub(r"\s+", " ", words)
    for pattern, read in _TABLE:
        match = pattern.search(flat)
        if match:
            error = read(match, python)
            explanation = _explanation(words)
            if explanation and isinstance(error, ResolutionError):
                error.detail["explanation"] = explanation
            return error
    last = "; ".join(words.strip().splitlines()[-_LAST_LINES:]) or "it said nothing"
    return ResolutionError(f"the resolver failed: {last[:400]}", hint="the build's log has all that it said")


def _explanation(words: str) -> str:
    _, _, cause = words.partition("cause: ")
    return re.sub(r"\s+", " ", cause.partition("\n\n")[0]).strip()[:_EXPLANATION_CHARACTERS]


def _resolution(code: str, message: str, hint: str, *, project: str = "") -> ResolutionError:
    return ResolutionError(message, code=code, hint=hint, detail={"project": project} if project else None)


def _project(text: str) -> str:
    return re.split(r"[=<>!~\[ ]", text, maxsplit=1)[0]


def _no_such_package(match: re.Match[str], _python: str) -> WheelkeepError:
    name = match["name"]
    needed = re.search(rf"(?:all versions of )?(\S+) depends? on {re.escape(name)}", match.string)
    by = f", which {needed[1]} needs," if needed else ""
    return _resolution(
        "no_such_package",
        f"{name}{by} is in none of the build's origins",
        "check the name; a private package needs its feed in the environment's pip options, "
        "or a wheel in the workspace",
        project=name,
    )


def _conflict(match: re.Match[str], _python: str) -> WheelkeepError:
    return _exclusion(_first_reason(match))


def _conflict_with_asked(match: re.Match[str], _python: str) -> WheelkeepError:
    """A requirement of the definition against one that a package brings; uv tells the two in two sentences."""
    return _exclusion(f"{_first_reason(match)}, and you require {match['asked'].rstrip(',')}")


def _first_reason(match: re.Match[str]) -> str:
    return match[0].removeprefix("Because ").partition(", we can conclude")[0].strip()[:300]


def _exclusion(why: str) -> WheelkeepError:
    return _resolution(
        "conflicting_requirements",
        f"the requirements exclude each other: {why}",
        "loosen one of them; the build's log says how each came in",
    )


def _wrong_python(match: re.Match[str], python: str) -> WheelkeepError:
    name = _project(match["name"])
    return _resolution(
        "wrong_python",
        f"{match['name']} needs Python {match['needs']}, and the environment has {python}",
        f"ask for another Python (set_python_version), or for a version of {name} that supports {python}",
        project=name,
    )


def _wrong_abi(match: re.Match[str], python: str) -> WheelkeepError:
    name = _project(match["name"])
    return _resolution(
        "wrong_python",
        f"{match['name']} has no wheel for Python {python}",
        f"ask for another Python (set_python_version), or for a version of {name} with wheels for it",
        project=name,
    )


def _wrong_platform(match: re.Match[str], _python: str) -> WheelkeepError:
    name = _project(match["name"])
    there = re.search(r"on the following platforms?: (?P<there>[^.]+)", match.string)
    only = f"; there are wheels for {there['there'].strip()}" if there else ""
    return _resolution(
        "wrong_platform",
        f"{match['name']} has no wheel for this node's platform{only}",
        "build on a node of that platform, or take a version with wheels for this one",
        project=name,
    )


def _source_only(match: re.Match[str], _python: str) -> WheelkeepError:
    name = _project(match["name"])
    return _resolution(
        "source_only",
        f"{match['name']} exists as a source distribution only",
        f"build a wheel of it (`pip wheel {name}`) and add it to the workspace: `wheelkeep wheel add`",
        project=name,
    )


def _yanked(match: re.Match[str], _python: str) -> WheelkeepError:
    name = _project(match["name"])
    return _resolution(
        "no_matching_version",
        f"{match['name']} was yanked ({match['reason']})",
        f"choose another version, or ask for exactly this one: {match['name']}",
        project=name,
    )


def _no_matching_version(match: re.Match[str], _python: str) -> WheelkeepError:
    name = _project(match["name"])
    only = re.search(rf"only (?:the following versions of )?({re.escape(name)}\S*)", match.string)
    there = f" (there is {only[1].rstrip(':')})" if only and only[1].rstrip(":") != name else ""
    return _resolution(
        "no_matching_version",
        f"no version of {name} fits {match['name']}{there}",
        "correct the version; pre-releases count only when asked for",
        project=name,
    )


def _bad_file(match: re.Match[str], _python: str) -> WheelkeepError:
    return _resolution(
        "resolution_failed",
        f"the file of {match['name']} is no readable wheel",
        "its origin serves a damaged file: upload it again there",
        project=_project(match["name"]),
    )


def _origin_failed(match: re.Match[str], _python: str) -> WheelkeepError:
    said = re.search(r"Server message: (?P<said>.*?) cause:", match.string)
    return UpstreamError(
        f"the page or file of {match['name']} could not be had: {said['said'] if said else match['status']}",
        code="feed_failed",
        hint="look at the origin; nothing falls through to another one",
        detail={"project": match["name"]},
    )


def _hash_mismatch(match: re.Match[str], _python: str) -> WheelkeepError:
    return IntegrityError(
        f"the file of {match['name']} has another sha256 than announced",
        code="hash_mismatch",
        hint="the file was changed at its origin, or on the way: compare both before trusting it",
        detail={"project": _project(match["name"])},
    )


def _requirement(match: re.Match[str], _python: str) -> WheelkeepError:
    return RequestError(
        f"a requirement cannot be read: {match['why'].strip()[:200]}",
        code="invalid_requirement",
        hint="requirements are written as in PEP 508: name[extra]==1.0; marker",
    )


def _renamed(match: re.Match[str], _python: str) -> WheelkeepError:
    return RequestError(
        f"the requirement {match['asked']} names a wheel of {match['found']}",
        code="invalid_requirement",
        hint=f"write it as {match['found']} @ URL",
    )


def _missing_file(match: re.Match[str], _python: str) -> WheelkeepError:
    return NotFoundError(
        f"the workspace does not hold the wheel of {match['name']}",
        code="unknown_wheel",
        hint="add it again with `wheelkeep wheel add`, and use the URL that it answers",
    )


def _grant(_match: re.Match[str], _python: str) -> WheelkeepError:
    return AuthenticationError("the build's grant is no longer valid", code="token_invalid", hint="build again")


def _denied(_match: re.Match[str], _python: str) -> WheelkeepError:
    return DeniedError("the build may not read its own index", code="denied", hint="build again, as a contributor")


def _away(_match: re.Match[str], _python: str) -> WheelkeepError:
    return UnreachableError("the Wheelkeep server went away while resolving", code="server_unreachable")


def _full(_match: re.Match[str], _python: str) -> WheelkeepError:
    return disk_full("the packages")


_NAME = r"(?P<name>[A-Za-z0-9][\w.+!=<>~-]*)"

_TABLE: tuple[tuple[re.Pattern[str], _Reading], ...] = tuple(
    (re.compile(pattern), read)
    for pattern, read in (
        (r"os error 28|os error 122|No space left on device", _full),
        (r"due to a lack of valid authentication credentials|401 Unauthorized", _grant),
        (r"403 Forbidden", _denied),
        (
            rf"Failed to fetch: \S+?/(?:simple|files)/{_NAME}/.*HTTP status server error \((?P<status>[^)]*)\)",
            _origin_failed,
        ),
        (
            r"client error \(Connect\)|error sending request|connection closed|error decoding response body|dns error",
            _away,
        ),
        (rf"Failed to download `{_NAME}[^`]*`.*404 Not Found", _missing_file),
        (rf"Hash mismatch for `{_NAME}[^`]*`", _hash_mismatch),
        (r"Couldn't parse requirement in \S+ at position \d+ cause: (?P<why>.*)", _requirement),
        (r"Requested package name `(?P<asked>[^`]*)` does not match `(?P<found>[^`]*)`", _renamed),
        (rf"Because {_NAME} was not found in the package registry", _no_such_package),
        (rf"{_NAME} was not found in the (?:package registry|cache|provided package locations)", _no_such_package),
        (r"Because you require \S+ and \S+, we can conclude that your requirements are unsatisfiable", _conflict),
        (rf"does not satisfy Python.*?{_NAME} depends on Python(?P<needs>[\w.,<>=!~]*[\w.])", _wrong_python),
        (rf"Because {_NAME} requires Python (?P<needs>[\w.,<>=!~]*[\w.])", _wrong_python),
        (rf"{_NAME} has no wheels with a matching Python (?:ABI|version|implementation) tag", _wrong_abi),
        (rf"{_NAME} has no wheels with a matching platform tag", _wrong_platform),
        (rf"{_NAME} has no usable wheels", _source_only),
        (rf"Wheels are required for `{_NAME}` because building from source is disabled", _source_only),
        (rf"{_NAME} has an invalid package format", _bad_file),
        (rf"{_NAME} was yanked \(reason: (?P<reason>[^)]*)\)", _yanked),
        (rf"there (?:is|are) no versions? of {_NAME}", _no_matching_version),
        (rf"only \S+ is available and you require {_NAME},", _no_matching_version),
        (
            r"Because [^:]*? depends? on (?P<name>[\w.-]+)[<=>!~].* because you require (?P<asked>(?P=name)[<=>!~]\S*)",
            _conflict_with_asked,
        ),
        (r"Because [^:]*?are incompatible", _conflict),
        (rf"is available and \S+ depends on {_NAME},", _no_matching_version),
    )
)
