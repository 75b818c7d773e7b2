"""The real public index, as this machine is told it: packages that everybody knows, beside a private wheel."""

import pytest
from pypi_simple import PYPI_SIMPLE_ENDPOINT

from wheelkeep import Environment
from wheelkeep.settings import machine_index_url
from wheelkeep.testing.user import User
from wheelkeep.testing.wheels import build_wheel
from wheelkeep.testing.workspaces import Places, opened

pytestmark = [pytest.mark.servers, pytest.mark.public, pytest.mark.slow]


def test_public_packages_and_a_private_wheel_are_locked_together_and_run(places: Places) -> None:
    index = machine_index_url() or PYPI_SIMPLE_ENDPOINT
    with opened(places, public_index=index) as workspace:
        user = User(workspace, places.project)
        wheel = build_wheel(places.root / "dist", "needs-public", requires=["idna>=3"])
        url = Environment.add_private_pip_wheel(workspace=workspace, file_path=wheel)
        environment = user.build("mixed", [url, "six"])

        run = user.submit(environment, "import idna, needs_public, six; print('all three')")
        run.wait_for_completion()

        assert "all three\n" in run.get_all_logs()
        assert user.lines(environment).count('origin = "public"') == 2
