"""A run's history as Parquet files: fetching them, and reading rows from them.

A server hands out files of runs that ended. Reading rows needs the package duckdb
(`pip install duckdb`); without it, rows are asked for page by page.
"""

import base64
import importlib
import importlib.util
import shutil
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from wandb.apis.public.graphql_client import GraphqlClient
from wandb.errors import CommError
from wandb.sdk.artifacts.fetching import fetch
from wandb.sdk.artifacts.file_cache import arriving

PARQUET_HISTORY = """
query RunParquetHistory($entity: String!, $project: String!, $name: String!) {
  project(name: $project, entityName: $entity) {
    run(name: $name) {
      state parquetHistory(liveKeys: ["_step"]) { parquetUrls liveData }
    }
  }
}
"""
ROWS_AT_ONCE = 50_000
STEP = "_step"
_GOING_ON = frozenset(("running", "pending", "preempting"))


class IncompleteRunHistoryError(Exception):
    """The run has rows that are in no file yet: it goes on, or ended just now."""


@dataclass(frozen=True)
class DownloadHistoryResult:
    """What `Run.download_history_exports` brought."""

    paths: list[Path]
    contains_live_data: bool
    """There are rows beside those in the files."""
    errors: dict[Path, str] = field(default_factory=dict)
    """Files that could not be brought, and why."""


def download_exports(
    client: GraphqlClient,
    place: Mapping[str, str],
    directory: Path,
    require_complete: bool,
) -> DownloadHistoryResult:
    """See `Run.download_history_exports`."""
    history = _ask(client, place)
    urls: Sequence[str] = history["parquetHistory"]["parquetUrls"]
    live = bool(history["parquetHistory"]["liveData"])
    stem = f"{place['entity']}_{place['project']}_{place['name']}"
    if not urls and live and history["state"] not in _GOING_ON:
        whole = directory / f"{stem}_0.runhistory.parquet"
        if _fetch_export(client, place, whole):
            return DownloadHistoryResult([whole], contains_live_data=False)
    if live and require_complete:
        raise IncompleteRunHistoryError(
            f"Run {'/'.join(place.values())} has rows that are in no file yet. Wait "
            "until it has ended, or pass require_complete_history=False."
        )
    paths: list[Path] = []
    errors: dict[Path, str] = {}
    for number, url in enumerate(urls):
        path = directory / f"{stem}_{number}.runhistory.parquet"
        try:
            with arriving(path) as new, new.open("wb+") as file:
                fetch(url, file, None)
            paths.append(path)
        except OSError as error:
            errors[path] = str(error)
    return DownloadHistoryResult(paths, live, errors)


def can_read() -> bool:
    """Whether files can be read on this machine."""
    return importlib.util.find_spec("duckdb") is not None


def scan_files(
    client: GraphqlClient,
    place: Mapping[str, str],
    keys: Sequence[str],
    window: tuple[int, int],
) -> Iterator[dict[str, Any]] | None:
    """Rows with steps in [first, end), in order, of the keys or of all.

    None: the server has no files of the run, or they cannot be had.
    """
    urls = _ask(client, place)["parquetHistory"]["parquetUrls"]
    if not urls:
        return None
    directory = Path(tempfile.mkdtemp(prefix="wandb-history-"))
    paths = [directory / f"{number}.parquet" for number in range(len(urls))]
    try:
        for url, path in zip(urls, paths, strict=True):
            with path.open("wb+") as file:
                fetch(url, file, None)
    except OSError:  # the rows can still be had page by page
        shutil.rmtree(directory, ignore_errors=True)
        return None
    return _rows(directory, paths, keys, window)


def _rows(
    directory: Path,
    paths: Sequence[Path],
    keys: Sequence[str],
    window: tuple[int, int],
) -> Iterator[dict[str, Any]]:
    duckdb: Any = importlib.import_module("duckdb")  # the user's, no need of ours
    try:
        with duckdb.connect() as connection:
            # One file after the other: each is by step, and none overlaps.
            for path in paths:
                columns = _columns(connection, path)
                chosen = list(dict.fromkeys(keys)) or columns
                if not set(chosen) <= set(columns):
                    return
                yield from _rows_of(connection, path, chosen, window)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _columns(connection: Any, path: Path) -> list[str]:
    found = connection.execute(
        "DESCRIBE SELECT * FROM read_parquet($path)", {"path": str(path)}
    )
    return [row[0] for row in found.fetchall()]


def _rows_of(
    connection: Any, path: Path, names: Sequence[str], window: tuple[int, int]
) -> Iterator[dict[str, Any]]:
    chosen = ", ".join('"' + name.replace('"', '""') + '"' for name in names)
    answer = connection.execute(
        f"SELECT {chosen} FROM read_parquet($path)"
        f" WHERE {STEP} >= $first AND {STEP} < $end",
        {"path": str(path), "first": window[0], "end": window[1]},
    )
    while rows := answer.fetchmany(ROWS_AT_ONCE):
        for row in rows:
            yield dict(zip(names, row, strict=True))


def _ask(client: GraphqlClient, place: Mapping[str, str]) -> Mapping[str, Any]:
    data = client.ask(PARQUET_HISTORY, place)
    run: Mapping[str, Any] | None = (data.get("project") or {}).get("run")
    if run is None:
        raise CommError(f"Could not find run {'/'.join(place.values())}")
    return run


def _fetch_export(client: GraphqlClient, place: Mapping[str, str], path: Path) -> bool:
    """Bring the table with null for absent keys; False where the server has none."""
    parts = "/".join(quote(place[name], safe="") for name in place)
    request = urllib.request.Request(f"{client.base_url}/api/export/{parts}.parquet")
    if client.api_key:
        token = base64.b64encode(f"api:{client.api_key}".encode()).decode()
        request.add_header("Authorization", f"Basic {token}")
    try:
        with (
            urllib.request.urlopen(request, timeout=client.timeout_s) as answer,
            arriving(path) as new,
            new.open("wb") as file,
        ):
            if "parquet" not in answer.headers.get("Content-Type", ""):
                raise OSError("the server sent no Parquet")
            shutil.copyfileobj(answer, file)
    except OSError:
        return False
    return True
