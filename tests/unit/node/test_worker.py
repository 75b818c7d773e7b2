"""A worker's slot outlives what goes wrong in it."""

import threading
from pathlib import Path

from wheelkeep.errors import ResolutionError
from wheelkeep.node.door import WorkDoor
from wheelkeep.node.exec import workshop_of
from wheelkeep.node.folder import NodeFolder
from wheelkeep.node.watch import Watch
from wheelkeep.node.worker import Worker, WorkerPlan
from wheelkeep.wire.work import LeaseBody, LeaseView


class FailingDoor:
    """Fails as a defect, then as an error of ours, then has no work."""

    def __init__(self) -> None:
        self.asked = 0
        self.asked_again = threading.Event()

    def lease(self, body: LeaseBody) -> LeaseView | None:
        assert body.slots == 1
        self.asked += 1
        if self.asked == 1:
            raise ValueError("a defect")
        if self.asked == 2:
            raise ResolutionError("no Python for a moment", code="python_unavailable")
        self.asked_again.set()
        return None

    def interrupt(self) -> None:
        """Nothing waits here."""

    def work(self, lease: LeaseView, watch: Watch) -> WorkDoor:
        raise NotImplementedError


def test_a_slot_that_met_a_defect_asks_for_work_again(tmp_path: Path) -> None:
    door = FailingDoor()
    folder = NodeFolder(tmp_path / "node")
    worker = Worker(door, workshop_of(folder), folder, plan=WorkerPlan(name="n"))
    running = threading.Thread(target=worker.run)
    running.start()
    try:
        assert door.asked_again.wait(10)
    finally:
        worker.leave()
        running.join(10)

    assert not running.is_alive()
