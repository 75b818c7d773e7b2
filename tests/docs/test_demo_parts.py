"""The parts of the demo that need no workspace: the wheels build without a network, the feed refuses strangers."""

import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

pytestmark = pytest.mark.filterwarnings("ignore:'crypt' is deprecated:DeprecationWarning")  # passlib looks for it

DEMO = Path(__file__).parents[2] / "examples" / "demo"


@pytest.fixture
def demo_modules(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, ModuleType]]:
    """The demo's modules, imported as `python examples/demo/demo.py` does."""
    import importlib  # noqa: PLC0415 - the modules leave sys.modules again

    names = ("demo", "demo_feed", "demo_leaks", "demo_report")
    monkeypatch.syspath_prepend(str(DEMO))
    yield {name: importlib.import_module(name) for name in names}
    for name in names:
        sys.modules.pop(name, None)


def test_the_examples_build_to_wheels_without_a_network(demo_modules: dict[str, ModuleType], tmp_path: Path) -> None:
    examples = DEMO.parent

    wheels = [
        demo_modules["demo"].build_wheel(examples / name, tmp_path / name) for name in ("digit_shapes", "acme_features")
    ]

    assert [wheel.name for wheel in wheels] == [
        "digit_shapes-1.0.0-py3-none-any.whl",
        "acme_features-1.2.0-py3-none-any.whl",
    ]


def test_the_search_of_the_demo_finds_what_it_plants_and_leaves_nothing(
    demo_modules: dict[str, ModuleType], tmp_path: Path
) -> None:
    assert demo_modules["demo_leaks"].finds_planted("feedpat0123456789abcdef", tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.servers
@pytest.mark.enable_socket
def test_the_feed_refuses_strangers_and_stores_its_token_hashed(
    demo_modules: dict[str, ModuleType], tmp_path: Path
) -> None:
    feed = demo_modules["demo_feed"].Feed(tmp_path)
    feed.start()
    try:
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{feed.url}/simple/acme-features/", timeout=5)  # noqa: S310 - http on loopback
        refused.value.close()
        leaks = demo_modules["demo_leaks"].search_leaks(feed.token, tmp_path, [])
    finally:
        feed.stop()

    assert refused.value.code == 401
    assert leaks.files > 0
    assert leaks.hits == ()
