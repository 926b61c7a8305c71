"""Reading a run's history: sampled, row by row, as files."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wandb_proto import json_codec

from wandb.apis.public import documents
from wandb.apis.public.graphql_client import GraphqlClient

if TYPE_CHECKING:
    from wandb.apis.public.history_files import DownloadHistoryResult

SYSTEM_STREAM = "system"
GRAPHQL_INT_MAX = 2**31 - 1
FILE_ROWS_MIN = 50_000
"""Shorter histories are read in pages before a file was made and brought."""


class RunHistory:
    """The part of a run that reads its history."""

    _client: GraphqlClient
    _fields: dict[str, Any]
    entity: str
    project: str
    id: str

    @property
    def lastHistoryStep(self) -> int:
        """The highest step, -1 without any row."""
        keys = self._fields.get("historyKeys") or {}
        last = keys.get("lastStep")
        return -1 if last is None else int(last)

    def load(self, force: bool = False) -> Any:
        """Fetch again what the server knows now."""
        raise AssertionError("a run says how")

    def _ask(self, document: str, **variables: Any) -> dict[str, Any]:
        raise AssertionError("a run says how")

    def history(
        self,
        samples: int = 500,
        keys: Sequence[str] | None = None,
        x_axis: str = "_step",
        pandas: bool = True,
        stream: str = "default",
    ) -> Any:
        """At most `samples` rows, evenly chosen; a DataFrame, or a list of dicts.

        With `keys` only rows that hold all of them, reduced to these and `x_axis`.
        `stream="system"` gives the system metrics. Without pandas: a list.
        """
        if keys and stream == SYSTEM_STREAM:
            raise ValueError("keys cannot be chosen for the system stream")
        if keys:
            rows = self._sampled([x_axis, *keys], samples)
        else:
            system = stream == SYSTEM_STREAM
            document = documents.SYSTEM_HISTORY if system else documents.HISTORY
            texts = self._ask(document, samples=samples)["history"]
            rows = [json_codec.loads(text) for text in texts]
        return _as_frame(rows) if pandas else rows

    def scan_history(
        self,
        keys: Sequence[str] | None = None,
        page_size: int = 1000,
        min_step: int | None = None,
        max_step: int | None = None,
        use_cache: bool = True,
    ) -> Iterator[dict[str, Any]]:
        """Every row in order, as dicts with nested values; not sampled.

        Half-open [min_step, max_step). With `keys` only rows that hold all of them,
        reduced to these. Reads about `page_size` rows per request; `use_cache=False`
        looks up the last step anew first. Of a long run that ended it reads Parquet
        files instead, if the package duckdb is there: the same rows, sooner.
        """
        if not use_cache:
            self.load(force=True)
        first = min_step or 0
        end = self.lastHistoryStep + 1 if max_step is None else max_step
        wanted = tuple(keys or ())
        yield from self._from_files(wanted, first, end) or self._from_pages(
            wanted, first, end, page_size
        )

    beta_scan_history = scan_history

    def download_history_exports(
        self, download_dir: "Path | str", require_complete_history: bool = True
    ) -> "DownloadHistoryResult":
        """Bring the history as Parquet files into a directory.

        `<entity>_<project>_<run>_<number>.runhistory.parquet`, rows by step. Of a run
        whose rows have different keys one file, in which an absent key is null and a
        key with values of several kinds is JSON text. A file that cannot be brought is
        told in the result's `errors`.

        Raises:
            IncompleteRunHistoryError: there are rows in no file yet (the run goes on),
                and `require_complete_history` is set.
            CommError: the server cannot be asked.
        """
        from wandb.apis.public.history_files import download_exports

        return download_exports(
            self._client, self._names, Path(download_dir), require_complete_history
        )

    def _from_files(
        self, keys: Sequence[str], first: int, end: int
    ) -> Iterator[dict[str, Any]] | None:
        """Rows from Parquet where that is faster; None: they are asked for in pages."""
        rows = self._fields.get("historyLineCount") or 0
        if rows < FILE_ROWS_MIN or end - first < (self.lastHistoryStep + 1) // 2:
            return None
        from wandb.apis.public.history_files import can_read, scan_files

        if not can_read():
            return None
        return scan_files(self._client, self._names, keys, (first, end))

    def _from_pages(
        self, wanted: Sequence[str], first: int, end: int, page_size: int
    ) -> Iterator[dict[str, Any]]:
        window = self._steps_per_page(end - first, page_size)
        for start in range(first, end, window):
            texts = self._ask(
                documents.HISTORY_PAGE,
                minStep=start,
                maxStep=min(start + window, end),
                pageSize=window,
            )["history"]
            for text in texts:
                row = json_codec.loads(text)
                if not wanted:
                    yield row
                elif (chosen := _choose(row, wanted)) is not None:
                    yield chosen

    def _steps_per_page(self, steps: int, page_size: int) -> int:
        """A server samples no window of at most `pageSize` steps; sparse steps need
        wider ones, or a run that counts in millions takes a request per thousand."""
        rows = self._fields.get("historyLineCount") or 1
        return min(page_size * max(1, steps // rows), GRAPHQL_INT_MAX)

    @property
    def _names(self) -> dict[str, str]:
        return {"entity": self.entity, "project": self.project, "name": self.id}

    def _sampled(self, keys: list[str], samples: int) -> list[dict[str, Any]]:
        spec = json.dumps({"keys": keys, "samples": samples})
        (rows,) = self._ask(documents.SAMPLED_HISTORY, specs=[spec])["sampledHistory"]
        return [_restore_non_finite(row) for row in rows]


def _choose(row: Mapping[str, Any], keys: Sequence[str]) -> dict[str, Any] | None:
    """Reduce a row to dotted keys; None unless it holds all of them."""
    chosen = {}
    for key in keys:
        found, value = _look_up(row, key)
        if not found:
            return None
        chosen[key] = value
    return chosen


def _look_up(row: Mapping[str, Any], key: str) -> tuple[bool, Any]:
    """Find a dotted key: the literal name first, then nested objects."""
    if key in row:
        return True, row[key]
    head, dot, rest = key.partition(".")
    while dot:
        inner = row.get(head)
        if isinstance(inner, dict):
            found, value = _look_up(inner, rest)
            if found:
                return True, value
        more, dot, rest = rest.partition(".")
        head = f"{head}.{more}"
    return False, None


_NON_FINITE = {
    "NaN": float("nan"),
    "Infinity": float("inf"),
    "-Infinity": -float("inf"),
}


def _restore_non_finite(row: Mapping[str, Any]) -> dict[str, Any]:
    """Row objects travel as strict JSON, with these three as strings."""
    return {
        key: _NON_FINITE.get(value, value) if isinstance(value, str) else value
        for key, value in row.items()
    }


def _as_frame(rows: list[dict[str, Any]]) -> Any:
    try:
        import pandas
    except ImportError:
        from wandb import termwarn

        termwarn("pandas is not installed: history is a list. pip install pandas")
        return rows
    return pandas.DataFrame.from_records(rows)
