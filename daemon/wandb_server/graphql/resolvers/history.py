"""Rows of a run: scanned in order, sampled, or by keys.

The official client scans by windows of `_step`: `history` and `HistoryPage` windows are
half-open, those of a `sampledHistory` specification depend on the client. A scan asks
for as many samples as its window has steps, and means all rows: where several writers
share a run, a step has a row of each.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from wandb_proto import json_codec

from wandb_server.errors import QueryError, StorageDamaged
from wandb_server.graphql.question import Arguments, Question, Resolver, parse_json
from wandb_server.ingest.rows import parse_row
from wandb_server.model.history import HistoryFile, MetricKey
from wandb_server.model.runs import Run
from wandb_server.strict_json import strict

SAMPLES_DEFAULT = 500


async def _history(run: Run, question: Question, arguments: Arguments) -> Sequence[str]:
    window = (arguments.get("minStep"), arguments.get("maxStep"))
    rows = await question.archive.of(run).history_rows(
        run,
        min_step=window[0],
        max_step=window[1],
        samples=_samples(arguments.get("samples"), question, window),
    )
    await question.tell_lost(run.entity, run.project, [run.name])
    return rows


async def _events(run: Run, question: Question, arguments: Arguments) -> Sequence[str]:
    samples = _samples(arguments.get("samples"), question)
    rows = await question.archive.of(run).event_rows(run, samples)
    await question.tell_lost(run.entity, run.project, [run.name])
    return rows


async def _sampled_history(
    run: Run, question: Question, arguments: Arguments
) -> list[list[dict[str, Any]]]:
    return [await _sampled(run, question, text) for text in arguments["specs"]]


async def _sampled(run: Run, question: Question, text: str) -> list[dict[str, Any]]:
    spec = parse_json(text, "specs")
    if spec == {}:
        return []  # so ask agents of a sweep, who want no history
    if not isinstance(spec, dict) or not isinstance(spec.get("keys"), list):
        raise QueryError("specs", 'must be JSON objects with "keys"')
    keys = list(dict.fromkeys(map(str, spec["keys"])))  # repeated ones are one
    window = _window(spec)
    rows = await question.archive.of(run).history_rows(
        run,
        min_step=window[0],
        max_step=window[1],
        keys=keys,
        samples=_samples(spec.get("samples"), question, window),
    )
    await question.tell_lost(run.entity, run.project, [run.name])
    return [_chosen(json_codec.loads(row), keys) for row in rows]


def _window(spec: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """The half-open window of a specification.

    A scan of 0.28 and later has inclusive windows: as many samples as steps, and
    `_step` twice. Those of earlier clients are half-open, like the windows of
    `history`; read as inclusive ones, each has a row too many for its samples.
    """
    low, high = spec.get("minStep"), spec.get("maxStep")
    if high is None or low is None:
        return low, None if high is None else high + 1
    steps = spec["keys"].count("_step")
    inclusive = steps >= 2 and spec.get("samples") in (None, high - low + 1)
    return low, high + 1 if inclusive else high


async def _parquet_history(
    run: Run, question: Question, arguments: Arguments
) -> dict[str, Any]:
    """Files that hold all rows, or one live row, which tells that all are live.

    Both at once would be read wrongly, see `operations.history_parts`.
    """
    files: Sequence[HistoryFile] = ()
    if question.reads_history_files:
        files = await question.archive.of(run).history_files(run)
    if files:
        sign = question.addresses.signed
        paths = (
            f"/history-files/{f.object_id}/history-{f.number}.parquet" for f in files
        )
        return {"parquetUrls": [sign("GET", path) for path in paths], "liveData": []}
    first = await _first_row(run, question)
    keys = arguments.get("liveKeys") or ["_step"]
    live = [] if first is None else [_chosen(first, keys)]
    return {"parquetUrls": [], "liveData": live}


async def _first_row(run: Run, question: Question) -> dict[str, Any] | None:
    """The first row that says its step: the client refuses one that does not."""
    archive = question.archive.of(run)
    try:
        async for line in archive.export_rows(run, "wandb-history.jsonl"):
            row = parse_row(line)
            if isinstance(row.get("_step"), int | float):
                return dict(row)
    except StorageDamaged:
        # Lines are lost. An early row, then all up to it: samples leave out the first.
        [early, *_] = await archive.history_rows(run) or [""]
        step = parse_row(early).get("_step")
        if not isinstance(step, int):
            return None
        rows = await archive.history_rows(run, max_step=step + 1)
        return dict(parse_row(rows[0]))
    return None


async def _history_keys(run: Run, question: Question, _: Arguments) -> dict[str, Any]:
    keys = await question.archive.of(run).metric_keys(run)
    return {
        "keys": {key.key: _described(key) for key in keys},
        "lastStep": -1 if run.last_step is None else run.last_step,
        "sets": [],
    }


def _described(key: MetricKey) -> dict[str, Any]:
    counts = [{"type": name, "count": count} for name, count in key.types.items()]
    return {
        "typeCounts": counts,
        "monotonic": key.monotonic,
        "previousValue": strict(key.last),
    }


def _samples(
    asked: int | None,
    question: Question,
    window: tuple[int | None, int | None] = (None, None),
) -> int | None:
    """How many rows at most; None: all of a page of a scan, up to storage's limit."""
    limit = question.limits.history_rows_max
    asked = SAMPLES_DEFAULT if asked is None else asked
    low, high = window
    if low is not None and high is not None and high - low <= min(asked, limit):
        return None
    return max(1, min(asked, limit))


def _chosen(row: Any, keys: Sequence[str]) -> dict[str, Any]:
    """The asked keys of a row; a dotted one may be literal or a path."""
    return {key: strict(_value(row, key)) for key in keys}


def _value(row: Any, key: str) -> Any:
    if key in row:
        return row[key]
    found = row
    for part in key.split("."):
        if not isinstance(found, dict):
            return None
        found = found.get(part)
    return found


RESOLVERS: Mapping[str, Mapping[str, Resolver]] = {
    "Run": {
        "history": _history,
        "events": _events,
        "sampledHistory": _sampled_history,
        "parquetHistory": _parquet_history,
        "historyKeys": _history_keys,
    },
}
