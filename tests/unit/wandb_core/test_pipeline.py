"""A pipeline keeps every batch, whatever the disk does; no acknowledgement is early."""

import asyncio
import contextlib
import errno
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from wandb_core.clock import SystemClock
from wandb_core.model import IncomingBatch
from wandb_core.monitor import Monitor
from wandb_core.owner_mark import Machine, owner_path
from wandb_core.pipeline import PipelineCounts, RunPipeline, Writer
from wandb_core.settings import CoreSettings
from wandb_core.stream_link import StreamLink
from wandb_core.transaction_log import RealFiles, read_all
from wandb_proto.v1.record_pb2 import Record, UploadTarget

from tests.support.core_process import exit_run, log, open_run
from tests.support.waiting import wait_until_async

HERE = Machine("host1", "boot1")


class SwitchableFiles(RealFiles):
    """A disk that can be filled up and freed again."""

    def __init__(self) -> None:
        self.full = False
        self.refusals = 0
        self.syncs = 0

    def write(self, descriptor: int, data: bytes, offset: int) -> int:
        if self.full:
            self.refusals += 1
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(descriptor, data, offset)

    def fsync(self, descriptor: int) -> None:
        self.syncs += 1
        super().fsync(descriptor)


class Running:
    """A pipeline with its task, and what it reported."""

    def __init__(self, path: Path, files: SwitchableFiles, **settings: Any) -> None:
        self.targets: list[UploadTarget] = []
        self.remembered_at_end: list[int] = []
        self.files = files
        self.pipeline = RunPipeline(
            "run1",
            path,
            settings=CoreSettings(**{"write_retry_s": 0.02, **settings}),
            clock=SystemClock(),
            machine=HERE,
            monitor=Monitor(SystemClock(), 5.0),
            totals=PipelineCounts(),
            remember=lambda pipeline, _: self.remembered_at_end.append(
                pipeline.written.committed_end()
            ),
            on_target=lambda _, target: self.targets.append(target),
            on_detach=lambda: None,
            files=files,
        )

    def attach(self, stream_id: str = "s1", *, primary: bool = True) -> StreamLink:
        return self.pipeline.attach(Writer(stream_id, None, 1, primary))


@contextlib.asynccontextmanager
async def running(
    path: Path,
    files: SwitchableFiles | None = None,
    *,
    abandoned: bool = True,
    **settings: Any,
) -> AsyncIterator[Running]:
    async with asyncio.TaskGroup() as tasks:
        found = Running(path, files or SwitchableFiles(), **settings)
        tasks.create_task(found.pipeline.run())
        try:
            yield found
        finally:
            await found.pipeline.finish(abandoned=abandoned)


def rows(path: Path) -> list[dict[str, object]]:
    """The history rows of a log, as plain dictionaries without private keys."""
    return [
        {
            "/".join(item.nested_key) or item.key: json.loads(item.value_json)
            for item in logged.record.history.item
            if not (item.key or item.nested_key[0]).startswith("_")
        }
        for logged in read_all(path)
        if logged.record.WhichOneof("record_type") == "history"
    ]


async def acknowledged(link: StreamLink, next_sequence: int) -> list[str]:
    """Wait for an acknowledgement; returns the notices that came with it."""
    texts: list[str] = []
    while True:
        answer = await link.next_answer()
        assert answer is not None
        texts += [notice.text for notice in answer.notices]
        if answer.next_sequence >= next_sequence:
            return texts


async def test_batches_are_logged_in_order_and_then_acknowledged(
    tmp_path: Path,
) -> None:
    path = tmp_path / "run-run1.wandb"

    async with running(path) as run:
        link = run.attach()
        await link.send(IncomingBatch("s1", 1, (open_run("run1"), log({"x": 1}))))
        await link.send(IncomingBatch("s1", 3, (log({"x": 2}), log({"x": 3}))))
        await acknowledged(link, 5)
        assert [row["x"] for row in rows(path)] == [1, 2, 3]
        assert run.targets[0].mode == "offline"

    assert run.pipeline.written.ended()


