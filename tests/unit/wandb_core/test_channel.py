"""The channel keeps order, bounds memory and ends cleanly."""

import asyncio

import pytest
from wandb_core.channel import Channel, ChannelClosed

from tests.support.waiting import wait_until_async


async def test_items_arrive_in_order_and_the_end_is_seen() -> None:
    channel: Channel[int] = Channel(8)
    for number in range(5):
        await channel.send(number)
    await channel.close()

    assert [number async for number in channel] == [0, 1, 2, 3, 4]
    assert channel.statistics().received == 5


async def test_a_full_channel_makes_the_sender_wait() -> None:
    channel: Channel[int] = Channel(1)
    await channel.send(1)

    async with asyncio.TaskGroup() as tasks:
        sender = tasks.create_task(channel.send(2))
        await wait_until_async(lambda: channel.statistics().full_waits == 1)
        assert not sender.done()
        assert await channel.receive() == 1

    assert await channel.receive() == 2


async def test_closing_wakes_a_waiting_sender() -> None:
    channel: Channel[int] = Channel(1)
    await channel.send(1)

    async def send_second() -> None:
        with pytest.raises(ChannelClosed):
            await channel.send(2)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(send_second())
        await wait_until_async(lambda: channel.statistics().full_waits == 1)
        await channel.close()

    assert await channel.receive() == 1
    assert await channel.receive() is None


async def test_waiting_items_are_taken_together() -> None:
    channel: Channel[int] = Channel(8)
    for number in range(5):
        await channel.send(number)

    assert await channel.receive_waiting(3) == [0, 1, 2]
    assert await channel.receive_waiting(3) == [3, 4]
    await channel.close()
    assert await channel.receive_waiting(3) == []


async def test_a_cancelled_receive_takes_nothing() -> None:
    channel: Channel[int] = Channel(8)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await channel.receive()
    await channel.send(1)

    assert await channel.receive() == 1
