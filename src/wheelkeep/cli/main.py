"""The entry point, and the one place where an error becomes words and an exit code.

0 done, 1 failed as the message says, 2 wrong usage, 130 interrupted. Nobody sees a traceback for what they typed.
"""

import errno
import os
import sys
from collections.abc import Sequence

import click

from wheelkeep.cli.groups import LazyGroup
from wheelkeep.cli.output import say, show_error
from wheelkeep.errors import InternalError, NotFoundError, ResourceError, WheelkeepError

__all__ = ["DONE", "FAILED", "INTERRUPTED", "USAGE", "main", "program"]

DONE, FAILED, USAGE, INTERRUPTED, PIPE_CLOSED = 0, 1, 2, 130, 141


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="wheelkeep", message="%(prog)s %(version)s")
def program() -> None:
    """Gives every ML environment its private Python packages, and never gives away a credential.

    Begin with `wheelkeep init`. Data goes to stdout, talk to stderr; --json where data is printed.
    """


def _of_the_machine(error: OSError) -> WheelkeepError:
    place = f": {error.filename}" if error.filename else ""
    message = f"{(error.strerror or str(error)).lower()}{place}"
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return ResourceError(message, code="disk_full", hint="make room, then do it again; nothing was half done")
    return NotFoundError(message, code="file_not_found", hint="check the path and its permissions")


def _defect(error: Exception) -> WheelkeepError:
    where = error.__traceback__
    while where is not None and where.tb_next is not None:
        where = where.tb_next
    place = f"{os.path.basename(where.tb_frame.f_code.co_filename)}:{where.tb_lineno}" if where else "?"  # noqa: PTH119 - a code object's file may be no path
    return InternalError(
        f"this is a defect of wheelkeep: {type(error).__name__} at {place}",
        hint="please report it with the command that you typed and the output of `wheelkeep --version`",
    )


def _stop_writing() -> None:
    """Give the closed pipe a new end, so that Python's own flush at exit stays quiet."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line `arguments` (the process's own when None) and give back the exit code."""
    code = FAILED
    try:
        code = program.main(arguments, prog_name="wheelkeep", standalone_mode=False) or DONE
    except click.UsageError as error:
        error.show()
        code = USAGE
    except click.ClickException as error:
        error.show()
    except (click.Abort, KeyboardInterrupt):
        say("interrupted")
        code = INTERRUPTED
    except WheelkeepError as error:
        show_error(error)
    except BrokenPipeError:
        _stop_writing()
        code = PIPE_CLOSED
    except OSError as error:
        show_error(_of_the_machine(error))
    except Exception as error:  # noqa: BLE001 - the funnel: what nobody foresaw is told in one line
        show_error(_defect(error))
    return code
