"""What is asked of series files, in DuckDB's SQL. Each function takes a cursor.

Numbers in answers are places: runs by the number given with a file, keys by their place
in the question.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Columns = dict[str, npt.NDArray[Any]]

AXES = {"_step": "step", "_runtime": "runtime", "_timestamp": "timestamp"}
BLOCK_POINTS = 64
"""Points of a block, as `ingest.blocks` cuts them."""


@dataclass(frozen=True, slots=True)
class SeriesSource:
    """Which keys in which files of which runs, over which axis, in which range."""

    files: Sequence[tuple[int, str]]
    """(run number, path)."""
    keys: Sequence[str]
    pair_file: Integers
    pair_key: Integers
    """The (file, key) pairs asked for, by their places; no pair twice."""
    x_axis: str
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class BlockSource:
    """Which keys of which files with blocks, over which axis of `AXES`."""

    paths: Sequence[str]
    keys: Sequence[str]
    pair_file: Integers
    pair_key: Integers
    x_axis: str


def stored_key(key: str) -> str:
    """The key as files have it: lone surrogates, which DuckDB refuses, escaped."""
    return key.encode("utf-8", "backslashreplace").decode()


def bounds(cursor: "DuckDBPyConnection", source: SeriesSource) -> Columns:
    """run, key, count, low and high x of every series with points in range."""
    return _ask(cursor, source, _BOUNDS)


def points(cursor: "DuckDBPyConnection", source: SeriesSource) -> Columns:
    """run, key, x, row, value, kind of every point in range, in no order."""
    return _ask(cursor, source, _POINTS)


def block_points(
    cursor: "DuckDBPyConnection", source: SeriesSource, block: Integers
) -> Columns:
    """Like `points`, of the one block per pair only; pairs may come repeatedly."""
    return _ask(cursor, source, _POINTS, block=block)


def reduced(
    cursor: "DuckDBPyConnection",
    source: SeriesSource,
    low: float,
    high: float,
    buckets: int,
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
    return _ask(cursor, source, statement, values)


def blocks(cursor: "DuckDBPyConnection", source: BlockSource) -> Columns:
    """file, key (places) and the columns of their blocks, by (file, key, block)."""
    _register_pairs(cursor, source.paths, source.keys, source, {})
    axis = AXES[source.x_axis]
    answer = cursor.execute(
        "SELECT pairs.file, pairs.key, p.block, p.count, p.nan, p.positive, p.negative,"
        " p.minimum, p.maximum, p.total, p.last, p.row,"
        f" p.{axis}_first AS x_first, p.{axis}_last AS x_last,"
        f" p.{axis}_newest AS x_newest"
        " FROM read_parquet($paths, filename = true) p JOIN pairs"
        " ON pairs.path = p.filename AND pairs.name = p.key"
        " WHERE p.key = ANY($names)",
        _used(source.paths, source.keys, source),
    )
    columns = _fetched(answer)
    by = (columns["block"], columns["key"], columns["file"])
    order = np.lexsort(by)
    return {name: column[order] for name, column in columns.items()}


def key_counts(cursor: "DuckDBPyConnection", paths: Sequence[str]) -> dict[str, int]:
    """Points of every key in these series files together, by key."""
    answer = cursor.execute(
        "SELECT key, count(*) FROM read_parquet($paths) GROUP BY key",
        {"paths": list(paths)},
    )
    return dict(answer.fetchall())


def points_of_keys(
    cursor: "DuckDBPyConnection", paths: Sequence[str], keys: Sequence[str]
) -> Columns:
    """Every column of these keys' points in these series files; key is its place."""
    names = np.array(keys, dtype=object)
    cursor.register("wanted", {"name": names, "place": np.arange(len(keys))})
    answer = cursor.execute(
        "SELECT wanted.place AS key, p.* EXCLUDE (key) FROM read_parquet($paths) p"
        " JOIN wanted ON wanted.name = p.key WHERE p.key = ANY($names)",
        {"paths": list(paths), "names": list(keys)},
    )
    return _fetched(answer)


def _ask(
    cursor: "DuckDBPyConnection",
    source: SeriesSource,
    statement: str,
    values: Mapping[str, Any] | None = None,
    block: Integers | None = None,
) -> Columns:
    paths = [path for _, path in source.files]
    runs = np.array([number for number, _ in source.files], np.int64)
    more = {"run": runs[source.pair_file]}
    if block is not None:
        more["block"] = block
    _register_pairs(cursor, paths, source.keys, source, more)
    bound = {**_used(paths, source.keys, source), **(values or {})}
    axis = AXES.get(source.x_axis)
    joined, numbered = "", ""
    if axis is None:
        bound["axis"] = stored_key(source.x_axis)
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
    if block is not None:
        numbered = ", file_row_number = true"
        inside += f" AND p.file_row_number // {BLOCK_POINTS} = pairs.block"
    chosen = (
        f"SELECT pairs.run, pairs.key, {x} AS x, p.row, p.value, p.kind"
        f" FROM read_parquet($paths, filename = true{numbered}) p{joined}"
        " JOIN pairs ON pairs.path = p.filename AND pairs.name = p.key"
        f" WHERE p.key = ANY($names) AND {inside}"
    )
    return _fetched(cursor.execute(f"WITH chosen AS ({chosen}) {statement}", bound))


def _register_pairs(
    cursor: "DuckDBPyConnection",
    paths: Sequence[str],
    keys: Sequence[str],
    source: SeriesSource | BlockSource,
    more: Mapping[str, npt.NDArray[Any]],
) -> None:
    pairs = {
        "path": np.array(paths, dtype=object)[source.pair_file],
        "name": np.array([stored_key(key) for key in keys], object)[source.pair_key],
        "file": source.pair_file,
        "key": source.pair_key,
        **more,
    }
    cursor.register("pairs", pairs)


def _used(
    paths: Sequence[str], keys: Sequence[str], source: SeriesSource | BlockSource
) -> dict[str, Any]:
    """Only what some pair names is opened."""
    return {
        "paths": [paths[at] for at in np.unique(source.pair_file).tolist()],
        "names": [stored_key(keys[at]) for at in np.unique(source.pair_key).tolist()],
    }


def _fetched(answer: "DuckDBPyConnection") -> Columns:
    return {name: _plain(column) for name, column in answer.fetchnumpy().items()}


def _plain(column: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """NaN, which DuckDB takes from NumPy as NULL, is NaN again."""
    if np.ma.is_masked(column) and column.dtype.kind == "f":
        return np.ma.filled(column, np.nan)
    return np.ma.getdata(column)


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
