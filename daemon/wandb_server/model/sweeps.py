"""Sweeps: many runs of one script, whose parameters somebody chooses.

```
PENDING ── a run is handed out ──► RUNNING ◄──► PAUSED
                                      │
             everything was tried, or stopped by somebody ──► FINISHED
                          canceled by somebody (runs end) ──► CANCELED
```
"""

from collections.abc import Mapping
from dataclasses import dataclass

from wandb_server.model.json_value import Json

PENDING = "PENDING"
RUNNING = "RUNNING"
PAUSED = "PAUSED"
FINISHED = "FINISHED"
CANCELED = "CANCELED"
SETTABLE = (RUNNING, PAUSED, FINISHED, CANCELED)
"""States that people may ask for."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """A sweep as listed. `name` is its id in addresses."""

    id: int
    entity: str
    project: str
    project_id: int
    name: str
    display_name: str | None
    description: str | None
    config_text: str
    """YAML or JSON, as received."""
    method: str
    state: str
    user_name: str
    created_at: float
    updated_at: float
    heartbeat_at: float | None
    """When an agent was last heard of."""
    run_count: int
    """Runs that are there, those that were added from before too."""
    run_count_expected: int | None
    """None: without end, or more than anybody waits for."""
    best_value: float | None
    """Of the metric, over all runs."""
    controller_json: str | None
    scheduler_json: str | None


@dataclass(frozen=True, slots=True)
class SweepAgent:
    """A process on somebody's machine that starts runs of a sweep."""

    id: int
    entity: str
    project: str
    sweep: str
    host: str
    state: str
    """RUNNING or FINISHED: silent for long, or told to end"""
    run_count: int
    created_at: float
    heartbeat_at: float


@dataclass(frozen=True, slots=True)
class SweepUpsert:
    """Make a sweep, or change the one with that number; None leaves a field."""

    entity: str
    project: str
    sweep_id: int | None = None
    config_text: str | None = None
    display_name: str | None = None
    description: str | None = None
    state: str | None = None
    prior_runs: Mapping[str, Json] | None = None
    """A filter of runs that belong to it from the beginning."""
    controller_json: str | None = None
    scheduler_json: str | None = None
