"""Secrets come by prompt, from stdin, from a file or from a variable; never as an argument.

An argument stands in `ps`, in the shell's history and in the audit of the machine.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import click

from wheelkeep.secret import Secret
from wheelkeep.settings import environment_secret

__all__ = ["SecretSource", "secret_options"]


@dataclass(frozen=True, slots=True)
class SecretSource:
    """Where the user said that the secret is; the prompt when they said nothing."""

    stdin: bool
    file: Path | None
    variable: str | None

    def read(self, prompt: str) -> Secret:
        """The secret, without the line break at its end.

        Raises:
            UsageError: more than one source was named, the source is empty, or there is no terminal to ask on.
            OSError: the file cannot be read.
        """
        if sum((self.stdin, self.file is not None, self.variable is not None)) > 1:
            raise click.UsageError("give one of --value-stdin, --value-file and --value-env")
        secret = self._read(prompt)
        if not secret:
            raise click.UsageError("the secret is empty")
        return secret

    def _read(self, prompt: str) -> Secret:
        if self.stdin:
            return Secret(sys.stdin.read().rstrip("\r\n"))
        if self.file is not None:
            return Secret(self.file.read_text(encoding="utf-8").rstrip("\r\n"))
        if self.variable is not None:
            found = environment_secret(self.variable)
            if found is None:
                raise click.UsageError(f"the variable {self.variable} is not set")
            return found
        if not sys.stdin.isatty():
            raise click.UsageError("no terminal to ask on; use --value-stdin, --value-file or --value-env")
        return Secret(click.prompt(prompt, hide_input=True, err=True))


def secret_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command --value-stdin, --value-file and --value-env, and hand it the `source` that they name."""

    @click.option("--value-stdin", is_flag=True, help="Read the secret from stdin.")
    @click.option("--value-file", type=click.Path(path_type=Path), help="Read the secret from a file.")
    @click.option("--value-env", metavar="NAME", help="Read the secret from the environment variable NAME.")
    @wraps(command)
    def called(*args: Any, value_stdin: bool, value_file: Path | None, value_env: str | None, **options: Any) -> None:  # noqa: ANN401 - click hands over what the command declares
        command(*args, source=SecretSource(value_stdin, value_file, value_env), **options)

    return called
