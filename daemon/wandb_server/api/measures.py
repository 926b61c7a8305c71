"""Counters of one process, and their text in the form that Prometheus reads.

    # TYPE wandb_requests_total counter
    wandb_requests_total{method="POST",route="/graphql",status="200"} 17

Routes are the patterns of the registry, so there are as many series as routes, never
as many as runs.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from wandb_server.model.store_measures import StoreMeasures

LATENCIES_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper ends of the buckets of the histogram."""

Labels = Mapping[str, str]


@dataclass(slots=True)
class _Latency:
    counts: list[int] = field(default_factory=lambda: [0] * (len(LATENCIES_S) + 1))
    total_s: float = 0.0


@dataclass(slots=True)
class Measures:
    """What this process did since it started."""

    requests: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    """(method, route, status) -> how many were answered."""
    latencies: dict[tuple[str, str], _Latency] = field(default_factory=dict)
    ingested_lines: Counter[str] = field(default_factory=Counter)
    """Lines of the file stream by file: history rows, events, console."""
    open_streams: int = 0
    """Readers of changes that are connected."""
    slowed: int = 0
    """Requests that were told to come back later."""

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request."""
        self.requests[method, route, status] += 1
        latency = self.latencies.setdefault((method, route), _Latency())
        latency.counts[bisect_left(LATENCIES_S, seconds)] += 1
        latency.total_s += seconds


def exposition(measures: Measures, store: StoreMeasures) -> str:
    """Everything as text, ending with a newline."""
    return "".join(f"{line}\n" for line in _lines(measures, store))


def _lines(measures: Measures, store: StoreMeasures) -> Iterable[str]:
    yield from _metric(
        "wandb_requests_total",
        "counter",
        "Requests answered.",
        [
            ({"method": method, "route": route, "status": str(status)}, count)
            for (method, route, status), count in sorted(measures.requests.items())
        ],
    )
    yield from _histogram(measures)
    yield from _metric(
        "wandb_ingested_lines_total",
        "counter",
        "Lines of file streams taken, by file.",
        [({"file": f}, count) for f, count in sorted(measures.ingested_lines.items())],
    )
    slowed = "Requests answered 429 because of the rate limit."
    yield from _metric("wandb_slowed_total", "counter", slowed, [({}, measures.slowed)])
    for name, text, value in _gauges(measures, store):
        yield from _metric(name, "gauge", text, [({}, value)])
    yield from _metric(
        "wandb_runs",
        "gauge",
        "Runs by state.",
        [({"state": s}, count) for s, count in sorted(store.runs_by_state.items())],
    )


def _gauges(measures: Measures, store: StoreMeasures) -> Iterable[tuple[str, str, int]]:
    return (
        ("wandb_open_changes", "Open streams of changes.", measures.open_streams),
        ("wandb_database_queue", "Changes waiting to be made.", store.waiting_changes),
        ("wandb_tail_rows", "Rows waiting for compaction.", store.tail_rows),
        ("wandb_tail_runs", "Runs with rows waiting for compaction.", store.tail_runs),
        ("wandb_segment_rows", "Rows in segments.", store.segment_rows),
        ("wandb_segment_points", "Points in segments.", store.segment_points),
        ("wandb_stored_bytes", "Bytes in the object store.", store.stored_bytes),
        ("wandb_garbage_bytes", "Of these: not in use.", store.garbage_bytes),
        ("wandb_users", "Users, removed ones too.", store.users),
    )


def _histogram(measures: Measures) -> Iterable[str]:
    name = "wandb_request_seconds"
    yield f"# HELP {name} Time until a request was answered."
    yield f"# TYPE {name} histogram"
    for (method, route), latency in sorted(measures.latencies.items()):
        labels, sum_of_counts = {"method": method, "route": route}, 0
        ends = [*map(str, LATENCIES_S), "+Inf"]
        for end, count in zip(ends, latency.counts, strict=True):
            sum_of_counts += count
            yield _sample(f"{name}_bucket", {**labels, "le": end}, sum_of_counts)
        yield _sample(f"{name}_sum", labels, latency.total_s)
        yield _sample(f"{name}_count", labels, sum_of_counts)


def _metric(
    name: str, kind: str, text: str, samples: Iterable[tuple[Labels, float]]
) -> Iterable[str]:
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} {kind}"
    for labels, value in samples:
        yield _sample(name, labels, value)


def _sample(name: str, labels: Labels, value: float) -> str:
    inside = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
    return f"{name}{{{inside}}} {value}" if inside else f"{name} {value}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
