"""Sweeps over the stores: agents that ask, die, come late, and many at a time.

An agent here is what the official one is to the server: it reports which of its runs
go on, and does what it is told.
"""

import asyncio
import itertools
import json
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from wandb_server.errors import NotFound, QueryError
from wandb_server.model.runs import Run, RunUpsert
from wandb_server.model.sweeps import Sweep, SweepAgent, SweepUpsert
from wandb_server.operations.sweeps.handing import AGENT_SILENT_S

from tests.support.stores import Embedded, Team

GRID = {
    "method": "grid",
    "program": "train.py",
    "metric": {"name": "loss", "goal": "minimize"},
    "parameters": {"a": {"values": [1, 2]}, "b": {"values": ["x", "y"]}},
}
RANDOM = {
    **GRID,
    "method": "random",
    "parameters": {"a": {"min": 0.0, "max": 1.0}},
}
EXIT = [{"type": "exit"}]


@dataclass
class Agent:
    """Somebody who asks; `running` are the runs whose scripts go on."""

    desk: Any
    sweep: Sweep
    agent: SweepAgent
    running: tuple[str, ...] = ()

    async def ask(self) -> list[Any]:
        """What it is told now."""
        return list(await self.desk.archive.sweeps.heartbeat(self.agent, self.running))

    async def next_run(self) -> Any:
        """The command to run something, which it must get."""
        (command,) = await self.ask()
        assert command["type"] in ("run", "resume"), command
        self.running = (command["run_id"],)
        return command

    async def begin(self, command: Any) -> Run:
        """The script calls init."""
        run: Run = await self.desk.start(
            command["run_id"],
            sweep=self.sweep.name,
            config_json=json.dumps(command["args"]),
        )
        return run

    async def end(self, command: Any, loss: float | None = None, code: int = 0) -> None:
        """The script ends."""
        if loss is not None:
            summary = json.dumps({"loss": loss})
            await self.desk.start(command["run_id"], summary_json=summary)
        await self.desk.post(command["run_id"], complete=True, exit_code=code)
        self.running = ()

    async def whole_run(self, loss: float = 1.0) -> Any:
        """A run from beginning to end."""
        command = await self.next_run()
        await self.begin(command)
        await self.end(command, loss)
        return command


async def make(desk: Any, config: Any, **more: Any) -> Sweep:
    upsert = SweepUpsert("ann", "p", config_text=json.dumps(config), **more)
    sweep, _ = await desk.archive.sweeps.upsert(upsert, desk.user)
    return sweep  # type: ignore[no-any-return]


async def change(desk: Any, sweep: Sweep, **more: Any) -> Sweep:
    upsert = SweepUpsert("ann", "p", sweep_id=sweep.id, **more)
    changed, _ = await desk.archive.sweeps.upsert(upsert, desk.user)
    return changed  # type: ignore[no-any-return]


async def agent_of(desk: Any, sweep: Sweep) -> Agent:
    return Agent(
        desk, sweep, await desk.archive.sweeps.add_agent(sweep, "h", desk.user)
    )


async def again(desk: Any, sweep: Sweep) -> Sweep:
    found = await desk.archive.sweeps.sweep("ann", "p", sweep.name)
    assert found is not None
    return found  # type: ignore[no-any-return]


def values(command: Any) -> tuple[Any, ...]:
    return tuple(wrapped["value"] for wrapped in command["args"].values())


# ---- one agent -----------------------------------------------------------------------


async def test_a_grid_is_tried_in_order_and_ends_by_itself(desk: Any) -> None:
    sweep = await make(desk, {**GRID, "name": "my sweep", "description": "why"})
    agent = await agent_of(desk, sweep)
    assert (sweep.state, sweep.run_count_expected) == ("PENDING", 4)

    tried = [await agent.whole_run(loss) for loss in (3.0, 1.0, 2.0, float("nan"))]
    told = await agent.ask()

    assert [values(one) for one in tried] == list(itertools.product([1, 2], ["x", "y"]))
    assert {one["program"] for one in tried} == {"train.py"}
    assert told == EXIT
    ended = await again(desk, sweep)
    assert (ended.state, ended.run_count, ended.best_value) == ("FINISHED", 4, 1.0)
    assert (ended.display_name, ended.description) == ("my sweep", "why")
    (listed,) = await desk.archive.sweeps.agents(sweep)
    assert (listed.state, listed.run_count) == ("FINISHED", 4)


