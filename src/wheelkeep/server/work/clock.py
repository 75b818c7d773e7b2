"""The database's clock as an SQL expression: seconds since 1970, the same for every server and node.

A worker's clock may be wrong by hours; leases must not depend on it (reference/jobs.md).
"""

from typing import Any

from sqlalchemy import Float
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

__all__ = ["DatabaseNow"]


class DatabaseNow(FunctionElement[float]):
    """Now, by the database's clock, as seconds since 1970."""

    type = Float()
    inherit_cache = True


@compiles(DatabaseNow, "sqlite")
def _sqlite(_element: DatabaseNow, _compiler: SQLCompiler, **_: Any) -> str:  # noqa: ANN401 - SQLAlchemy's signature
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(DatabaseNow, "postgresql")
def _postgresql(_element: DatabaseNow, _compiler: SQLCompiler, **_: Any) -> str:  # noqa: ANN401 - the same
    return "extract(epoch from clock_timestamp())::float8"
