"""What `from azureml.core import Run` does in a script, in whatever Python the script has."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from wheelkeep.node.process import SHIM

OLD = Path.home() / ".pyenv" / "versions"
PYTHONS = [Path(sys.executable), *sorted(OLD.glob("3.[89].*/bin/python"))]


def run(python: Path, code: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, "-W", "error", "-c", code],
        env={"PYTHONPATH": str(SHIM), "PATH": os.defpath, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


SCRIPT = """
from azureml.core import Run
from azureml.core.run import Run as Same
assert Run is Same
class Scalar:
    def item(self): return 0.25
with Run.get_context() as run:
    run.log("accuracy", 0.5)
    run.log("scalar", Scalar(), step=3)
    run.log("nan", float("nan"))
    run.log_list("loss", [3, 2])
    run.log_row("row", x=1, y="b")
    run.log_table("table", {"c": [1, 2]})
    run.tag("kind", "test")
    run.upload_file("models/m.txt", __import__("io").BytesIO(b"m"))
    run.complete()
print(run.id, run.experiment.name, run.get_status(), run.get_tags())
"""


@pytest.mark.parametrize("python", PYTHONS, ids=str)
def test_a_script_logs_into_the_runs_folder(python: Path, tmp_path: Path) -> None:
    done = run(
        python, SCRIPT, WHEELKEEP_RUN_FOLDER=str(tmp_path), AZUREML_RUN_ID="r1", AZUREML_ARM_PROJECT_NAME="train"
    )
    assert done.stderr == ""
    assert done.stdout == "r1 train Running {'kind': 'test'}\n"
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [(line["name"], line["value"]) for line in lines if line["kind"] == "metric"] == [
        ("accuracy", 0.5),
        ("scalar", 0.25),
        ("nan", "nan"),
        ("loss", 3),
        ("loss", 2),
        ("row/x", 1),
        ("row/y", "b"),
        ("table/c", 1),
        ("table/c", 2),
    ]
    assert (tmp_path / "uploads" / "models" / "m.txt").read_bytes() == b"m"


def test_outside_a_run_values_are_printed() -> None:
    done = run(Path(sys.executable), "from azureml.core import Run; r = Run.get_context(); r.log('a', 1); print(r.id)")
    assert done.stdout.startswith("Attempted to log scalar metric a:\n1\nOfflineRun_")


def test_outside_a_run_an_offline_one_may_be_refused() -> None:
    done = run(Path(sys.executable), "from azureml.core import Run; Run.get_context(allow_offline=False)")
    assert "RuntimeError: this process is no Wheelkeep run" in done.stderr


def test_other_parts_of_an_installed_azureml_stay_importable(tmp_path: Path) -> None:
    other = tmp_path / "azureml" / "mlflow"
    other.mkdir(parents=True)
    (tmp_path / "azureml" / "__init__.py").write_text(
        "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n"
    )
    (other / "__init__.py").write_text("here = True\n")
    code = "import azureml.mlflow; from azureml.core import Run; print(azureml.mlflow.here, Run.__module__)"
    done = run(Path(sys.executable), code, PYTHONPATH=f"{SHIM}{os.pathsep}{tmp_path}")
    assert done.stdout == "True azureml.core.run\n", done.stderr


def test_what_the_shim_lacks_is_said_clearly() -> None:
    done = run(Path(sys.executable), "from azureml.core import Dataset")
    assert "ImportError" in done.stderr or "AttributeError" in done.stderr
    done = run(Path(sys.executable), "import azureml.core as core; core.Dataset")
    assert "inside a Wheelkeep run azureml.core has Run only" in done.stderr


def test_an_upload_cannot_leave_its_folder(tmp_path: Path) -> None:
    code = "from azureml.core import Run; Run.get_context().upload_file('../x', '/etc/hostname')"
    done = run(Path(sys.executable), code, WHEELKEEP_RUN_FOLDER=str(tmp_path / "run"))
    assert "ValueError" in done.stderr
    assert not (tmp_path / "x").exists()


def test_many_processes_log_whole_lines(tmp_path: Path) -> None:
    code = "from azureml.core import Run; r = Run.get_context(); [r.log('n' * 3000, i) for i in range(200)]"
    env = {"PYTHONPATH": str(SHIM), "WHEELKEEP_RUN_FOLDER": str(tmp_path)}
    writers = [subprocess.Popen([sys.executable, "-c", code], env=env) for _ in range(4)]
    assert [writer.wait(60) for writer in writers] == [0] * 4
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert len([json.loads(line) for line in lines]) == 800