async def test_an_agent_with_a_run_is_left_alone(desk: Any) -> None:
    sweep = await make(desk, RANDOM)
    agent = await agent_of(desk, sweep)

    command = await agent.next_run()
    before = await agent.ask()
    await agent.begin(command)

    assert [before, await agent.ask()] == [[], []]
    assert (await again(desk, sweep)).state == "RUNNING"


async def test_an_answer_that_was_lost_is_given_again(desk: Any) -> None:
    """The agent asks again and knows nothing of what it was told."""
    agent = await agent_of(desk, await make(desk, GRID))

    first = await agent.ask()
    second = await agent.ask()

    assert first == second
    assert first[0]["type"] == "run"


async def test_a_script_that_dies_before_init_is_not_handed_out_for_ever(
    desk: Any,
) -> None:
    agent = await agent_of(desk, await make(desk, GRID))

    broken = await agent.next_run()
    assert await agent.ask() == []  # it goes on
    agent.running = ()
    after = await agent.next_run()

    assert (values(broken), values(after)) == ((1, "x"), (1, "y"))


async def test_a_cap_counts_runs(desk: Any) -> None:
    sweep = await make(desk, {**RANDOM, "run_cap": 3})
    agent = await agent_of(desk, sweep)

    tried = [await agent.whole_run() for _ in range(3)]

    assert len({values(one) for one in tried}) == 3
    assert await agent.ask() == EXIT
    assert (await again(desk, sweep)).state == "FINISHED"


async def test_what_is_good_enough_ends_the_sweep(desk: Any) -> None:
    metric = {"name": "loss", "goal": "maximize", "target": 0.9}
    sweep = await make(desk, {**RANDOM, "metric": metric})
    agent = await agent_of(desk, sweep)

    await agent.whole_run(0.5)
    await agent.whole_run(0.95)

    assert await agent.ask() == EXIT
    ended = await again(desk, sweep)
    assert (ended.state, ended.best_value) == ("FINISHED", 0.95)


async def test_bayes_learns_from_the_runs_of_the_sweep(desk: Any) -> None:
    metric = {"name": "loss", "goal": "maximize"}
    sweep = await make(desk, {**RANDOM, "method": "bayes", "metric": metric})
    agent = await agent_of(desk, sweep)

    tried = []
    for _ in range(30):
        command = await agent.next_run()
        (a,) = values(command)
        tried.append(a)
        await agent.begin(command)
        await agent.end(command, loss=-abs(a - 0.8))

    assert all(0 <= a <= 1 for a in tried)
    assert len(set(tried)) == 30
    off = [abs(a - 0.8) for a in tried]
    assert sum(off[-10:]) < sum(off[:10])


# ---- people --------------------------------------------------------------------------


async def test_a_sweep_is_paused_resumed_and_stopped(desk: Any) -> None:
    sweep = await make(desk, RANDOM)
    agent, idle = await agent_of(desk, sweep), await agent_of(desk, sweep)
    command = await agent.next_run()
    await agent.begin(command)

    await change(desk, sweep, state="PAUSED")
    paused = [await agent.ask(), await idle.ask()]
    await change(desk, sweep, state="RUNNING")
    resumed = await idle.next_run()
    await idle.begin(resumed)
    await idle.end(resumed)
    await change(desk, sweep, state="FINISHED")
    stopped = [await agent.ask(), await idle.ask()]
    await agent.end(command)

    assert paused == [[], []]
    assert stopped == [[], EXIT]  # who has a run may end it
    assert await agent.ask() == EXIT
    assert (await again(desk, sweep)).state == "FINISHED"


async def test_canceling_stops_what_runs_for_good(desk: Any) -> None:
    sweep = await make(desk, RANDOM)
    agent = await agent_of(desk, sweep)
    command = await agent.next_run()
    await agent.begin(command)

    await change(desk, sweep, state="CANCELED")
    told = await agent.ask()

    name = command["run_id"]
    assert told == [{"type": "stop", "run_id": name}]
    agent.running = ()
    assert await agent.ask() == EXIT
    stopped = await desk.run(name)
    assert (stopped.stop_requested, stopped.state) == (True, "killed")
    with pytest.raises(QueryError, match="was canceled, which ends it for good"):
        await change(desk, sweep, state="RUNNING")


