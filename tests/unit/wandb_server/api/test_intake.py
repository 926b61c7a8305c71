"""Room for rows: bounded, in order, with an end to the wait."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from wandb_server.api.intake import Intake
from wandb_server.errors import StorageBusy

LONG_S = 60.0


class Bodies:
    """Requests that stay inside until they are let go."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self.inside: list[int] = []
        self.may_go: dict[int, asyncio.Event] = {}

    async def send(self, size: int) -> None:
        self.may_go[size] = asyncio.Event()
        async with self._intake.room(size):
            self.inside.append(size)
            await self.may_go[size].wait()
            self.inside.remove(size)


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_bodies_come_in_as_far_as_there_is_room_and_in_order() -> None:
    intake = Intake(10, LONG_S)
    bodies = Bodies(intake)
    async with asyncio.TaskGroup() as group:
        for size in (4, 5, 6, 1):
            group.create_task(bodies.send(size))
        await settle()
        assert bodies.inside == [4, 5]
        assert intake.waiting_count == 2, "1 would fit, but it came after 6"

        bodies.may_go[5].set()
        await settle()
        assert bodies.inside == [4, 6]

        bodies.may_go[6].set()
        await settle()
        assert bodies.inside == [4, 1]
        for event in bodies.may_go.values():
            event.set()


async def test_a_body_larger_than_the_room_comes_in_alone() -> None:
    intake = Intake(10, LONG_S)
    bodies = Bodies(intake)
    async with asyncio.TaskGroup() as group:
        group.create_task(bodies.send(99))
        group.create_task(bodies.send(1))
        await settle()
        assert bodies.inside == [99]

        bodies.may_go[99].set()
        await settle()
        assert bodies.inside == [1]
        bodies.may_go[1].set()


async def test_who_waits_too_long_is_told_so_and_keeps_no_place() -> None:
    intake = Intake(10, 0.01)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(intake.room(10))
        with pytest.raises(StorageBusy):
            await stack.enter_async_context(intake.room(1))
        assert intake.waiting_count == 0
    async with intake.room(10):
        pass


async def test_a_client_that_goes_away_gives_its_place_to_the_next() -> None:
    intake = Intake(10, LONG_S)
    bodies = Bodies(intake)
    async with asyncio.TaskGroup() as group:
        group.create_task(bodies.send(8))
        large = group.create_task(bodies.send(7))
        group.create_task(bodies.send(2))
        await settle()
        assert bodies.inside == [8]

        large.cancel()
        await settle()
        assert bodies.inside == [8, 2]
        for event in bodies.may_go.values():
            event.set()

    async with intake.room(10):
        assert intake.waiting_count == 0