async def test_a_batch_sent_again_is_dropped_and_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "run-run1.wandb"

    async with running(path) as run:
        link = run.attach()
        first = (open_run("run1"), log({"x": 1}), log({"x": 2}))
        await link.send(IncomingBatch("s1", 1, first))
        await acknowledged(link, 4)
        again = run.attach()
        await again.send(IncomingBatch("s1", 2, (*first[1:], log({"x": 3}))))
        await acknowledged(again, 5)

    assert [row["x"] for row in rows(path)] == [1, 2, 3]


async def test_a_full_disk_holds_the_batch_and_tells_once(tmp_path: Path) -> None:
    path = tmp_path / "run-run1.wandb"
    files = SwitchableFiles()

    async with running(path, files) as run:
        link = run.attach()
        await link.send(IncomingBatch("s1", 1, (open_run("run1"), log({"x": 1}))))
        await acknowledged(link, 3)
        files.full = True
        await link.send(IncomingBatch("s1", 3, (log({"x": 2}),)))
        await wait_until_async(lambda: files.refusals >= 3)
        answer = await link.next_answer()
        assert answer is not None
        assert answer.next_sequence == 3
        assert "No space left" in answer.notices[0].text
        assert len(answer.notices) == 1
        assert "No space left" in run.pipeline.problem
        files.full = False
        assert "can be written again" in (await acknowledged(link, 4))[0]
        assert run.pipeline.problem == ""

    assert [row["x"] for row in rows(path)] == [1, 2]


async def test_a_full_disk_at_the_start_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "run-run1.wandb"
    files = SwitchableFiles()
    files.full = True

    async with running(path, files) as run:
        link = run.attach()
        await link.send(IncomingBatch("s1", 1, (open_run("run1"), log({"x": 1}))))
        await wait_until_async(lambda: files.refusals >= 2)
        files.full = False
        await acknowledged(link, 3)

    assert [row["x"] for row in rows(path)] == [1]


async def test_stopping_on_a_full_disk_gives_up_without_acknowledging(
    tmp_path: Path,
) -> None:
    path = tmp_path / "run-run1.wandb"
    files = SwitchableFiles()

    async with running(path, files) as run:
        link = run.attach()
        await link.send(IncomingBatch("s1", 1, (open_run("run1"), log({"x": 1}))))
        await acknowledged(link, 3)
        files.full = True
        await link.send(IncomingBatch("s1", 3, (log({"x": 2}),)))
        await wait_until_async(lambda: files.refusals >= 1)

    assert [row["x"] for row in rows(path)] == [1]


async def test_a_malformed_record_is_told_and_the_rest_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "run-run1.wandb"
    empty = Record().SerializeToString()

    async with running(path) as run:
        link = run.attach()
        batch = (open_run("run1"), b"\xff\xff\xff", log({"x": 1}), empty, log({"x": 2}))
        await link.send(IncomingBatch("s1", 1, batch))
        texts = await acknowledged(link, 6)
        if not texts:
            answer = await link.next_answer()
            assert answer is not None
            texts = [notice.text for notice in answer.notices]
        assert "not understood" in texts[0]
        assert run.pipeline.counts.rejected == 2

    assert [row["x"] for row in rows(path)] == [1, 2]


async def test_a_later_pipeline_goes_on_in_the_same_log(tmp_path: Path) -> None:
    path = tmp_path / "run-run1.wandb"
    async with running(path, abandoned=False) as run:
        link = run.attach()
        await link.send(
            IncomingBatch("s1", 1, (open_run("run1"), log({"x": 1}, commit=False)))
        )
        await acknowledged(link, 3)

    async with running(path) as run:
        link = run.attach()
        await link.send(
            IncomingBatch("s1", 2, (log({"x": 1}, commit=False), log({"y": 2})))
        )
        await acknowledged(link, 4)

    assert rows(path) == [{"x": 1, "y": 2}]


async def test_a_row_that_nobody_can_close_any_more_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "run-run1.wandb"
    async with running(path) as run:
        link = run.attach()
        open_parts = (log({"x": 1}, step=3, commit=False), log({"y": 2}, commit=False))
        await link.send(IncomingBatch("s1", 1, (open_run("run1"), *open_parts)))
        await acknowledged(link, 4)

    assert rows(path) == [{"x": 1, "y": 2}]
    assert run.pipeline.written.committed_end() == path.stat().st_size