async def test_a_config_changes_only_before_anything_was_handed_out(desk: Any) -> None:
    sweep = await make(desk, GRID)
    other = {**GRID, "parameters": {"c": {"values": [9]}}}

    await change(desk, sweep, config_text=json.dumps(other))
    agent = await agent_of(desk, sweep)
    first = await agent.next_run()
    with pytest.raises(QueryError, match="runs were handed out already"):
        await change(desk, sweep, config_text=json.dumps(GRID))
    capped = await change(desk, sweep, config_text=json.dumps({**other, "run_cap": 7}))

    assert values(first) == (9,)
    assert capped.run_count_expected == 1


async def test_states_and_sweeps_that_do_not_exist_are_refused(desk: Any) -> None:
    sweep = await make(desk, GRID)

    with pytest.raises(QueryError, match="'BROKEN' is none of RUNNING"):
        await change(desk, sweep, state="BROKEN")
    with pytest.raises(NotFound):
        await change(desk, replace(sweep, id=999), state="PAUSED")
    with pytest.raises(QueryError, match="config: is missing"):
        await desk.archive.sweeps.upsert(SweepUpsert("ann", "p"), desk.user)
    assert await desk.archive.sweeps.sweep("ann", "p", "nothing") is None


async def test_runs_from_before_belong_to_it_and_are_not_tried_again(desk: Any) -> None:
    for name, a, b in (("old1", 1, "x"), ("old2", 2, "y"), ("other", 1, "y")):
        config = json.dumps({"a": {"value": a}, "b": {"value": b}})
        await desk.start(name, config_json=config, summary_json='{"loss": 0.25}')
        await desk.post(name, complete=True, exit_code=0)
    names = {"$or": [{"name": "old1"}, {"name": "old2"}]}

    sweep = await make(desk, GRID, prior_runs=names)
    agent = await agent_of(desk, sweep)
    tried = [values(await agent.whole_run()) for _ in range(2)]

    assert tried == [(1, "y"), (2, "x")]
    assert await agent.ask() == EXIT
    ended = await again(desk, sweep)
    assert (ended.run_count, ended.best_value) == (4, 0.25)
    assert (await desk.run("old1")).sweep == sweep.name
    assert (await desk.run("other")).sweep is None


# ---- what goes wrong -----------------------------------------------------------------


async def test_what_a_dead_agent_had_is_handed_out_again(desk: Any) -> None:
    sweep = await make(desk, {**GRID, "run_cap": 4})
    dead, agent = await agent_of(desk, sweep), await agent_of(desk, sweep)
    lost = await dead.next_run()
    tried = [await agent.whole_run() for _ in range(3)]

    waiting = await agent.ask()
    desk.clock.now += AGENT_SILENT_S + 1
    found = await agent.whole_run()

    assert waiting == []  # something may come back
    assert values(found) == values(lost) == (1, "x")
    assert found["run_id"] != lost["run_id"]
    assert len({values(one) for one in (*tried, found)}) == 4
    assert await agent.ask() == EXIT
    assert (await again(desk, sweep)).state == "FINISHED"


async def test_a_run_that_begins_late_goes_on_if_its_place_is_free(desk: Any) -> None:
    agent = await agent_of(desk, await make(desk, GRID))
    other = await agent_of(desk, agent.sweep)
    slow = await agent.next_run()

    desk.clock.now += AGENT_SILENT_S + 1
    await desk.archive.sweeps.keep_up(desk.clock.now)
    await agent.begin(slow)
    after = await other.next_run()

    assert values(after) == (1, "y")
    assert not (await desk.run(slow["run_id"])).stop_requested


async def test_a_run_that_begins_late_is_stopped_if_its_place_was_taken(
    desk: Any,
) -> None:
    agent = await agent_of(desk, await make(desk, GRID))
    other = await agent_of(desk, agent.sweep)
    slow = await agent.next_run()

    desk.clock.now += AGENT_SILENT_S + 1
    replaced = await other.next_run()
    await agent.begin(slow)
    told = await agent.ask()

    assert values(replaced) == values(slow)
    assert told == [{"type": "stop", "run_id": slow["run_id"]}]
    assert (await desk.run(slow["run_id"])).stop_requested


