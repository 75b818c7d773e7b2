"""Which workspace is meant (contract §8)."""

import json
from pathlib import Path

import pytest

from wheelkeep.errors import RequestError
from wheelkeep.sdk.location import EmbeddedLocation, ServerLocation, find_location, read_config
from wheelkeep.settings import ClientSettings


def settings(**values: str) -> ClientSettings:
    return ClientSettings.read({f"WHEELKEEP_{name.upper()}": value for name, value in values.items()})


def write(path: Path, config: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(config if isinstance(config, str) else json.dumps(config), encoding="utf-8")
    return path


def test_flags_come_before_everything(tmp_path: Path) -> None:
    write(tmp_path / ".wheelkeep" / "config.json", {"path": ".wheelkeep"})
    given = settings(url="https://env.example", home=str(tmp_path / "home"))

    assert find_location(given, start=tmp_path, url="https://flag.example") == ServerLocation(
        "https://flag.example", "default"
    )
    assert find_location(given, start=tmp_path, home=tmp_path / "flag") == EmbeddedLocation(
        tmp_path / "flag", "default"
    )


def test_the_url_variable_comes_before_the_home_variable(tmp_path: Path) -> None:
    given = settings(url="https://env.example", home=str(tmp_path), workspace="team")

    assert find_location(given, start=tmp_path) == ServerLocation("https://env.example", "team")


def test_the_home_variable_comes_before_a_config_file(tmp_path: Path) -> None:
    write(tmp_path / "config.json", {"url": "https://file.example"})

    assert find_location(settings(home=str(tmp_path / "h")), start=tmp_path) == EmbeddedLocation(
        tmp_path / "h", "default"
    )


@pytest.mark.parametrize("folder", [".wheelkeep", ".azureml", "."])
def test_a_config_file_is_found_here_and_in_parents(tmp_path: Path, folder: str) -> None:
    write(tmp_path / folder / "config.json", {"url": "https://file.example", "workspace": "team"})
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)

    assert find_location(settings(), start=deep) == ServerLocation("https://file.example", "team")


def test_a_path_is_relative_to_the_folder_that_holds_the_config(tmp_path: Path) -> None:
    path = write(tmp_path / ".wheelkeep" / "config.json", {"path": ".wheelkeep"})

    assert read_config(path) == EmbeddedLocation(tmp_path / ".wheelkeep", "default")


@pytest.mark.parametrize(
    "config",
    [
        {"subscription_id": "s", "resource_group": "g", "workspace_name": "w"},
        {
            "Id": None,
            "Scope": "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w",
        },
    ],
)
def test_azures_own_shapes_open_a_workspace_beside_the_file(tmp_path: Path, config: dict[str, object]) -> None:
    path = write(tmp_path / ".azureml" / "config.json", config)

    assert read_config(path) == EmbeddedLocation(tmp_path / ".wheelkeep", "default")


def test_a_wheelkeep_key_in_azures_file_wins(tmp_path: Path) -> None:
    path = write(tmp_path / "config.json", {"workspace_name": "w", "wheelkeep": {"url": "https://own.example"}})

    assert read_config(path) == ServerLocation("https://own.example", "default")


@pytest.mark.parametrize("text", ["", "[]", "{", '"x"', "{}", '{"wheelkeep": 1}'])
def test_a_config_file_that_names_nothing_says_so(tmp_path: Path, text: str) -> None:
    path = write(tmp_path / "config.json", text)

    with pytest.raises(RequestError) as caught:
        read_config(path)

    assert caught.value.code == "invalid_setting"


def test_nothing_found_names_the_command_that_makes_one(tmp_path: Path) -> None:
    with pytest.raises(RequestError) as caught:
        find_location(settings(), start=tmp_path)

    assert caught.value.code == "workspace_not_found"
    assert "wheelkeep init" in caught.value.hint
