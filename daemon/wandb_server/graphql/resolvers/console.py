"""Console lines of a run, by pages from either end."""

from collections.abc import Mapping
from typing import Any

from wandb_server.graphql.question import (
    Arguments,
    Question,
    Resolver,
    connection,
    node_id,
)
from wandb_server.model.history import LogLine
from wandb_server.model.runs import Run

LINES_PER_PAGE = 1_000


async def _log_lines(
    run: Run, question: Question, arguments: Arguments
) -> dict[str, Any]:
    limit = question.limits.log_lines_max
    total = run.log_line_count
    if (last := arguments.get("last")) is not None:
        wanted = max(0, min(last, limit))
        first_line = max(0, total - wanted)
    else:
        asked = arguments.get("first")
        wanted = max(0, min(LINES_PER_PAGE if asked is None else asked, limit))
        after = arguments.get("after")
        first_line = int(after) + 1 if after and after.isdecimal() else 0
    lines = await question.archive.of(run).log_lines(
        run, first_line=first_line, line_count=wanted
    )
    edges = [{"node": _node(run, line), "cursor": str(line.number)} for line in lines]
    end = lines[-1].number + 1 if lines else first_line
    return connection(edges, bool(lines) and end < total, total)


def _node(run: Run, line: LogLine) -> dict[str, Any]:
    return {
        "id": node_id("LogLine", run.id, line.number),
        "number": line.number,
        "timestamp": line.timestamp,
        "level": line.level,
        "label": line.label,
        "line": line.text,
    }


RESOLVERS: Mapping[str, Mapping[str, Resolver]] = {"Run": {"logLines": _log_lines}}
