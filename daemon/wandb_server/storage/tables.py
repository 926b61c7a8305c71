"""Series of a segment as Parquet, written and read by DuckDB.

```
key      step  row  runtime  timestamp  value  kind          sorted by (key, step, row)
loss        0    0      0.1      17e8     0.9     0
loss        1    1      0.2      17e8     NaN     1          kind: 0 finite, 1 NaN,
opt.lr      0    0      0.1      17e8     0.1     0                2 +inf, 3 -inf
```

- One metric of thousands is read without the others: row groups know their lowest and
  highest key.
- An x-axis that is a metric itself is joined by row: a row lies in one segment whole.
- Questions run in threads of their own, one cursor each, within a bounded memory.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import numpy as np
import numpy.typing as npt

from wandb_server.errors import QueryError, StorageError

T = TypeVar("T")

ROW_GROUP_ROWS = 20_480
WORKERS_COUNT = 2
AXES = {"_step": "step", "_runtime": "runtime", "_timestamp": "timestamp"}

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Columns = dict[str, npt.NDArray[Any]]

_COLUMNS = ("step", "row", "runtime", "timestamp", "value", "kind")


@dataclass(frozen=True, slots=True)
class SeriesColumns:
    """What one file holds: keys ascending, the points of each by (step, row)."""

    keys: Sequence[str]
    counts: Integers
    """Points of each key."""
    step: Integers
    row: Integers
    runtime: Floats
    timestamp: Floats
    value: Floats
    kind: npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class SeriesSource:
    """Which files of which runs, which keys, over which axis.

    Numbers in answers are places: runs by the number given here, keys in `keys`.
    """

    files: Sequence[tuple[int, str]]
    """(run number, path)."""
    keys: Sequence[str]
    x_axis: str
    low: float | None
    high: float | None


class SegmentTables:
    """DuckDB over segment files. Nothing is kept between questions."""

    def __init__(self, memory_mib: int, threads: int, spill: Path) -> None:
        settings: dict[str, Any] = {
            "memory_limit": f"{memory_mib}MiB",
            "threads": threads,
            "temp_directory": str(spill),
        }
        self._connection = duckdb.connect(":memory:", config=settings)
        self._workers = ThreadPoolExecutor(WORKERS_COUNT, thread_name_prefix="tables")

    async def close(self) -> None:
        """Finish what runs, then let go."""
        await asyncio.to_thread(self._workers.shutdown)
        self._connection.close()

    async def write(self, path: Path, columns: SeriesColumns) -> None:
        """Write one Parquet file."""
        await self._in_worker(lambda cursor: _write(cursor, path, columns))

    async def bounds(self, source: SeriesSource) -> Columns:
        """run, key, count, low and high x of every series with points in range."""
        return await self._ask(source, _BOUNDS)

    async def points(self, source: SeriesSource) -> Columns:
        """run, key, x, row, value, kind of every point in range, in no order."""
        return await self._ask(source, _POINTS)

    async def reduced(
        self, source: SeriesSource, low: float, high: float, buckets: int
    ) -> Columns:
        """The points in range summed up per run, key and bucket of [low, high].

        The same arithmetic as `query.buckets.Range.place`.
        """
        bucket = "0::BIGINT"
        if high > low:
            share = "(x / 2 - $low / 2) / ($high / 2 - $low / 2)"
            bucket = f"least(floor({share} * $buckets)::BIGINT, $buckets - 1)"
        statement = _REDUCED.format(bucket=bucket)
        values = {"low": low, "high": high, "buckets": buckets} if high > low else {}
        return await self._ask(source, statement, values)

    async def matching(self, pattern: str, texts: Sequence[str]) -> tuple[str, ...]:
        """Those texts in which the regular expression (RE2: linear time) matches.

        Raises:
            QueryError: not a regular expression.
        """
        if not texts:
            texts = [""]

        def ask(cursor: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
            cursor.register("texts", {"t": np.array(texts, dtype=object)})
            statement = "SELECT t FROM texts WHERE regexp_matches(t::VARCHAR, $p)"
            return tuple(
                row[0] for row in cursor.execute(statement, {"p": pattern}).fetchall()
            )

        try:
            return await self._in_worker(ask)
        except StorageError as error:
            raise QueryError(
                "$regex", f"{pattern!r} is not a regular expression"
            ) from (error)

    async def _ask(
        self, source: SeriesSource, statement: str, values: dict[str, Any] | None = None
    ) -> Columns:
        return await self._in_worker(
            lambda cursor: _answer(cursor, source, statement, values or {})
        )

    async def _in_worker(self, work: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._workers, self._work, work)

    def _work(self, work: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
        cursor = self._connection.cursor()
        try:
            return work(cursor)
        except duckdb.Error as error:
            raise StorageError(str(error).splitlines()[0], place="series") from error
        finally:
            cursor.close()


def _write(
    cursor: duckdb.DuckDBPyConnection, path: Path, columns: SeriesColumns
) -> None:
    code = np.repeat(np.arange(len(columns.keys), dtype=np.int64), columns.counts)
    points = {name: getattr(columns, name) for name in _COLUMNS}
    cursor.register("points", {"code": code, **points})
    # The scan keeps its order, so the file is sorted as the columns are.
    cursor.execute(
        "COPY (SELECT list_extract($keys, code + 1) AS key, * EXCLUDE code"
        f" FROM points) TO '{_quoted(path)}'"
        f" (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP_ROWS})",
        {"keys": list(columns.keys)},
    )


def _answer(
    cursor: duckdb.DuckDBPyConnection,
    source: SeriesSource,
    statement: str,
    values: dict[str, Any],
) -> Columns:
    paths = [path for _, path in source.files]
    numbers = np.array([number for number, _ in source.files], np.int64)
    cursor.register("runs", {"file": np.array(paths, dtype=object), "run": numbers})
    keys = np.array(source.keys, dtype=object)
    cursor.register("keys", {"name": keys, "key": np.arange(len(keys), dtype=np.int64)})
    bound: dict[str, Any] = {"paths": paths, "names": list(source.keys), **values}
    axis = AXES.get(source.x_axis)
    joined = ""
    if axis is None:
        bound["axis"] = source.x_axis
        joined = (
            " JOIN read_parquet($paths, filename = true) a"
            " ON a.filename = p.filename AND a.row = p.row"
            " AND a.key = $axis AND a.kind = 0"
        )
    x = f"p.{axis}::DOUBLE" if axis else "a.value"
    inside = f"isfinite({x})"
    for name, sign in (("low", ">="), ("high", "<=")):
        edge = getattr(source, name)
        if edge is not None:
            bound[f"range_{name}"] = edge
            inside += f" AND {x} {sign} $range_{name}"
    chosen = (
        f"SELECT runs.run, keys.key, {x} AS x, p.row, p.value, p.kind"
        f" FROM read_parquet($paths, filename = true) p{joined}"
        " JOIN runs ON runs.file = p.filename JOIN keys ON keys.name = p.key"
        f" WHERE p.key = ANY($names) AND {inside}"
    )
    answer = cursor.execute(f"WITH chosen AS ({chosen}) {statement}", bound)
    return {name: np.ma.getdata(column) for name, column in answer.fetchnumpy().items()}


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


_BOUNDS = (
    "SELECT run, key, count(*) AS count, min(x) AS low, max(x) AS high"
    " FROM chosen GROUP BY run, key"
)
_POINTS = "SELECT run, key, x, row, value, kind FROM chosen"
_REDUCED = """
, summed AS (
    SELECT run, key, {bucket} AS bucket, count(*) AS count,
        count(*) FILTER (kind = 1) AS nan,
        count(*) FILTER (kind = 2) AS positive,
        count(*) FILTER (kind = 3) AS negative,
        coalesce(min(value) FILTER (kind = 0), 'inf'::DOUBLE) AS minimum,
        coalesce(max(value) FILTER (kind = 0), '-inf'::DOUBLE) AS maximum,
        coalesce(sum(value) FILTER (kind = 0), 0.0) AS total,
        max({{'x': x, 'r': row, 'v': value}}) FILTER (kind = 0) AS newest,
        max(x) AS x
    FROM chosen GROUP BY ALL
)
SELECT * EXCLUDE newest,
    coalesce(newest.v, 'nan'::DOUBLE) AS last,
    coalesce(newest.x, '-inf'::DOUBLE) AS last_x,
    coalesce(newest.r, -1) AS last_row
FROM summed ORDER BY run, key, bucket
"""
