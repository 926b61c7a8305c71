"""One peer stores and is asked, in its own interpreter and in one process.

    python _peer_store.py '{"side": "mlflow", "task": "history", "size": 1000}'

Prints one line, RESULT and what was measured. What each peer is called with:

- mlflow: `MlflowClient` straight on its SQLite store, without a server between:
  `log_batch` with the most that one call takes (1,000 metrics), `get_metric_history`,
  `search_runs`. It has no export of history: the histories of all metrics are put into
  one pandas frame and that is written, as its users do.
- trackio: `init`, `log`, `finish`; what `trackio get metric` and `trackio query
  project` run, called in the process, so that no start is counted; for the export what
  `trackio freeze` writes.
"""

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from _same_data import (
    ABOVE,
    BELOW,
    CHART_POINTS,
    CHARTED,
    METRICS,
    PAGE_RUNS,
    SORTED,
    config_of,
    key_of,
    summary_of,
    values_of,
)

BATCH_ROWS = 100
REPEATS = 3


class Mlflow:
    """MLflow over SQLite."""

    def __init__(self) -> None:
        import mlflow

        self.version = mlflow.__version__
        self._entities = mlflow.entities
        self._client = mlflow.MlflowClient(f"sqlite:///{Path.cwd()}/mlflow.db")
        self._experiment = self._client.create_experiment("bench")
        self._run = self._client.create_run(self._experiment).info.run_id

    def log_rows(self, count: int) -> None:
        """Store a run's rows, as they come."""
        make = self._entities.Metric
        names = [key_of(metric) for metric in range(METRICS)]
        for first in range(0, count, BATCH_ROWS):
            values = values_of(first, min(BATCH_ROWS, count - first))
            batch = [
                make(name, value, 1_700_000_000_000 + step, step)
                for step, row in enumerate(values, first)
                for name, value in zip(names, row, strict=True)
            ]
            self._client.log_batch(self._run, metrics=batch)

    def chart(self) -> int:
        """The history of one metric; how many points."""
        return len(self._client.get_metric_history(self._run, key_of(CHARTED)))

    def export(self, path: Path) -> None:
        """Write the run's history as Parquet."""
        import pandas

        pandas.DataFrame(
            {
                key: {
                    point.step: point.value
                    for point in self._client.get_metric_history(self._run, key)
                }
                for key in map(key_of, range(METRICS))
            }
        ).to_parquet(path)

    def log_runs(self, count: int) -> None:
        """Store runs, each with its last values."""
        for number in range(count):
            run = self._client.create_run(self._experiment, run_name=f"r{number}")
            summary = summary_of(number)
            self._client.log_batch(
                run.info.run_id,
                metrics=[
                    self._entities.Metric(key, value, 1_700_000_000_000, 0)
                    for key, value in summary.items()
                ],
                params=[
                    self._entities.Param(key, str(value))
                    for key, value in config_of(number).items()
                ],
            )
            self._client.set_terminated(run.info.run_id)

    def first_page(self) -> list[str]:
        """Filter and sort runs; their names."""
        runs = self._client.search_runs(
            [self._experiment],
            f"metrics.{BELOW[0]} < {BELOW[1]} and metrics.{ABOVE[0]} > {ABOVE[1]}",
            order_by=[f"metrics.{SORTED} DESC"],
            max_results=PAGE_RUNS,
        )
        assert not runs or len(runs[0].data.metrics) == len(summary_of(0))
        return [run.info.run_name for run in runs]


class Trackio:
    """trackio over its own SQLite files."""

    def __init__(self) -> None:
        os.environ["TRACKIO_DIR"] = str(Path.cwd() / "trackio")
        import trackio
        from trackio.sqlite_storage import SQLiteStorage

        self.version = trackio.__version__
        self._trackio = trackio
        self._stored = SQLiteStorage

    def log_rows(self, count: int) -> None:
        """Store a run's rows, as they come."""
        self._trackio.init(project="bench", name="one", embed=False)
        names = [key_of(metric) for metric in range(METRICS)]
        for first in range(0, count, BATCH_ROWS):
            values = values_of(first, min(BATCH_ROWS, count - first))
            for step, row in enumerate(values, first):
                self._trackio.log(dict(zip(names, row, strict=True)), step=step)
        self._trackio.finish()

    def chart(self) -> int:
        """The history of one metric; how many points it was taken from."""
        found = self._stored.get_metric_values(
            "bench", "one", key_of(CHARTED), max_points=CHART_POINTS
        )
        return int(found[-1]["step"]) + 1

    def export(self, path: Path) -> None:
        """Write the project's history as Parquet."""
        self._stored.export_for_static_space("bench", path)

    def log_runs(self, count: int) -> None:
        """Store runs, each with its last values."""
        for number in range(count):
            self._trackio.init(
                project="runs", name=f"r{number}", config=config_of(number), embed=False
            )
            self._trackio.log(summary_of(number))
            self._trackio.finish()

    def first_page(self) -> list[str]:
        """Filter and sort runs; their names. NaN is kept as text."""
        below, above, key = (
            f"json_extract(metrics, '$.{name}')"
            for name in (BELOW[0], ABOVE[0], SORTED)
        )
        found = self._stored.query_project(
            "runs",
            f"SELECT run_name, metrics FROM metrics WHERE {below} < {BELOW[1]}"
            f" AND typeof({above}) = 'real' AND {above} > {ABOVE[1]}"
            f" ORDER BY typeof({key}) = 'real' DESC, {key} DESC LIMIT {PAGE_RUNS}",
        )
        return [row["run_name"] for row in found["rows"]]


def history(side: Any, size: int) -> dict[str, Any]:
    """A run of so many rows: stored, charted, exported."""
    cpu = time.process_time()
    spent = _once(lambda: side.log_rows(size))
    cpu = time.process_time() - cpu
    if (count := side.chart()) != size:
        raise SystemExit(f"its history ends at row {count:,}")
    made = _once(lambda: side.export(Path("export")))
    return {
        "points_per_s": size * METRICS / spent,
        "cpu_us": cpu / (size * METRICS) * 1e6,
        "chart_ms": [_once(side.chart) * 1000 for _ in range(REPEATS)],
        "rows_per_s": size / made,
    }


def runs(side: Any, size: int) -> dict[str, Any]:
    """So many runs: stored, filtered and sorted."""
    spent = _once(lambda: side.log_runs(size))
    names = side.first_page()
    return {
        "runs_per_s": size / spent,
        "names": names,
        "page_ms": [_once(side.first_page) * 1000 for _ in range(REPEATS)],
    }


def _once(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    order = json.loads(sys.argv[1])
    side = {"mlflow": Mlflow, "trackio": Trackio}[order["side"]]()
    found = {"history": history, "runs": runs}[order["task"]](side, order["size"])
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found |= {"version": side.version, "peak_mb": peak_mb}
    print("RESULT " + json.dumps(found), flush=True)


main()