async def test_a_log_is_remembered_before_anything_is_acknowledged(
    tmp_path: Path,
) -> None:
    path = tmp_path / "run-run1.wandb"
    async with running(path) as run:
        link = run.attach()
        await link.send(IncomingBatch("s1", 1, (open_run("run1"),)))
        await acknowledged(link, 2)
        assert run.remembered_at_end == [7]  # the log was empty


async def test_records_without_their_carrier_are_cut_when_they_come_again(
    tmp_path: Path,
) -> None:
    path = tmp_path / "run-run1.wandb"
    async with running(path) as run:
        link = run.attach()
        await link.send(IncomingBatch("s1", 1, (open_run("run1"), log({"x": 1}))))
        await acknowledged(link, 3)
    committed = path.stat().st_size
    async with running(path) as run:
        link = run.attach()
        await link.send(IncomingBatch("s1", 3, (log({"x": 2}),)))
        await acknowledged(link, 4)
    carrier = list(read_all(path))[-1]
    with path.open("r+b") as file:
        file.truncate(carrier.offset)
    assert carrier.offset > committed

    found = Running(path, SwitchableFiles())
    link = found.attach()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(found.pipeline.run())
        await link.send(IncomingBatch("s1", 3, (log({"x": 2}), log({"x": 3}))))
        await acknowledged(link, 5)
        await found.pipeline.finish(abandoned=True)

    assert [row["x"] for row in rows(path)] == [1, 2, 3]


async def test_records_that_nobody_sends_again_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "run-run1.wandb"
    async with running(path) as run:
        link = run.attach()
        await link.send(IncomingBatch("s1", 1, (open_run("run1"), log({"x": 1}))))
        await acknowledged(link, 3)
    carrier = list(read_all(path))[-1]
    with path.open("r+b") as file:
        file.truncate(carrier.offset)

    async with running(path) as run:
        await wait_until_async(lambda: run.pipeline.written.committed_end() > 0)

    assert [row["x"] for row in rows(path)] == [1]


async def test_the_exit_record_is_durable_before_it_is_acknowledged(
    tmp_path: Path,
) -> None:
    files = SwitchableFiles()

    async with running(
        tmp_path / "run-run1.wandb", files, fsync_interval_s=3600
    ) as run:
        link = run.attach()
        await link.send(IncomingBatch("s1", 1, (open_run("run1"), exit_run())))
        await acknowledged(link, 3)
        assert files.syncs == 1
        assert run.pipeline.written.exit_is_durable
        assert await run.pipeline.written.wait_durable(0.0)


async def test_fsync_always_comes_before_every_acknowledgement(tmp_path: Path) -> None:
    files = SwitchableFiles()

    async with running(tmp_path / "run-run1.wandb", files, fsync="always") as run:
        link = run.attach()
        for sequence, record in enumerate((open_run("run1"), log({"x": 1})), 1):
            await link.send(IncomingBatch("s1", sequence, (record,)))
            await acknowledged(link, sequence + 1)
            assert files.syncs >= sequence


async def test_a_log_of_another_living_host_is_refused_with_a_notice(
    tmp_path: Path,
) -> None:
    path = tmp_path / "run-run1.wandb"
    owner_path(path).write_text('{"host": "far", "boot_id": "other", "pid": 1}')

    async with running(path) as run:
        link = run.attach()
        await link.send(IncomingBatch("s1", 1, (open_run("run1"),)))
        answer = await link.next_answer()
        assert answer is not None
        assert "host far" in answer.notices[0].text
        assert answer.next_sequence == 0

    assert not path.exists()


async def test_several_streams_share_one_log(tmp_path: Path) -> None:
    path = tmp_path / "run-run1.wandb"

    async with running(path) as run:
        first, second = run.attach(), run.attach("s2", primary=False)
        await first.send(IncomingBatch("s1", 1, (open_run("run1"), log({"x": 1}))))
        await acknowledged(first, 3)
        await second.send(IncomingBatch("s2", 1, (log({"x": 2}),)))
        await acknowledged(second, 2)
        await first.send(IncomingBatch("s1", 3, (log({"x": 3}), exit_run())))
        await acknowledged(first, 5)

    assert [row["x"] for row in rows(path)] == [1, 2, 3]
