"""Sweeps as they are asked for, changed and worked on."""

import asyncio
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping
from wandb_proto import json_codec

from wandb_server.errors import NotFound, QueryError
from wandb_server.ingest.values import clean_text, values_of
from wandb_server.model.accounts import User
from wandb_server.model.history import Series, SeriesQuery
from wandb_server.model.json_value import Json
from wandb_server.model.projects import Project
from wandb_server.model.run_questions import RunQuery
from wandb_server.model.runs import Run
from wandb_server.model.sweeps import (
    PENDING,
    RUNNING,
    SETTABLE,
    Sweep,
    SweepAgent,
    SweepUpsert,
)
from wandb_server.operations.charts import Charts
from wandb_server.operations.runs import Runs
from wandb_server.operations.stores import Operations
from wandb_server.operations.sweeps import bayes, stopping
from wandb_server.operations.sweeps.changing import add_prior, change_sweep, make_sweep
from wandb_server.operations.sweeps.handing import (
    Command,
    Report,
    advise,
    bury,
    finish_if_done,
    settle,
)
from wandb_server.operations.sweeps.reading import (
    agent_of,
    config_from,
    config_of,
    sweep_of,
)
from wandb_server.operations.sweeps.sweep_config import SweepConfig
from wandb_server.storage import runs, sweeps
from wandb_server.storage import sweep_places as places
from wandb_server.storage.values import any_stale, refresh_values

COUNT_MAX = 2**31 - 1
"""GraphQL's Int; a grid of more points has, for people, no end."""
PRIOR_RUNS_MAX = 1_000
KEPT_UP_S = 24 * 3600.0
"""Sweeps that no agent asked for so long are left as they are."""
DIFFERENT_SEARCH = (
    "runs were handed out already, so method and parameters stay as they are; make a "
    "new sweep, and add these runs to it with --prior_run"
)


