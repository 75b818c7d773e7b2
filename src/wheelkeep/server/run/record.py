"""What a run leaves: metrics in the order they were logged, files of its outputs folder."""

import msgspec
from sqlalchemy import Connection, delete, insert, select

from wheelkeep.server.run.sql import metric_table, output_table
from wheelkeep.wire.resources import MetricPoint, OutputFile
from wheelkeep.wire.work import LoggedMetric

__all__ = ["add_metrics", "forget_earlier_attempts", "note_output", "read_metrics", "read_output", "read_outputs"]


def add_metrics(connection: Connection, run: str, fence: int, metrics: list[LoggedMetric]) -> None:
    """Append what the script logged under that lease."""
    for metric in metrics:
        connection.execute(
            insert(metric_table).values(
                run=run, fence=fence, name=metric.name, value=msgspec.json.encode(metric.value), at=metric.at
            )
        )


def forget_earlier_attempts(connection: Connection, run: str, fence: int) -> None:
    """Drop the metrics of leases before `fence`: the script begins anew and logs them again."""
    connection.execute(delete(metric_table).where(metric_table.c.run == run, metric_table.c.fence < fence))


def note_output(connection: Connection, run: str, output: OutputFile) -> None:
    """Write down a file of the outputs folder, which lies in blobs already; a repeated word replaces it."""
    connection.execute(delete(output_table).where(output_table.c.run == run, output_table.c.path == output.path))
    connection.execute(insert(output_table).values(run=run, path=output.path, sha256=output.sha256, size=output.size))


def read_metrics(connection: Connection, run: str) -> list[MetricPoint]:
    """Everything the script logged, in order."""
    query = select(metric_table).where(metric_table.c.run == run).order_by(metric_table.c.n)
    return [
        MetricPoint(name=row.name, value=msgspec.json.decode(row.value), at=row.at) for row in connection.execute(query)
    ]


def read_outputs(connection: Connection, run: str) -> list[OutputFile]:
    """The files of the outputs folder, by path."""
    query = select(output_table).where(output_table.c.run == run).order_by(output_table.c.path)
    return [OutputFile(path=row.path, sha256=row.sha256, size=row.size) for row in connection.execute(query)]


def read_output(connection: Connection, run: str, path: str) -> OutputFile | None:
    """The output at `path`, or None."""
    query = select(output_table).where(output_table.c.run == run, output_table.c.path == path)
    row = connection.execute(query).first()
    return None if row is None else OutputFile(path=row.path, sha256=row.sha256, size=row.size)
