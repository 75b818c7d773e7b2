"""One leased work from its lease to its last word: the funnel where whatever happens becomes an end.

Succeeded, Failed with a failure that can be read, Canceled; or handed back, because this worker leaves; or silence,
because the lease is lost and every word would be a zombie's.
"""

import errno
import logging

from wheelkeep.errors import CanceledError, InternalError, WheelkeepError
from wheelkeep.files import remove_tree
from wheelkeep.node.build_plan import Workshop, build_steps
from wheelkeep.node.folder import NodeFolder, disk_full
from wheelkeep.node.holder import HandedBackError, Held, Stop
from wheelkeep.node.plan import Output, Step, follow
from wheelkeep.node.run_plan import run_steps
from wheelkeep.secret import redact
from wheelkeep.wire.problem import Failure
from wheelkeep.wire.resources import FAILURE_STREAM
from wheelkeep.wire.work import BuildWork

__all__ = ["perform"]

_LOG = logging.getLogger(__name__)
_TOLD_OF_SCRIPT = ("exit_code", "tags")


def perform(held: Held, workshop: Workshop, folder: NodeFolder) -> str:
    """Do the work of an entered lease and say its end; the state that was said, for the worker's own log.

    Raises nothing that the work caused.
    """
    outputs: dict[str, Output] = {}
    failure: Failure | None = None
    state = "Succeeded"
    try:
        follow(held, _steps(held, workshop, folder), outputs)
    except HandedBackError:
        return _hand_back(held)
    except CanceledError:
        state = "Canceled"
    except WheelkeepError as error:
        state, failure = "Failed", Failure.of(error)
    except OSError as error:
        state, failure = "Failed", Failure.of(_of_machine(error))
    except Exception:  # noqa: BLE001 - the funnel: a defect ends one work, never the worker
        _LOG.exception("work %s met a defect", held.lease.id)
        told = InternalError("the worker has a defect", hint=f"its own log has the traceback, at work {held.lease.id}")
        state, failure = "Failed", Failure.of(told)
    return _say_end(held, state, failure, outputs, folder)


def _steps(held: Held, workshop: Workshop, folder: NodeFolder) -> list[Step]:
    work = held.lease.work
    if isinstance(work, BuildWork):
        return build_steps(held, work, workshop)
    return run_steps(held, work, workshop, folder=folder)


def _of_machine(error: OSError) -> WheelkeepError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return disk_full("the work")
    _LOG.error("the machine refused: %s", error)
    return InternalError(f"the node's machine refused: {error.strerror or type(error).__name__}")


def _hand_back(held: Held) -> str:
    held.write("build", "the worker leaves; another one goes on\n")
    held.flush_log()
    try:
        held.door.release()
    except WheelkeepError as error:
        _LOG.warning("work %s could not be handed back: %s", held.lease.id, error.message)
    return "handed back"


def _say_end(held: Held, state: str, failure: Failure | None, outputs: dict[str, Output], folder: NodeFolder) -> str:
    if held.stop_reason is Stop.LOST:
        return "lost"
    if failure is not None:
        failure = Failure(
            code=failure.code,
            message=redact(failure.message, [held.door.grant]),
            hint=redact(failure.hint, [held.door.grant]),
            detail=failure.detail,
        )
        held.write(FAILURE_STREAM, f"{failure.message}\n")
    held.flush_log()
    script = outputs.get("script", {})
    output = {name: script[name] for name in _TOLD_OF_SCRIPT if name in script}
    try:
        held.door.end(state, failure=failure, output=output)
    except WheelkeepError as error:
        _LOG.warning("the end of work %s could not be told: %s", held.lease.id, error.message)
        return "lost"
    work = held.lease.work
    if not isinstance(work, BuildWork):
        remove_tree(folder.run(work.run))  # the server has all of it now
    return state
