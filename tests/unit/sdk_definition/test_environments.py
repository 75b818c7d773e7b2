"""`Environment` as an object: its sections, its copies, its folder, and the definition that it asks for."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from wheelkeep.definition.model import Definition
from wheelkeep.errors import ConflictError, NotFoundError, RequestError
from wheelkeep.sdk.conda_dependencies import CondaDependencies
from wheelkeep.sdk.environment import Environment

CANARY = "s3cr3tCanary0123456789"


def filled(name: str = "my-env") -> Environment:
    environment = Environment(name)
    environment.python.conda_dependencies.add_pip_package("acme==1")
    environment.python.conda_dependencies.set_python_version("3.11")
    environment.environment_variables["A"] = "b"
    environment.docker.base_image = "image:1"
    environment.spark = {"packages": ["x"]}
    return environment


def test_a_new_environment_asks_for_nothing() -> None:
    assert Environment("n").definition().digest == Definition().digest


def test_what_is_written_is_asked_for() -> None:
    assert filled().definition().to_json() == {
        "python": "3.11",
        "requirements": ["acme==1"],
        "channels": ["conda-forge"],
        "name": "project_environment",
        "environment_variables": {"A": "b"},
        "extras": {"docker": {"baseImage": "image:1"}, "spark": {"packages": ["x"]}},
    }


def test_a_definition_makes_an_environment_that_asks_for_the_same() -> None:
    definition = Definition.from_json(
        {**filled().definition().to_json(), "constraints": ["x<2"], "options": ["--pre"], "conda_packages": ["pip=23"]}
    )
    made = Environment.from_definition(definition, name="n", version=3)
    assert (made.name, made.version) == ("n", 3)
    assert made.definition() == definition


def test_a_typing_mistake_fails_where_it_is_made() -> None:
    environment = filled()
    targets: list[object] = [environment, environment.python, environment.docker, environment.docker.platform]
    for target in targets:
        with pytest.raises(AttributeError):
            setattr(target, "conda_dependancies", 1)  # noqa: B010  # mypy would refuse the plain form, as it should
    with pytest.raises(TypeError):
        environment.python.conda_dependencies = "numpy"  # type: ignore[assignment]
    with pytest.raises(TypeError, match="Environment name expected str, int found"):
        Environment(3)  # type: ignore[arg-type]


def test_a_clone_shares_nothing() -> None:
    original = filled()
    original.version = 4
    before = original.definition()
    copied = original.clone("other")
    assert (copied.name, copied.version, copied.definition()) == ("other", None, before)
    copied.python.conda_dependencies.add_pip_package("more")
    copied.environment_variables["C"] = "d"
    assert copied.spark is not None
    copied.spark["y"] = 1
    assert original.definition() == before
    assert original.version == 4
    with pytest.raises(RequestError):
        original.clone("")


def test_a_definition_shares_nothing_with_the_object() -> None:
    environment = filled()
    definition = environment.definition()
    made = Environment.from_definition(definition, name="n")
    for changed in (environment, made):
        assert changed.spark is not None
        changed.spark["packages"] = ["other"]
    assert definition.extras["spark"] == {"packages": ["x"]}


def test_setting_one_image_source_takes_the_others_away() -> None:
    docker = Environment("n").docker
    docker.base_image = "image:1"
    docker.base_dockerfile = "FROM x"
    assert docker.to_json()["baseImage"] is None
    docker.build_context = {"location": "."}
    assert docker.to_json()["baseDockerfile"] is None


def test_a_requirements_file_is_read_and_not_copied(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("# comment\n\nacme==1  # why\n-r sub/more.txt\n-c limits.txt\n--pre\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "more.txt").write_text("b>2\n")
    (tmp_path / "limits.txt").write_text("c<3\n")
    environment = Environment.from_pip_requirements("n", tmp_path / "requirements.txt", pip_version="23.1")
    dependencies = environment.python.conda_dependencies
    assert dependencies.pip_packages == ["acme==1", "b>2"]
    assert dependencies.pip_options == ["--pre"]
    assert dependencies.conda_packages == ["pip=23.1"]
    dependencies.set_pip_option("--no-index")
    definition = environment.definition()
    assert definition.python is None
    assert [line.text for line in definition.constraints] == ["c<3"]


def test_a_conda_file_makes_an_environment_and_need_not_pin_python(tmp_path: Path) -> None:
    (tmp_path / "c.yml").write_text("name: x\ndependencies:\n- pip:\n  - -r r.txt\n")
    (tmp_path / "r.txt").write_text("foo\n")
    definition = Environment.from_conda_specification("n", tmp_path / "c.yml").definition()
    assert (definition.python, [line.text for line in definition.requirements]) == (None, ["foo"])


@pytest.mark.parametrize("make", [Environment.from_pip_requirements, Environment.from_conda_specification])
def test_a_missing_file_is_named(make: object, tmp_path: Path) -> None:
    assert callable(make)
    with pytest.raises(NotFoundError, match="missing"):
        make("n", tmp_path / "missing")


def test_a_folder_is_read_back_to_an_equal_environment(tmp_path: Path) -> None:
    (tmp_path / "r.txt").write_text("acme==1\n-c c.txt\n")
    (tmp_path / "c.txt").write_text("b<2\n")
    environment = Environment.from_pip_requirements("n", tmp_path / "r.txt")
    environment.version = 7
    environment.environment_variables["A"] = "b"
    environment.docker.base_dockerfile = "FROM x\n"
    environment.save_to_directory(tmp_path / "saved")
    loaded = Environment.load_from_directory(tmp_path / "saved")
    assert loaded.definition() == environment.definition()
    assert (loaded.name, loaded.version, repr(loaded)) == ("n", 7, repr(environment))


def test_saving_again_leaves_nothing_stale(tmp_path: Path) -> None:
    (tmp_path / "r.txt").write_text("acme==1\n-c c.txt\n")
    (tmp_path / "c.txt").write_text("b<2\n")
    first = Environment.from_pip_requirements("n", tmp_path / "r.txt")
    first.docker.base_dockerfile = "FROM x"
    first.save_to_directory(tmp_path / "saved")
    with pytest.raises(ConflictError):
        filled().save_to_directory(tmp_path / "saved")
    filled().save_to_directory(tmp_path / "saved", overwrite=True)
    names = sorted(path.name for path in (tmp_path / "saved").iterdir())
    assert names == ["azureml_environment.json", "conda_dependencies.yml"]
    assert Environment.load_from_directory(tmp_path / "saved").docker.base_image == "image:1"


def test_azures_own_folder_is_read(tmp_path: Path) -> None:
    settings: dict[str, object] = {
        "name": "AzureML-minimal",
        "version": "12",
        "environmentVariables": {"EXAMPLE_ENV_VAR": "EXAMPLE_VALUE"},
        "python": {
            "userManagedDependencies": False,
            "interpreterPath": "python",
            "condaDependenciesFile": None,
            "baseCondaEnvironment": None,
            "condaDependencies": {"name": "e", "dependencies": ["python=3.10", {"pip": ["foo"]}], "channels": ["x"]},
        },
        "docker": {"baseImage": "mcr.test/a:1", "baseDockerfile": None, "baseImageRegistry": {"address": None}},
        "spark": {"repositories": []},
        "inferencingStackVersion": None,
        "assetId": "azureml://x",
    }
    (tmp_path / "azureml_environment.json").write_text(json.dumps(settings))
    loaded = Environment.load_from_directory(tmp_path)
    definition = loaded.definition()
    assert (loaded.name, loaded.version, loaded.asset_id) == ("AzureML-minimal", 12, "azureml://x")
    assert (definition.python, definition.environment_variables) == ("3.10", {})
    assert definition.extras["docker"] == {"baseImage": "mcr.test/a:1"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"python": 3}',
        '{"docker": {"baseImage": 3}}',
        '{"docker": {"platform": []}}',
        '{"docker": {"arguments": "x"}}',
        '{"name": []}',
        '{"spark": 3}',
        '{"python": {"condaDependencies": {"nonsense": 1}}}',
        "[" * 5000,
    ],
)
def test_a_malformed_folder_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "azureml_environment.json").write_text(text)
    with pytest.raises(RequestError):
        Environment.load_from_directory(tmp_path)


def test_a_folder_without_an_environment_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"azureml_environment\.json"):
        Environment.load_from_directory(tmp_path)


def test_a_registry_password_is_printed_nowhere_saved_nowhere_and_asked_for_by_nobody(tmp_path: Path) -> None:
    environment = filled()
    environment.docker.base_image_registry.address = "acr.test"
    environment.docker.base_image_registry.password = CANARY
    assert CANARY not in repr(environment) + str(environment) + repr(environment.docker)
    with pytest.raises(RequestError) as caught:
        environment.definition()
    assert caught.value.code == "secret_in_definition"
    assert 'category="ContainerRegistry", target="https://acr.test"' in caught.value.hint
    with pytest.raises(RequestError):
        environment.save_to_directory(tmp_path / "saved")
    assert not (tmp_path / "saved").exists()


def test_it_prints_as_azures_does() -> None:
    assert str(Environment("x")) == "Environment(Name: x,\nVersion: None)"
    assert json.loads(repr(filled()))["docker"]["baseImage"] == "image:1"


def test_dependencies_are_given_as_one_object() -> None:
    dependencies = CondaDependencies.create(pip_packages=["a"])
    environment = Environment("n")
    environment.python.conda_dependencies = dependencies
    dependencies.add_pip_package("b")
    assert [line.text for line in environment.definition().requirements] == ["a", "b"]


def test_the_objects_load_no_server_library() -> None:
    code = "import sys, wheelkeep.sdk.environment; print(sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for library in ("sqlalchemy", "starlette", "aiohttp", "obstore", "cryptography", "pydantic"):
        assert f"'{library}'" not in done.stdout
