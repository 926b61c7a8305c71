"""Sweeps as one user may see and change them: as they may the runs of the project."""

from collections.abc import Sequence
from typing import Any

from wandb_server.errors import NotAllowed, NotFound
from wandb_server.model.projects import Project
from wandb_server.model.sweeps import Sweep, SweepAgent, SweepUpsert
from wandb_server.project_rules import ProjectRules, refusal


class PrivateSweeps:
    """What `rules.user` may do with sweeps. Cheap: one per request."""

    def __init__(self, sweeps: Any, rules: ProjectRules) -> None:
        self._sweeps = sweeps
        self._rules = rules

    async def sweep(self, entity: str, project: str, name: str) -> Sweep | None:
        """None if absent or somebody else's."""
        if not await self._rules.may_read(entity, project):
            return None
        found: Sweep | None = await self._sweeps.sweep(entity, project, name)
        return found

    async def sweeps_of(
        self, project: Project, start: int, count: int
    ) -> tuple[Sequence[Sweep], int]:
        """(some of them, the newest first; how many); none of another entity."""
        if not await self._rules.may_read(project.entity, project.name):
            return (), 0
        found: tuple[Sequence[Sweep], int] = await self._sweeps.sweeps_of(
            project, start, count
        )
        return found

    async def agents(self, sweep: Sweep) -> Sequence[SweepAgent]:
        """Of a sweep that was found through this class."""
        found: Sequence[SweepAgent] = await self._sweeps.agents(sweep)
        return found

    async def upsert(self, upsert: SweepUpsert) -> tuple[Sweep, Sequence[str]]:
        """Make or change one: (the sweep, warnings).

        Raises:
            NotAllowed: it is somebody else's.
            NotFound: there is no such sweep that one may see.
        """
        if upsert.sweep_id is not None:
            known = await self._sweeps.sweep_by_id(upsert.sweep_id)
            if known is None or not await self._rules.may_read(
                known.entity, known.project
            ):
                raise NotFound("sweep", str(upsert.sweep_id))
            await self._require(known.entity, known.project)
        await self._require(upsert.entity, upsert.project)
        made: tuple[Sweep, Sequence[str]] = await self._sweeps.upsert(
            upsert, self._rules.user
        )
        return made

    async def add_agent(self, sweep: Sweep, host: str) -> SweepAgent:
        """Somebody who asks for runs of a sweep that was found through this class.

        Raises:
            NotAllowed: one may only look at it.
        """
        await self._require(sweep.entity, sweep.project)
        made: SweepAgent = await self._sweeps.add_agent(sweep, host, self._rules.user)
        return made

    async def heartbeat(
        self, agent_id: int, running: Sequence[str]
    ) -> tuple[SweepAgent, Sequence[Any]]:
        """(the agent, what it is to do).

        Raises:
            NotAllowed: one may only look at its sweep.
            NotFound: there is no such agent that one may see.
        """
        agent: SweepAgent | None = await self._sweeps.agent(agent_id)
        if agent is None or not await self._rules.may_read(agent.entity, agent.project):
            raise NotFound("agent", str(agent_id))
        await self._require(agent.entity, agent.project)
        return agent, await self._sweeps.heartbeat(agent, running)

    async def _require(self, entity: str, project: str) -> None:
        if not await self._rules.may_write(entity, project):
            raise NotAllowed(refusal(entity, project))
