"""A work is a list of small functions.

Each step has a name and gives an output, which the server journals; whoever goes on with the work finds it there and
skips the step. A *local* step makes something on this node (an environment, a folder): it runs each time, and does
nothing when it finds its work done. Read next: `build_plan.py`, `run_plan.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from wheelkeep.node.holder import Held

__all__ = ["Output", "Step", "follow"]

Output = dict[str, object]


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its function gets the outputs of those before it, by name.

    `local` says that the step's effect lies on this node, so another node must do it again.
    """

    name: str
    run: Callable[[Mapping[str, Output]], Output]
    local: bool = False


def follow(held: Held, steps: Sequence[Step], outputs: dict[str, Output]) -> None:
    """Run the steps that are not journalled yet, in order.

    Args:
        held: the lease under which they run.
        steps: what to do.
        outputs: gets every step's output, by name; what a failure leaves in it was done.

    Raises:
        WheelkeepError: what a step raised, or why the work stops.
    """
    for step in steps:
        held.check()
        known = held.steps.get(step.name)
        if known is not None and not step.local:
            outputs[step.name] = known
            continue
        held.enter(step.name)
        outputs[step.name] = step.run(outputs)
        held.check()
        held.journal(step.name, outputs[step.name])