class Sweeps(Operations):
    """Everything about sweeps. Made by `StoredArchive.sweeps`."""

    # asked ---------------------------------------------------------------------------
    async def sweep(self, entity: str, project: str, name: str) -> Sweep | None:
        """None if there is none."""
        place = (clean_text(entity), clean_text(project), clean_text(name))
        return await self._read_one(lambda db: sweeps.find_sweep(db, *place))

    async def sweep_by_id(self, sweep_id: int) -> Sweep | None:
        """None if there is none."""
        return await self._read_one(lambda db: sweeps.read_sweep(db, sweep_id))

    async def sweeps_of(
        self, project: Project, start: int, count: int
    ) -> tuple[Sequence[Sweep], int]:
        """(some of them, the newest first; how many there are)."""
        await self._refresh(project.id)

        def question(db: Connection) -> tuple[list[Sweep], int]:
            rows = sweeps.list_sweeps(db, project.id, start, count)
            return [sweep_of(db, row) for row in rows], sweeps.count_sweeps(
                db, project.id
            )

        return await self._stores.database.read(question)

    async def agents(self, sweep: Sweep) -> Sequence[SweepAgent]:
        """In the order in which they came."""
        now = self._stores.clock()
        rows = await self._stores.database.read(
            lambda db: sweeps.read_agents(db, sweep_id=sweep.id)
        )
        return [agent_of(row, now) for row in rows]

    async def agent(self, agent_id: int) -> SweepAgent | None:
        """None if there is none."""
        now = self._stores.clock()
        rows = await self._stores.database.read(
            lambda db: sweeps.read_agents(db, agent_id=agent_id)
        )
        return agent_of(rows[0], now) if rows else None

    # changed -------------------------------------------------------------------------
    async def upsert(
        self, upsert: SweepUpsert, user: User
    ) -> tuple[Sweep, Sequence[str]]:
        """Make a sweep or change one: (the sweep, warnings about its config).

        Raises:
            QueryError: a config that cannot be run, or a change that came too late.
            NotFound: no sweep of that number in the project.
        """
        config = None
        if upsert.config_text is not None:
            config = await asyncio.to_thread(config_from, upsert.config_text)
            if config.method == "bayes":
                bayes.require_library()
        elif upsert.sweep_id is None:
            raise QueryError("config", "is missing: a sweep begins with one")
        if upsert.state is not None and upsert.state not in (PENDING, *SETTABLE):
            known = ", ".join(SETTABLE)
            raise QueryError("state", f"{upsert.state!r} is none of {known}")
        prior = await self._prior_runs(upsert)
        now = self._stores.clock()

        def change(db: Connection) -> int:
            if upsert.sweep_id is None:
                assert config is not None
                sweep_id = make_sweep(db, upsert, config, user, now)
            else:
                sweep_id = change_sweep(db, upsert, config, now)
            if prior:
                row = sweeps.lock_sweep(db, sweep_id)
                assert row is not None
                add_prior(db, row, config or config_of(row), prior, now)
            return sweep_id

        sweep_id = await self._stores.database.write(change)
        sweep = await self.sweep_by_id(sweep_id)
        assert sweep is not None
        return sweep, () if config is None else config.warnings

    async def add_agent(self, sweep: Sweep, host: str, user: User) -> SweepAgent:
        """Somebody who will ask for runs."""
        now = self._stores.clock()
        cleaned = clean_text(host)
        agent_id = await self._stores.database.write(
            lambda db: sweeps.insert_agent(db, sweep.id, cleaned, user.name, now)
        )
        agent = await self.agent(agent_id)
        assert agent is not None
        return agent

    # worked on -----------------------------------------------------------------------
    async def heartbeat(
        self, agent: SweepAgent, running: Sequence[str]
    ) -> Sequence[Command]:
        """What the agent, whose scripts of these runs go on, is to do now."""
        row = await self._row_of(agent)
        config = await asyncio.to_thread(config_of, row)
        await self._stop_early(row, config)
        report = Report(
            agent.id,
            frozenset(running),
            self._stores.clock(),
            proposal=await self._propose(row, config, agent, running),
            good_enough=await self._reached_target(row, config),
        )

        def change(db: Connection) -> tuple[list[Command], list[Run]]:
            sweep = sweeps.lock_sweep(db, row["id"])
            if sweep is None:
                raise NotFound("sweep", agent.sweep)
            buried = bury(db, sweep, report)
            if sweep["config"] != row["config"]:
                told = []  # it was changed meanwhile: ask again
            else:
                told = advise(db, sweep, config, report)
            return told, runs.read_runs(db, buried)

        commands, killed = await self._stores.database.write(change)
        for run in killed:
            self._announce(run)
        return commands

    async def keep_up(self, now: float) -> int:
        """Look after sweeps that no agent asks any more: how many are finished."""
        since = now - KEPT_UP_S
        going = await self._stores.database.read(
            lambda db: sweeps.going_sweeps(db, RUNNING, since)
        )
        finished = 0
        for row in going:
            # First: whoever has ended is not compared any more.
            await self._stop_early(row, await asyncio.to_thread(config_of, row))
            finished += await self._stores.database.write(
                lambda db, one=row["id"]: _keep_up(db, one, now)  # type: ignore[misc]
            )
        return finished

    # parts ---------------------------------------------------------------------------
    async def _read_one(self, find: Any) -> Sweep | None:
        row = await self._stores.database.read(find)
        if row is None:
            return None
        await self._refresh(row["project_id"])

        def question(db: Connection) -> Sweep | None:
            found = sweeps.read_sweep(db, row["id"])
            return None if found is None else sweep_of(db, found)

        return await self._stores.database.read(question)

    async def _row_of(self, agent: SweepAgent) -> RowMapping:
        row = await self._stores.database.read(
            lambda db: sweeps.find_sweep(db, agent.entity, agent.project, agent.sweep)
        )
        if row is None:
            raise NotFound("sweep", agent.sweep)
        return row

    async def _refresh(self, project_id: int) -> None:
        database = self._stores.database
        while await database.read(lambda db: any_stale(db, project_id)):
            await database.write(lambda db: refresh_values(db, project_id, values_of))

    async def _propose(
        self,
        row: RowMapping,
        config: SweepConfig,
        agent: SweepAgent,
        running: Sequence[str],
    ) -> Mapping[str, Json] | None:
        if (
            config.method != "bayes"
            or running
            or row["state"] not in (PENDING, RUNNING)
        ):
            return None
        found = await self._observations(row, config)
        if found is None:
            return None
        # Agents that ask at the same time must not get the same answer.
        seed = zlib.crc32(f"{row['name']}/{row['next_number']}/{agent.id}".encode())
        return await asyncio.to_thread(bayes.propose, config.parameters, found, seed)

    async def _observations(
        self, row: RowMapping, config: SweepConfig
    ) -> list[bayes.Observation] | None:
        """None: nothing more will be tried, so nobody has to think about it."""
        metric = config.metric
        assert metric is not None
        if config.run_cap is not None:
            taken = await self._stores.database.read(
                lambda db: places.count_live(db, row)
            )
            if taken >= config.run_cap:
                return None
        await self._refresh(row["project_id"])
        rows = await self._stores.database.read(
            lambda db: places.observed(db, row, metric.name, bayes.OBSERVATIONS_MAX)
        )
        found = []
        for one in rows:
            going = one["run_state"] in sweeps.UNENDED
            ended = not going and one["state"] != places.HANDED
            loss = None if one["value"] is None else metric.loss(one["value"])
            values = json_codec.loads(one["parameters"])
            found.append(bayes.Observation(values, loss if ended else None, ended))
        return found

    async def _reached_target(self, row: RowMapping, config: SweepConfig) -> bool:
        metric = config.metric
        if metric is None or metric.target is None:
            return False
        await self._refresh(row["project_id"])
        best = await self._stores.database.read(
            lambda db: sweeps.best_value(
                db,
                row["project_id"],
                row["name"],
                metric.name,
                minimized=metric.minimized,
            )
        )
        return best is not None and metric.reaches(best)

    async def _stop_early(self, row: RowMapping, config: SweepConfig) -> None:
        hyperband, metric = config.hyperband, config.metric
        if hyperband is None or metric is None:
            return
        rows = await self._stores.database.read(lambda db: places.climbers(db, row))
        arrived = {}
        if due := stopping.due_climbs(rows, hyperband):
            series = await self._series(row, due, metric.name)
            for climb in due:
                if (found := series.get(climb.name)) is not None:
                    rungs = stopping.losses_at_rungs(
                        found, hyperband, metric, climb.rung
                    )
                    arrived.update({climb.handed_id: rungs} if rungs else {})
        now = self._stores.clock()
        if arrived or hyperband.strict:
            await self._stores.database.write(
                lambda db: stopping.judge(db, row, hyperband, arrived, now)
            )

    async def _series(
        self, row: RowMapping, climbs: Sequence[stopping.Climb], key: str
    ) -> Mapping[str, Series]:
        """The metric of these runs, by their names."""
        query = SeriesQuery(
            entity=row["entity"],
            project=row["project"],
            runs=tuple(climb.name for climb in climbs),
            keys=(key,),
            buckets=stopping.BUCKETS,
        )
        return {one.run: one for one in await Charts(self._stores).series(query)}

    async def _prior_runs(self, upsert: SweepUpsert) -> Sequence[Run]:
        if not upsert.prior_runs:
            return ()
        query = RunQuery(
            entity=upsert.entity,
            project=upsert.project,
            filters=upsert.prior_runs,
            order="+created_at",
            first=PRIOR_RUNS_MAX,
        )
        return (await Runs(self._stores).query_runs(query)).runs


def _keep_up(db: Connection, sweep_id: int, now: float) -> bool:
    row = sweeps.lock_sweep(db, sweep_id)
    if row is None:
        return False
    config = config_of(row)
    settle(db, row, config, now)
    return finish_if_done(db, row, config)
