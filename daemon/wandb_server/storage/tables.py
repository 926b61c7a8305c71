"""Series of a segment and their blocks as Parquet, written and read by DuckDB.

```
series  key      step  row  runtime  timestamp  value  kind   sorted by (key, step, row)
        loss        0    0      0.1      17e8     0.9     0
        loss        1    1      0.2      17e8     NaN     1   kind: 0 finite, 1 NaN,
        opt.lr      0    0      0.1      17e8     0.1     0         2 +inf, 3 -inf
blocks  key  block  count nan …  minimum maximum …            one per 64 points and key
```

- One metric of thousands is read without the others: row groups know their lowest and
  highest key.
- The number of a row in its file, divided by 64, is its block: see `ingest.blocks`.
- An x-axis that is a metric itself is joined by row: a row lies in one segment whole.
- Questions run in threads of their own, one cursor each, within a bounded memory; what
  makes a long file has one more thread, so that it holds up no question.
"""

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

from wandb_server.errors import QueryError, StorageError
from wandb_server.storage.series_questions import stored_key

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

T = TypeVar("T")

ROW_GROUP_ROWS = 20_480
WORKERS_COUNT = 2

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class KeyedColumns:
    """What one file holds: keys ascending, `counts` rows of each, in their order."""

    keys: Sequence[str]
    counts: Integers
    columns: Mapping[str, npt.NDArray[Any]]


class SegmentTables:
    """DuckDB over segment files. Nothing is kept between questions."""

    def __init__(self, memory_mib: int, threads: int, spill: Path) -> None:
        self._settings: dict[str, Any] = {
            "memory_limit": f"{memory_mib}MiB",
            "threads": threads,
            "temp_directory": str(spill),
        }
        self._connection: DuckDBPyConnection | None = None
        self._connecting = threading.Lock()
        self._workers = ThreadPoolExecutor(WORKERS_COUNT, thread_name_prefix="tables")
        self._maker = ThreadPoolExecutor(1, thread_name_prefix="long table")

    async def close(self) -> None:
        """Finish what runs, then let go."""
        await asyncio.to_thread(self._maker.shutdown)
        await asyncio.to_thread(self._workers.shutdown)
        if self._connection is not None:
            self._connection.close()

    async def write(self, path: Path, content: KeyedColumns) -> None:
        """Write one Parquet file."""
        await self.ask(lambda cursor: _write(cursor, path, content))

    async def concatenate(self, paths: Sequence[Path], path: Path) -> None:
        """One file with the rows of these, in this order."""
        await self.ask(lambda cursor: _concatenate(cursor, paths, path))

    async def matching(self, pattern: str, texts: Sequence[str]) -> tuple[str, ...]:
        """Those texts in which the regular expression (RE2: linear time) matches.

        Raises:
            QueryError: not a regular expression.
        """
        if not texts:
            texts = [""]

        def ask(cursor: "DuckDBPyConnection") -> tuple[str, ...]:
            cursor.register("texts", {"t": np.array(texts, dtype=object)})
            statement = "SELECT t FROM texts WHERE regexp_matches(t::VARCHAR, $p)"
            return tuple(
                row[0] for row in cursor.execute(statement, {"p": pattern}).fetchall()
            )

        try:
            return await self.ask(ask)
        except StorageError as error:
            raise QueryError(
                "$regex", f"{pattern!r} is not a regular expression"
            ) from (error)

    async def ask(self, work: Callable[["DuckDBPyConnection"], T]) -> T:
        """Run one of `series_questions` in a thread, with a cursor of its own."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._workers, self._work, work)

    async def make(self, work: Callable[["DuckDBPyConnection"], T]) -> T:
        """The same for what takes long, and asks others meanwhile."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._maker, self._work, work)

    def _work(self, work: Callable[["DuckDBPyConnection"], T]) -> T:
        # Loaded with the first question: a server without runs answers sooner.
        import duckdb

        with self._connecting:
            if self._connection is None:
                self._connection = duckdb.connect(":memory:", config=self._settings)
        cursor = self._connection.cursor()
        try:
            return work(cursor)
        except duckdb.Error as error:
            raise StorageError(str(error).splitlines()[0], place="series") from error
        finally:
            cursor.close()


def _write(cursor: "DuckDBPyConnection", path: Path, content: KeyedColumns) -> None:
    code = np.repeat(np.arange(len(content.keys), dtype=np.int64), content.counts)
    cursor.register("content", {"code": code, **content.columns})
    # The scan keeps its order, so the file is sorted as the columns are.
    cursor.execute(
        "COPY (SELECT list_extract($keys, code + 1) AS key, * EXCLUDE code"
        f" FROM content) TO '{_quoted(path)}' ({_FORMAT})",
        {"keys": [stored_key(key) for key in content.keys]},
    )


def _concatenate(
    cursor: "DuckDBPyConnection", paths: Sequence[Path], path: Path
) -> None:
    cursor.execute(
        f"COPY (SELECT * FROM read_parquet($paths)) TO '{_quoted(path)}' ({_FORMAT})",
        {"paths": [str(part) for part in paths]},
    )


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


_FORMAT = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP_ROWS}"
