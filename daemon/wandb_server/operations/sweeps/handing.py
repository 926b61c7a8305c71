"""What an agent is told when it reports, decided in one transaction.

```
            agent told            its run begins       it ends
  (nothing) ─────────► handed ─────────────────► begun ───────► ended ─ deleted ► free
                         │ │ the agent is silent
                         │ └───────────────────► lapsed ── place free ──► handed anew
                         │ the agent let go of it      └── its run begins late ► begun,
                         └─► failed: place taken           or stopped if that is taken
```

The sweep's row is locked meanwhile, on every server: so no place is given twice and a
cap holds, however many agents ask at once. Constraints:

- An answer may be lost: what an agent does not know of is told to it once more.
- A script that ends before `init` is not handed out again: it would fail again.
- An agent whose machine died gives its place back, `AGENT_SILENT_S` after its word.
- A run that was deleted frees its place: that is how people have it tried again.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from sqlalchemy import Connection, RowMapping
from wandb_proto import json_codec

from wandb_server.model.json_value import Json
from wandb_server.model.sweeps import CANCELED, FINISHED, PAUSED, PENDING, RUNNING
from wandb_server.operations.sweeps import grid, random_search
from wandb_server.operations.sweeps.sweep_config import SweepConfig
from wandb_server.storage import sweep_places as places
from wandb_server.storage import sweeps

AGENT_SILENT_S = 120.0
"""Agents report every five seconds; one that was cut off so long is given up."""
TELLS_MAX = 2
NAME_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
NAME_LENGTH = 8

Command = dict[str, Json]


@dataclass(frozen=True, slots=True)
class Report:
    """An agent says what it is doing."""

    agent_id: int
    running: frozenset[str]
    """Names of the runs whose scripts go on."""
    now: float
    proposal: Mapping[str, Json] | None = None
    """What to try next, where that takes too long to think of in a transaction."""
    good_enough: bool = False
    """Some run reached the target."""


def advise(
    db: Connection, sweep: RowMapping, config: SweepConfig, report: Report
) -> list[Command]:
    """What the agent is to do; `sweep` is locked."""
    sweeps.update_agent(db, report.agent_id, {"heartbeat_at": report.now})
    sweeps.update_sweep(db, sweep["id"], {"heartbeat_at": report.now})
    places.revive(db, sweep, sorted(report.running))
    settle(db, sweep, config, report.now)
    again = _catch_up(db, sweep, config, report)
    state = sweep["state"]
    if state == CANCELED and report.running:
        # Not exit yet: that kills scripts before they have said how they ended.
        return [_stop(name) for name in sorted(report.running)]
    stops = _stops(db, sweep, report)
    if stops or report.running:
        return stops
    if state == PAUSED:
        return []
    if state in (PENDING, RUNNING) and not report.good_enough:
        told = again or _next(db, sweep, config, report)
        if told is not None:
            return [told]
        if _is_awaited(db, sweep, config, report):
            return []
    return _end(db, sweep, report)


def bury(db: Connection, sweep: RowMapping, report: Report) -> list[int]:
    """Mark the runs as killed that the agent stopped as it was told; their numbers.

    The tool's agent kills hard, so nobody else will say that they ended. One that is
    still able to say how it ended does so afterwards.
    """
    buried = [
        row["run_id"]
        for row in places.of_agent(db, sweep, report.agent_id)
        if row["stopping"]
        and row["name"] not in report.running
        and row["run_state"] in sweeps.UNENDED
    ]
    for run_id in buried:
        sweeps.kill_run(db, run_id, report.now)
    return buried


def settle(db: Connection, sweep: RowMapping, config: SweepConfig, now: float) -> None:
    """See which runs began, and take back what silent agents had."""
    for row in places.unsettled(db, sweep):
        began = row["run_id"] is not None and row["run_state"] != "preempted"
        if row["state"] == places.BEGUN:
            if row["run_state"] not in (*sweeps.UNENDED, "preempted"):
                places.update_handed(db, row["id"], {"state": places.ENDED})
        elif row["state"] == places.HANDED:
            if began:
                places.update_handed(db, row["id"], {"state": places.BEGUN})
            elif row["agent_heartbeat_at"] < now - AGENT_SILENT_S:
                # A preempted run that was to go on waits for the next agent.
                lapsed = places.LAPSED if row["run_id"] is None else places.BEGUN
                places.update_handed(db, row["id"], {"state": lapsed})
        elif began and not row["stopping"]:
            _begins_late(db, sweep, config, row)


def finish_if_done(db: Connection, sweep: RowMapping, config: SweepConfig) -> bool:
    """Whether everything was tried and has ended; then it is marked so."""
    if sweep["state"] != RUNNING or _has_more(db, sweep, config):
        return False
    if places.count_open(db, sweep):
        return False
    sweeps.update_sweep(db, sweep["id"], {"state": FINISHED})
    return True


def _begins_late(
    db: Connection, sweep: RowMapping, config: SweepConfig, row: RowMapping
) -> None:
    """Its place was free for others: it goes on only if nobody took it."""
    full = config.run_cap is not None and places.count_live(db, sweep) >= config.run_cap
    taken = row["point"] is not None and places.point_is_taken(db, sweep, row["point"])
    if full or taken:
        places.update_handed(db, row["id"], {"stopping": True})
        sweeps.request_stop(db, row["run_id"])
    else:
        places.update_handed(db, row["id"], {"state": places.BEGUN})


def _catch_up(
    db: Connection, sweep: RowMapping, config: SweepConfig, report: Report
) -> Command | None:
    """Compare what the agent has with what it was given; what to tell it again."""
    again = None
    for row in places.of_agent(db, sweep, report.agent_id):
        if row["state"] != places.HANDED:
            continue
        if row["name"] in report.running:
            places.update_handed(db, row["id"], {"reported": True})
        elif row["reported"] or row["told_count"] >= TELLS_MAX:
            let_go = places.FAILED if row["run_id"] is None else places.BEGUN
            places.update_handed(db, row["id"], {"state": let_go})
        elif again is None and not report.running:
            again = _tell(db, row, config, report)
    return again


def _tell(
    db: Connection, row: Mapping[Any, Any], config: SweepConfig, report: Report
) -> Command:
    told = {"told_count": row["told_count"] + 1}
    places.update_handed(db, row["id"], told)
    kind = "run" if row["run_id"] is None else "resume"
    return _command(kind, row["name"], json_codec.loads(row["parameters"]), config)


def _stops(db: Connection, sweep: RowMapping, report: Report) -> list[Command]:
    return [
        _stop(row["name"])
        for row in places.of_agent(db, sweep, report.agent_id)
        if row["stopping"] and row["name"] in report.running
    ]


def _next(
    db: Connection, sweep: RowMapping, config: SweepConfig, report: Report
) -> Command | None:
    """The next thing to run; None: there is none."""
    waiting = places.preempted(db, sweep)
    if waiting is not None:
        taken: dict[str, Any] = {
            "state": places.HANDED,
            "agent_id": report.agent_id,
            "told_count": 0,
            "reported": False,
            "handed_at": report.now,
        }
        places.update_handed(db, waiting["id"], taken)
        return _tell(db, {**waiting, **taken}, config, report)
    if _is_full(db, sweep, config):
        return None
    found = _choose(db, sweep, config, report)
    if found is None:
        return None
    values, point = found
    name = _new_name(db, sweep)
    places.insert_handed(
        db,
        {
            "sweep_id": sweep["id"],
            "agent_id": report.agent_id,
            "name": name,
            "parameters": json_codec.dumps(values),
            "point": point,
            "state": places.HANDED,
            "handed_at": report.now,
            "told_count": 1,
        },
    )
    begun = {"next_number": sweep["next_number"] + 1, "state": RUNNING}
    sweeps.update_sweep(db, sweep["id"], begun)
    return _command("run", name, values, config)


def _choose(
    db: Connection, sweep: RowMapping, config: SweepConfig, report: Report
) -> tuple[Mapping[str, Json], int | None] | None:
    """(values, point of the grid) to try; None: nothing is left, or known yet."""
    if config.method == "grid":
        point = _next_point(db, sweep, config)
        if point is None:
            return None
        return grid.point_values(config.parameters, point), point
    if config.method == "random":
        # The same seed gives the same runs, whichever server draws them.
        rng = Random(f"{sweep['name']}/{sweep['next_number']}")
        return random_search.draw(config.parameters, rng), None
    return None if report.proposal is None else (report.proposal, None)


def _next_point(db: Connection, sweep: RowMapping, config: SweepConfig) -> int | None:
    freed = places.freed_point(db, sweep)
    if freed is not None:
        return freed
    point, count = sweep["next_point"], grid.point_count(config.parameters)
    while point < count and places.point_is_taken(db, sweep, point):
        point += 1  # a run from before has tried it
    if point != sweep["next_point"] or point < count:
        after = min(point + 1, count)
        sweeps.update_sweep(db, sweep["id"], {"next_point": after})
    return point if point < count else None


def _is_awaited(
    db: Connection, sweep: RowMapping, config: SweepConfig, report: Report
) -> bool:
    """Whether only the proposal is missing."""
    proposed = config.method not in ("grid", "random")
    if not proposed or report.proposal is not None:
        return False
    return not _is_full(db, sweep, config)


def _is_full(db: Connection, sweep: RowMapping, config: SweepConfig) -> bool:
    cap = config.run_cap
    return cap is not None and places.count_live(db, sweep) >= cap


def _has_more(db: Connection, sweep: RowMapping, config: SweepConfig) -> bool:
    if places.preempted(db, sweep) is not None:
        return True
    if _is_full(db, sweep, config):
        return False
    if config.method != "grid":
        return True
    if places.freed_point(db, sweep) is not None:
        return True
    point, count = int(sweep["next_point"]), grid.point_count(config.parameters)
    while point < count and places.point_is_taken(db, sweep, point):
        point += 1
    return point < count


def _end(db: Connection, sweep: RowMapping, report: Report) -> list[Command]:
    """Nothing is left for this agent: it goes, unless something may come back."""
    going = sweep["state"] in (PENDING, RUNNING)
    if going and not report.good_enough and places.count_waiting(db, sweep):
        return []
    if going and (report.good_enough or not places.count_open(db, sweep)):
        sweeps.update_sweep(db, sweep["id"], {"state": FINISHED})
    _end_agent(db, report)
    return [{"type": "exit"}]


def _end_agent(db: Connection, report: Report) -> None:
    sweeps.update_agent(db, report.agent_id, {"ended": True})


def _new_name(db: Connection, sweep: RowMapping) -> str:
    while True:
        letters = [secrets.choice(NAME_CHARACTERS) for _ in range(NAME_LENGTH)]
        name = "".join(letters)
        if places.run_name_is_free(db, sweep, name):
            return name


def _command(
    kind: str, name: str, values: Mapping[str, Json], config: SweepConfig
) -> Command:
    return {
        "type": kind,
        "run_id": name,
        "args": {key: {"value": value} for key, value in values.items()},
        "program": config.program,
    }


def _stop(name: str) -> Command:
    return {"type": "stop", "run_id": name}


def commands_json(commands: Sequence[Command]) -> str:
    """As agents read them."""
    return json_codec.dumps(list(commands)).decode()
