"""Disks that fill up, fail, stall or are too small: no acknowledged row is lost.

Two ways: a fault-injecting file layer below core's pipeline, with faults that come and
go at random (the seed is printed), and real scripts in a mount namespace of their own
where /dev/shm is small or cannot be written (root only).
"""

import asyncio
import errno
import json
import random
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from wandb_core.clock import SystemClock
from wandb_core.model import IncomingBatch
from wandb_core.monitor import Monitor
from wandb_core.owner_mark import Machine
from wandb_core.pipeline import PipelineCounts, RunPipeline, Writer
from wandb_core.settings import CoreSettings
from wandb_core.transaction_log import read_all

from tests.support.core_process import exit_run, log, open_run, stop_any_core
from tests.support.faulty_file import FaultyFile

ROWS = 400


class SlowFile(FaultyFile):
    """A disk that takes its time for each write and fsync."""

    delay_s = 0.0

    def write(self, descriptor: int, data: bytes, offset: int) -> int:
        time.sleep(self.delay_s)
        return super().write(descriptor, data, offset)

    def fsync(self, descriptor: int) -> None:
        time.sleep(self.delay_s)
        super().fsync(descriptor)


def pipeline_on(path: Path, files: FaultyFile) -> RunPipeline:
    return RunPipeline(
        "run1",
        path,
        settings=CoreSettings(write_retry_s=0.01, fsync_interval_s=0.01),
        clock=SystemClock(),
        machine=Machine("host1", "boot1"),
        monitor=Monitor(SystemClock(), 5.0),
        totals=PipelineCounts(),
        remember=lambda *_: None,
        on_target=lambda *_: None,
        on_detach=lambda: None,
        files=files,
    )


def logged_values(path: Path) -> list[int]:
    return [
        json.loads(item.value_json)
        for logged in read_all(path)
        for item in logged.record.history.item
        if (item.key or item.nested_key[0]) == "n"
    ]


def choose_fault(chance: random.Random, files: SlowFile) -> None:
    """Change what the disk does from now on."""
    files.bytes_left = files.short_write_bytes = None
    files.write_errno = files.truncate_errno = files.fsync_errno = 0
    files.delay_s = 0.0
    match chance.randrange(7):
        case 0:
            files.bytes_left = chance.randrange(3000)
        case 1:
            files.write_errno = chance.choice((errno.EIO, errno.EROFS, errno.ENOSPC))
        case 2:
            files.short_write_bytes = chance.randrange(200)
        case 3:
            files.write_errno = files.truncate_errno = errno.EIO
        case 4:
            files.fsync_errno = errno.EIO
        case 5:
            files.delay_s = 0.02


@pytest.mark.parametrize("number", range(4))
async def test_any_faults_of_the_disk_lose_and_repeat_nothing(
    tmp_path: Path, number: int
) -> None:
    seed = random.SystemRandom().getrandbits(32)
    print(f"{number=} {seed=}", file=sys.stderr)
    chance, files = random.Random(seed), SlowFile()
    path = tmp_path / "run-run1.wandb"
    records = [open_run("run1"), *(log({"n": n}) for n in range(ROWS)), exit_run()]
    async with asyncio.TaskGroup() as tasks:
        pipeline = pipeline_on(path, files)
        tasks.create_task(pipeline.run())
        link = pipeline.attach(Writer("s1", None, 1, primary=True))
        place = 0
        while place < len(records):
            choose_fault(chance, files)
            piece = records[place : place + chance.randint(1, 40)]
            async with asyncio.timeout(60):
                await link.send(IncomingBatch("s1", place + 1, tuple(piece)))
            place += len(piece)
            await asyncio.sleep(chance.choice((0.0, 0.0, 0.03)))
        choose_fault(random.Random(6), SlowFile())
        files.bytes_left = files.short_write_bytes = None
        files.write_errno = files.truncate_errno = files.fsync_errno = 0
        files.delay_s = 0.0
        acknowledged = 0
        async with asyncio.timeout(60):
            while acknowledged <= len(records):
                answer = await link.next_answer()
                assert answer is not None
                acknowledged = max(acknowledged, answer.next_sequence)
        assert logged_values(path) == list(range(ROWS))
        await pipeline.finish(abandoned=True)

    assert logged_values(path) == list(range(ROWS))
    kinds = [logged.record.WhichOneof("record_type") for logged in read_all(path)]
    assert kinds.count("exit") == 1