async def test_a_run_that_was_deleted_is_tried_again(desk: Any) -> None:
    """As people do who want it: delete it, resume the sweep, start an agent."""
    sweep = await make(desk, GRID)
    agent = await agent_of(desk, sweep)
    tried = [await agent.whole_run() for _ in range(4)]
    assert await agent.ask() == EXIT

    await desk.archive.delete_run((await desk.run(tried[2]["run_id"])).storage_id)
    await change(desk, sweep, state="RUNNING")
    agent = await agent_of(desk, sweep)
    anew = await agent.whole_run()

    assert values(anew) == values(tried[2])
    assert await agent.ask() == EXIT


async def test_a_preempted_run_goes_on_at_the_next_agent(desk: Any) -> None:
    sweep = await make(desk, {**GRID, "run_cap": 1})
    gone, agent = await agent_of(desk, sweep), await agent_of(desk, sweep)
    command = await gone.next_run()
    run = await gone.begin(command)
    await gone.ask()
    await desk.archive.set_run_state(run.storage_id, "preempted")

    taken = await agent.next_run()
    third = await agent_of(desk, sweep)
    meanwhile = await third.ask()
    await agent.begin(taken)
    await agent.end(taken)

    assert taken == {**command, "type": "resume"}
    assert meanwhile == []
    assert await agent.ask() == EXIT
    assert (await again(desk, sweep)).state == "FINISHED"


async def test_a_sweep_without_agents_is_marked_as_finished(desk: Any) -> None:
    sweep = await make(desk, {**RANDOM, "run_cap": 1})
    agent = await agent_of(desk, sweep)
    command = await agent.next_run()
    await agent.begin(command)
    await desk.archive.mark_crashed(desk.clock.now, 300)
    going = (await again(desk, sweep)).state
    await agent.end(command)  # and the agent is never heard of again

    await desk.archive.mark_crashed(desk.clock.now, 300)

    assert (going, (await again(desk, sweep)).state) == ("RUNNING", "FINISHED")


# ---- early stopping ------------------------------------------------------------------


async def logged(agent: Agent, command: Any, losses: Sequence[float]) -> None:
    rows = [{"_step": step, "loss": loss} for step, loss in enumerate(losses)]
    await agent.desk.log(*rows, name=command["run_id"])


@pytest.mark.parametrize("goal", ["minimize", "maximize"])
async def test_runs_that_are_not_among_the_best_are_stopped(
    desk: Any, goal: str
) -> None:
    sign = 1 if goal == "minimize" else -1
    config = {
        **RANDOM,
        "metric": {"name": "loss", "goal": goal},
        "early_terminate": {"type": "hyperband", "min_iter": 3, "eta": 2},
    }
    sweep = await make(desk, config)
    agents = [await agent_of(desk, sweep) for _ in range(4)]
    commands = [await agent.next_run() for agent in agents]
    for agent, command in zip(agents, commands, strict=True):
        await agent.begin(command)

    told = []
    for level, (agent, command) in enumerate(zip(agents, commands, strict=True)):
        # Two points are not enough to be compared.
        await logged(agent, command, [sign * (9.0 + level)] * 2)
        assert await agent.ask() == []
        rows = [{"_step": step, "loss": sign * float(level)} for step in (2, 3)]
        await desk.log(*rows, name=command["run_id"])
        told.append(await agent.ask())

    stops = [[{"type": "stop", "run_id": one["run_id"]}] for one in commands]
    assert told == [[], *stops[1:]]
    # It is told so until it is stopped; then there is something new to run.
    assert await agents[3].ask() == stops[3]
    agents[3].running = ()
    states = [(await desk.run(one["run_id"])).state for one in commands]
    assert states == ["running"] * 4
    assert (await agents[3].next_run())["run_id"] not in [
        one["run_id"] for one in commands
    ]
    assert (await desk.run(commands[3]["run_id"])).state == "killed"


@pytest.mark.parametrize("strict", [False, True])
async def test_a_run_that_passes_several_rungs_at_once_is_compared_at_each(
    desk: Any, strict: bool
) -> None:
    """Clients send every 15 seconds: hundreds of points at once. Strict: whoever was
    there first is compared with those that come later, too."""
    band = {"type": "hyperband", "min_iter": 2, "eta": 2, "strict": strict}
    sweep = await make(desk, {**RANDOM, "early_terminate": band})
    agents = [await agent_of(desk, sweep) for _ in range(2)]
    commands = [await agent.next_run() for agent in agents]
    for agent, command in zip(agents, commands, strict=True):
        await agent.begin(command)

    await logged(agents[0], commands[0], [1.0] * 3)
    short = await agents[0].ask()
    await logged(agents[1], commands[1], [2.0] * 100)
    worse = await agents[1].ask()
    agents[1].running = ()
    command = await agents[1].next_run()
    await agents[1].begin(command)
    await logged(agents[1], command, [0.0] * 100)
    best = await agents[1].ask()

    assert (short, best) == ([], [])
    assert worse == [{"type": "stop", "run_id": commands[1]["run_id"]}]
    # 0, 1, 2: the better half of three ends at 1.
    assert await agents[0].ask() == []


