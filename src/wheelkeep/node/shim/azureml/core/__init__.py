"""`from azureml.core import Run`: the run that this script is, or an offline one.

Anything else of Azure's `azureml.core` is not here; the drop-in distribution has it, for scripts that submit work.
"""

from .run import Run  # noqa: TID252 - the shim's absolute name belongs to whichever azureml is found first

__all__ = ["Run"]


def __getattr__(name):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - Python 3.8 without typing at start-up
    raise AttributeError(
        "inside a Wheelkeep run azureml.core has Run only; %r is not provided to scripts" % name  # noqa: UP031 - one form
    )