class HeldFile(FaultyFile):
    """A disk whose writes and fsyncs end only when they are let go."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self._held = threading.Semaphore(0)
        self._free = threading.Semaphore(0)

    def write(self, descriptor: int, data: bytes, offset: int) -> int:
        self._hold()
        return super().write(descriptor, data, offset)

    def fsync(self, descriptor: int) -> None:
        self._hold()
        super().fsync(descriptor)

    def let_go(self) -> None:
        """End one that is held, if there is one."""
        if self._held.acquire(blocking=False):
            self._free.release()

    def _hold(self) -> None:
        self.count += 1
        self._held.release()
        assert self._free.acquire(timeout=20), "the event loop stands still"


async def test_a_slow_disk_holds_nobody_up_in_the_loop(tmp_path: Path) -> None:
    """Method: only the event loop lets a write or fsync end, so it must be free."""
    files = HeldFile()
    path = tmp_path / "run-run1.wandb"
    async with asyncio.TaskGroup() as tasks:
        turning = tasks.create_task(turn(files))
        async with asyncio.timeout(60), asyncio.TaskGroup() as writing:
            pipeline = pipeline_on(path, files)
            writing.create_task(pipeline.run())
            link = pipeline.attach(Writer("s1", None, 1, primary=True))
            await link.send(IncomingBatch("s1", 1, (open_run("run1"), log({"n": 0}))))
            await pipeline.finish(abandoned=True)
        turning.cancel()

    assert files.count >= 2
    assert logged_values(path) == [0]


async def turn(files: HeldFile) -> None:
    """Let every write go that comes."""
    while True:
        files.let_go()
        await asyncio.sleep(0.001)


SCRIPT = """
import wandb
run = wandb.init(id="r", mode="offline", settings={"console": "off"})
print(run._stream._spool.ring.path, flush=True)
for number in range(50_000):
    run.log({"n": number, "text": "x" * 200})
"""

MOUNTS = {
    "64 MB": "mount -t tmpfs -o size=64m none /dev/shm",
    "missing": "mount -t tmpfs none /dev",
}


@pytest.fixture
def env(places_env: dict[str, str]) -> Iterator[dict[str, str]]:
    del places_env["WANDB_SPOOL_DIR"]
    yield places_env | {"TMPDIR": places_env["HOME"]}
    stop_any_core(places_env)


@pytest.mark.parametrize("shm", MOUNTS)
def test_a_small_or_missing_dev_shm_is_left_alone(
    env: dict[str, str], tmp_path: Path, shm: str
) -> None:
    """torch's DataLoader lives in /dev/shm too: 64 MB are not ours to fill."""
    try_it = subprocess.run(["unshare", "-m", "true"], capture_output=True)
    if try_it.returncode:
        pytest.skip("needs root and a mount namespace: unshare -m")
    devices = "" if shm != "missing" else (
        " && mknod -m 666 /dev/null c 1 3 && mknod -m 666 /dev/urandom c 1 9"
    )  # fmt: skip
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    command = (
        f"{MOUNTS[shm]}{devices} && exec {shlex.join([sys.executable, str(script)])}"
    )

    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", command],
        env=env, cwd=tmp_path, capture_output=True, text=True, timeout=60,
    )  # fmt: skip

    if "mount:" in done.stderr or "mknod:" in done.stderr:
        pytest.skip(f"cannot mount here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(env["HOME"])
    (path,) = tmp_path.glob("wandb/offline-*/run-r.wandb")
    assert logged_values(path) == list(range(50_000))