async def test_strictly_a_run_is_stopped_once_others_are_better(desk: Any) -> None:
    for strict in (False, True):
        band = {"type": "hyperband", "min_iter": 2, "eta": 2, "strict": strict}
        sweep = await make(desk, {**RANDOM, "early_terminate": band})
        agents = [await agent_of(desk, sweep) for _ in range(2)]
        commands = [await agent.next_run() for agent in agents]
        for agent, command in zip(agents, commands, strict=True):
            await agent.begin(command)
        await logged(agents[0], commands[0], [1.0] * 3)
        assert await agents[0].ask() == []
        await logged(agents[1], commands[1], [0.0] * 3)
        assert await agents[1].ask() == []

        stop = {"type": "stop", "run_id": commands[0]["run_id"]}

        assert await agents[0].ask() == ([stop] if strict else [])


async def test_nothing_is_stopped_for_points_that_are_no_numbers(desk: Any) -> None:
    band = {"type": "hyperband", "min_iter": 2}
    agent = await agent_of(desk, await make(desk, {**RANDOM, "early_terminate": band}))
    command = await agent.next_run()
    await agent.begin(command)

    await logged(agent, command, [float("nan")] * 5)

    assert await agent.ask() == []


# ---- many at once --------------------------------------------------------------------


@pytest.fixture
async def servers(
    tmp_path: Path, open_at: Any, stores: Embedded | Team
) -> AsyncIterator[list[Any]]:
    """Three servers on one database; the embedded one belongs to one server."""
    async with AsyncExitStack() as ending:
        desks = []
        for name in ("a",) if stores.name == "embedded" else ("a", "b", "c"):
            desk = await open_at(tmp_path, data_dir=tmp_path / name)
            ending.push_async_callback(desk.archive.close)
            desks.append(desk)
        yield desks


async def work(agent: Agent) -> list[Any]:
    """Until there is nothing to do."""
    done = []
    while (told := await agent.ask()) != EXIT:
        for command in told:
            agent.running = (command["run_id"],)
            await agent.begin(command)
            await agent.end(command, 1.0)
            done.append(command)
    return done


@pytest.mark.parametrize(
    ("config", "count"),
    [
        ({**GRID, "parameters": {k: {"min": 1, "max": 8} for k in "ab"}}, 64),
        ({**RANDOM, "run_cap": 50}, 50),
        ({**RANDOM, "method": "bayes", "run_cap": 30}, 30),
    ],
    ids=["grid", "random", "bayes"],
)
async def test_twenty_agents_never_get_the_same_and_never_too_many(
    servers: list[Any], config: Any, count: int
) -> None:
    sweep = await make(servers[0], config)
    places = itertools.cycle(servers)
    agents = [await agent_of(next(places), sweep) for _ in range(20)]

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work(agent)) for agent in agents]

    done = [command for task in tasks for command in task.result()]
    assert len(done) == count
    assert set(Counter(command["run_id"] for command in done).values()) == {1}
    assert set(Counter(values(command) for command in done).values()) == {1}
    assert sum(bool(task.result()) for task in tasks) > 1
    ended = await again(servers[-1], sweep)
    assert (ended.state, ended.run_count) == ("FINISHED", count)


async def test_sweeps_are_listed_the_newest_first(desk: Any) -> None:
    names = [(await make(desk, GRID)).name for _ in range(5)]
    project = await desk.archive.project("ann", "p")

    page, total = await desk.archive.sweeps.sweeps_of(project, 1, 3)

    assert ([one.name for one in page], total) == (names[::-1][1:4], 5)


async def test_one_may_say_that_a_run_is_of_a_sweep_without_an_agent(desk: Any) -> None:
    sweep = await make(desk, GRID)

    upsert = RunUpsert("ann", "p", "by-hand", sweep=sweep.name)
    await desk.archive.upsert_run(upsert, desk.user)

    assert (await again(desk, sweep)).run_count == 1
