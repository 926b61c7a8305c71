"""Which runs of a sweep are stopped early: their history looked at, rung by rung."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping

from wandb_server.model.history import Series
from wandb_server.operations.sweeps.handing import AGENT_SILENT_S
from wandb_server.operations.sweeps.hyperband import Hyperband
from wandb_server.operations.sweeps.sweep_config import Metric
from wandb_server.storage import sweep_places as places
from wandb_server.storage import sweeps

RUNS_PER_LOOK = 20
BUCKETS = 10_000
"""Runs of more points are compared at the end of a bucket, 0.01 % of them late."""


@dataclass(frozen=True, slots=True)
class Climb:
    """A run that may have come to rungs that nobody has looked at."""

    handed_id: int
    name: str
    rung: int
    """The highest that is known; 0: none."""


def due_climbs(rows: Sequence[RowMapping], hyperband: Hyperband) -> list[Climb]:
    """Runs with enough lines for another rung, some of them."""
    found = []
    for row in rows:
        climb = Climb(row["id"], row["name"], row["rung"] or 0)
        if max(hyperband.rungs_to(row["line_count"]), default=0) > climb.rung:
            found.append(climb)
    return found[:RUNS_PER_LOOK]


def losses_at_rungs(
    series: Series, hyperband: Hyperband, metric: Metric, above: int
) -> list[tuple[int, float | None]]:
    """(rung, best loss of the points up to it), for rungs above one, ascending."""
    counts = _all_counts(series)
    return [
        (rung, _best_of_first(series, counts, metric, rung))
        for rung in hyperband.rungs_to(sum(counts))
        if rung > above
    ]


def _all_counts(series: Series) -> list[int]:
    every = (
        series.count,
        series.nan_count,
        series.positive_infinity_count,
        series.negative_infinity_count,
    )
    return [sum(of_bucket) for of_bucket in zip(*every, strict=True)]


def _best_of_first(
    series: Series, counts: Sequence[int], metric: Metric, rung: int
) -> float | None:
    """Whole buckets count, at least the first one."""
    best, passed = None, 0
    ends = series.minimum if metric.minimized else series.maximum
    for value, count in zip(ends, counts, strict=True):
        passed += count
        if passed > rung and passed > count:
            break
        if value is not None:
            loss = metric.loss(value)
            best = loss if best is None else min(best, loss)
    return best


def judge(
    db: Connection,
    sweep: RowMapping,
    hyperband: Hyperband,
    arrived: Mapping[int, Sequence[tuple[int, float | None]]],
    now: float,
) -> int:
    """Keep what was found, and mark the runs that do not go on; how many."""
    for handed_id, rungs in arrived.items():
        for rung, loss in rungs:
            places.write_rung(db, handed_id, rung, loss)
    stopped = 0
    for row in places.climbers(db, sweep):
        if row["stopping"] or row["run_state"] not in sweeps.UNENDED:
            continue
        # A client sends every few seconds, so a run may pass several rungs at once.
        passed = [rung for rung, _ in arrived.get(row["id"], ())]
        if hyperband.strict and row["rung"] is not None:
            passed = list(hyperband.rungs_to(row["rung"]))
        if not all(_goes_on(db, sweep, hyperband, row["id"], one) for one in passed):
            _stop(db, row, now)
            stopped += 1
    return stopped


def _goes_on(
    db: Connection, sweep: RowMapping, hyperband: Hyperband, handed_id: int, rung: int
) -> bool:
    losses = places.losses_at(db, sweep, rung)
    return hyperband.goes_on(losses.get(handed_id), list(losses.values()))


def _stop(db: Connection, row: RowMapping, now: float) -> None:
    places.update_handed(db, row["id"], {"stopping": True})
    heard_at = row["agent_heartbeat_at"]
    if heard_at is None or heard_at < now - AGENT_SILENT_S:
        # Nobody is there who would stop it.
        sweeps.request_stop(db, row["run_id"])
