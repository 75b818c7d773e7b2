"""An HTML index page (PEP 503) as files, by pypi-simple; most private feeds speak nothing else."""

from collections.abc import Iterator
from importlib import import_module
from urllib.parse import unquote, urlsplit

from wheelkeep.server.index.model import ProjectFile

__all__ = ["read_html_files", "warm_up"]


def warm_up() -> None:
    """Load the parser: for a thread, after the server has begun to listen, so that no request waits for it."""
    import_module("pypi_simple")


def read_html_files(data: bytes, *, project: str, url: str) -> Iterator[ProjectFile]:
    """The links of the page, resolved against `url` or the page's own `<base>`, unchecked.

    Raises:
        ValueError: the page is of a greater major version of the API, or cannot be read.
    """
    from pypi_simple import ProjectPage, UnsupportedRepoVersionError  # noqa: PLC0415 - 0.2 s of imports; see warm_up

    try:
        page = ProjectPage.from_html(project, data, base_url=url)
    except UnsupportedRepoVersionError:
        raise ValueError("its API version is not 1") from None
    except (ValueError, AssertionError, RecursionError):  # what its HTML parser raises for some broken mark-up
        raise ValueError("its HTML cannot be read") from None
    for package in page.packages:
        metadata = (package.metadata_digests or {}).get("sha256")
        yield ProjectFile(
            filename=unquote(urlsplit(package.url).path.rpartition("/")[2]),
            url=package.url,
            sha256=package.digests.get("sha256"),
            size=None,
            requires_python=package.requires_python,
            core_metadata=metadata or bool(package.has_metadata),
            yanked=(package.yanked_reason or True) if package.is_yanked else False,
        )
