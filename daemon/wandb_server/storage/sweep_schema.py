"""The tables of sweeps, beside those of `schema`.

```
sweeps ─┬─ sweep_agents
        └─ sweep_runs        what was handed to an agent, or added from before
             └─ sweep_rungs  how good it was after so many points (early stopping)
```

A run belongs to a sweep by its column `sweep`. A row of `sweep_runs` knows its run by
name only: it is there before the run begins, and stays when the run is deleted.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    UniqueConstraint,
)

from wandb_server.storage.id_type import Id
from wandb_server.storage.schema import metadata, runs
from wandb_server.storage.text_type import Text

sweeps = Table(
    "sweeps",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("project_id", Id, ForeignKey("projects.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("display_name", Text),
    Column("description", Text),
    # YAML or JSON, as received.
    Column("config", LargeBinary, nullable=False),
    Column("method", Text, nullable=False),
    # PENDING | RUNNING | PAUSED | FINISHED | CANCELED
    Column("state", Text, nullable=False),
    Column("user_name", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
    Column("heartbeat_at", Float),
    # How many runs were handed out: seeds the next draw.
    Column("next_number", BigInteger, nullable=False),
    # Every point of the grid below was handed out once.
    Column("next_point", BigInteger, nullable=False),
    # What a controller on a client's machine and the server tell each other, JSON.
    Column("controller", LargeBinary),
    Column("scheduler", LargeBinary),
    UniqueConstraint("project_id", "name"),
    sqlite_autoincrement=True,
)

sweep_agents = Table(
    "sweep_agents",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("sweep_id", Id, ForeignKey("sweeps.id"), nullable=False, index=True),
    Column("host", Text, nullable=False),
    Column("user_name", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("heartbeat_at", Float, nullable=False),
    # It was told to end.
    Column("ended", Boolean(create_constraint=False), nullable=False),
    sqlite_autoincrement=True,
)

sweep_runs = Table(
    "sweep_runs",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("sweep_id", Id, ForeignKey("sweeps.id"), nullable=False),
    # None: added from before.
    Column("agent_id", Id, ForeignKey("sweep_agents.id")),
    Column("name", Text, nullable=False),
    # JSON: {"lr": 0.1, "model": {"depth": 2}}
    Column("parameters", LargeBinary, nullable=False),
    # Of the grid.
    Column("point", BigInteger),
    # handed | begun | ended | failed | lapsed | prior, see operations.sweeps.handing
    Column("state", Text, nullable=False),
    Column("handed_at", Float, nullable=False),
    # How often the agent was told.
    Column("told_count", Integer, nullable=False),
    # The agent said that it runs.
    Column("reported", Boolean(create_constraint=False), nullable=False),
    # It must end: its agent is told as long as it runs.
    Column("stopping", Boolean(create_constraint=False), nullable=False),
    UniqueConstraint("sweep_id", "name"),
    Index(None, "sweep_id", "state"),
    Index(None, "sweep_id", "point"),
    sqlite_autoincrement=True,
)

sweep_rungs = Table(
    "sweep_rungs",
    metadata,
    Column("sweep_run_id", Id, ForeignKey("sweep_runs.id"), primary_key=True),
    Column("rung", BigInteger, primary_key=True, autoincrement=False),
    # The best so far; None: no point of them was finite.
    Column("value", Float),
)

of_a_sweep = Index(
    "ix_runs_sweep",
    runs.c.project_id,
    runs.c.sweep,
    sqlite_where=runs.c.sweep.is_not(None),
    postgresql_where=runs.c.sweep.is_not(None),
)
"""Few runs are of one, and only they are found by it."""

SWEEP_TABLES = (sweeps, sweep_agents, sweep_runs, sweep_rungs)
