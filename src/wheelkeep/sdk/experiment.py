"""An experiment: a name under which runs are counted, and the door to submit one."""

from wheelkeep.digest import digest_of_file
from wheelkeep.errors import NotFoundError, RequestError
from wheelkeep.names import check_experiment_name
from wheelkeep.sdk.run import Run
from wheelkeep.sdk.script_run_config import ScriptRunConfig
from wheelkeep.sdk.snapshot import pack_folder
from wheelkeep.sdk.workspace import Workspace
from wheelkeep.wire.resources import OutputFile, RunBody, RunView

__all__ = ["Experiment"]


class Experiment:
    """A named series of runs.

    Raises:
        RequestError: `invalid_name`.
    """

    def __init__(self, workspace: Workspace, name: str) -> None:
        self.workspace = workspace
        self.name = check_experiment_name(name)

    def submit(self, config: ScriptRunConfig, tags: dict[str, str] | None = None) -> Run:
        """Send the source folder along and queue a run; returns at once.

        An environment that is not registered is registered; one that is not built is built first.

        Raises:
            RequestError: `invalid_environment` without an environment; `snapshot_too_large`; `unsupported` target.
        """
        environment = config.environment
        if environment is None:
            raise RequestError(
                "the run has no environment",
                code="invalid_environment",
                hint="pass ScriptRunConfig(environment=Environment.get(ws, 'name'))",
            )
        if environment.version is None:
            environment = environment.register(self.workspace)
        body = RunBody(
            environment=str(environment.name),
            version=environment.version,
            snapshot=self._send_snapshot(config),
            script=config.script,
            arguments=config.arguments,
            target=config.compute_target,
            environment_variables=config.environment_variables,
            tags=dict(tags or {}),
        )
        path = self.workspace.path("experiments", self.name, "runs")
        return Run(self.workspace, self.workspace.api.post(path, RunView, body=body))

    def _send_snapshot(self, config: ScriptRunConfig) -> str:
        api = self.workspace.api
        with pack_folder(config.source_directory) as archive:
            digest = digest_of_file(archive)
            path = self.workspace.path("snapshots", digest.hex)
            try:
                api.get(path, OutputFile)
            except NotFoundError:
                api.send_file("PUT", path, archive, answer=OutputFile, headers={"Content-Type": "application/zip"})
        return str(digest)

    def get_runs(self) -> list[Run]:
        """Its runs, newest first."""
        return Run.list(self.workspace, experiment=self.name)
