"""Core dies anywhere between a request and the cursor: no row twice, none missing.

Death is simulated by an exception in the client, before or after a request had its
effect; the next uploader knows only what is on disk. The server ignores a chunk whose
offset it has seen, so a chunk that came again with other lines would lose rows.
"""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wandb_core.server_client import ServerClient
from wandb_core.settings import CoreSettings
from wandb_core.uploader import load_cursor

from tests.support.fake_server import LIVE_UPLOAD, FakeServer
from tests.support.logged_runs import LoggedRun
from tests.support.uploads import log_path, uploader

SMALL_PIECES = CoreSettings(
    live_interval_s=0.05,
    upload_interval_s=0.05,
    chunk_bytes_max=65536,
    log_read_bytes_max=65536,
    checkpoint_bytes=65536,
)


class CoreDied(BaseException):
    """Stands for SIGKILL: nothing in core may catch it."""


class Mortal:
    """When to die: at which request, before or after it had its effect."""

    def __init__(self, at_request: int, *, after: bool) -> None:
        self.left = at_request
        self.after = after

    def client(self) -> type[ServerClient]:
        mortal = self

        class MortalClient(ServerClient):
            async def _request(self, *arguments: Any, **more: Any) -> bytes:
                mortal.left -= 1
                if mortal.left == 0 and not mortal.after:
                    raise CoreDied
                answer = await super()._request(*arguments, **more)
                if mortal.left == 0:
                    raise CoreDied
                return answer

        return MortalClient


async def upload_until_death(
    log: LoggedRun, server: FakeServer, mortal: Mortal
) -> bool:
    """True: it survived."""
    try:
        end = await uploader(
            log, server, settings=SMALL_PIECES, client=mortal.client()
        ).run()
    except CoreDied:
        return False
    except BaseExceptionGroup as group:
        if group.subgroup(CoreDied) is None:
            raise
        return False
    assert end.uploaded
    return True


def write_run(path: Path, rows: int) -> LoggedRun:
    log = LoggedRun(path)
    for step in range(rows):
        log.rows(1, pad="p" * 700)
        if step % 10 == 0:
            log.prints(f"\rprogress {step}")
            log.prints(f"line {step}\n", is_stderr=True)
            log.system_metrics(at=step, cpu=step)
    return log


def check_everything_arrived(server: FakeServer, rows: int) -> None:
    run = server.run("r1")
    assert [row["_step"] for row in run.history] == list(range(rows))
    assert run.conflicts == []
    assert [event["system.cpu"] for event in run.events] == list(range(0, rows, 10))
    last = (rows - 1) // 10 * 10
    texts = [line.partition("Z ")[2] or line.split(" ", 1)[1] for line in run.console]
    assert texts[0] == f"progress {last}"
    assert len(texts) == 1 + len(range(0, rows, 10))
    assert run.complete


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("features", [(), (LIVE_UPLOAD,)], ids=["official", "ours"])
async def test_death_at_every_request_loses_and_repeats_nothing(
    tmp_path: Path, after: bool, features: tuple[str, ...]
) -> None:
    """A server that knows only the official protocol has nothing but line numbers."""
    rows = 250
    log = write_run(log_path(tmp_path), rows)
    log.exit()
    deaths = 0
    async with FakeServer(dedup="chunk", features=features) as server:
        while not await upload_until_death(
            log, server, Mortal(1 + deaths % 12, after=after)
        ):
            deaths += 1
            assert deaths < 100
        check_everything_arrived(server, rows)
    log.close()

    assert deaths >= 3


@pytest.mark.parametrize("after", [False, True])
async def test_log_that_grew_after_the_death_is_continued_alike(
    tmp_path: Path, after: bool
) -> None:
    """The chunk that was maybe sent comes again as it was, the new rows after it."""
    log = write_run(log_path(tmp_path), 20)
    async with FakeServer(dedup="chunk") as server:
        log.die()
        assert not await upload_until_death(log, server, Mortal(4, after=after))
        log.revive()
        log.rows(30, pad="q" * 700)
        log.exit()
        assert await upload_until_death(log, server, Mortal(0, after=False))

        assert [r["_step"] for r in server.run("r1").history] == list(range(50))
        assert server.run("r1").conflicts == []
    log.close()


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    growth=st.lists(st.integers(0, 60), min_size=1, max_size=5),
    deaths=st.lists(st.tuples(st.integers(1, 12), st.booleans()), max_size=5),
    dedup=st.sampled_from(["line", "chunk"]),
)
async def test_any_deaths_in_any_growing_log(
    tmp_path_factory: pytest.TempPathFactory,
    growth: list[int],
    deaths: list[tuple[int, bool]],
    dedup: str,
) -> None:
    log = LoggedRun(log_path(tmp_path_factory.mktemp("run")))
    async with FakeServer(dedup=dedup) as server:
        for place, rows in enumerate(growth):
            log.rows(rows, pad="p" * 700)
            if place < len(deaths):
                at_request, after = deaths[place]
                log.die()
                await upload_until_death(log, server, Mortal(at_request, after=after))
                log.revive()
        log.exit()
        assert await upload_until_death(log, server, Mortal(0, after=False))

        history = server.run("r1").history
        assert [row["_step"] for row in history] == list(range(sum(growth)))
        assert server.run("r1").conflicts == []
    log.close()


async def test_lost_end_of_the_log_is_sent_again_with_the_same_numbers(
    tmp_path: Path,
) -> None:
    """A loss of power: the server has rows that the log has lost and gets again."""
    log = LoggedRun(log_path(tmp_path))
    log.rows(10)
    kept = log.path.read_bytes()
    log.rows(10)
    log.die()
    async with FakeServer() as server:
        assert await upload_until_death(log, server, Mortal(0, after=False))
        log.close()
        log.path.write_bytes(kept)
        end = len(kept)
        shorter = Settled(log.path, end)
        assert (await uploader(shorter, server).run()).uploaded

        run = server.run("r1")
        assert [row["_step"] for row in run.history] == list(range(20))
        assert run.conflicts == []
        cursor = load_cursor(log.path)
        assert cursor is not None
        assert cursor.offset == end


class Settled(LoggedRun):
    """A log that nobody writes."""

    def __init__(self, path: Path, end: int) -> None:
        self.path = path
        self._end = end

    def committed_end(self) -> int:
        return self._end

    def ended(self) -> bool:
        return True

    async def changed(self, known_end: int, timeout_s: float) -> None:
        raise AssertionError("nobody waits for a settled log")


async def test_restart_begins_at_the_kept_fold(tmp_path: Path) -> None:
    """The shortcut changes nothing of what is sent, `output.log` included."""
    log = write_run(log_path(tmp_path), 200)
    async with FakeServer() as server:
        log.die()
        assert not await upload_until_death(log, server, Mortal(12, after=True))
        fold = json.loads(log.path.with_name("run-r1.wandb.fold").read_bytes())
        cursor = load_cursor(log.path)
        assert cursor is not None
        assert 0 < fold["offset"] <= cursor.offset

        log.revive()
        log.exit()
        assert await upload_until_death(log, server, Mortal(0, after=False))

        check_everything_arrived(server, 200)
        text = server.run("r1").files["output.log"].decode().splitlines()
        assert text[0] == "progress 190"
        assert text[1:] == [f"line {step}" for step in range(0, 200, 10)]
    assert not log.path.with_name("run-r1.wandb.fold").exists()
    assert not log.path.with_name("run-r1.wandb.console").exists()
    log.close()


async def test_log_written_anew_with_other_offsets_keeps_its_lines(
    tmp_path: Path,
) -> None:
    """A loss of power, then the same rows came again from a ring on disk."""
    log = LoggedRun(log_path(tmp_path))
    log.rows(10)
    log.die()
    async with FakeServer() as server:
        assert await upload_until_death(log, server, Mortal(0, after=False))
        log.close()
        log.path.unlink()
        again = LoggedRun(log.path, notes="a longer first record than before")
        again.rows(20)
        again.exit()
        assert (await uploader(again, server).run()).uploaded

        run = server.run("r1")
        assert [row["_step"] for row in run.history] == list(range(20))
        assert run.conflicts == []
    again.close()


async def test_core_that_died_waiting_for_an_earlier_log_counts_its_lines_anew(
    tmp_path: Path,
) -> None:
    """The decision to resume was kept, but the earlier log had not been uploaded."""
    earlier = LoggedRun(log_path(tmp_path))
    earlier.rows(10)
    earlier.die()
    later = LoggedRun(log_path(tmp_path, folder="run-2"), stream_id="s2")
    later.rows(5)
    later.exit()
    async with FakeServer(features=()) as server:
        dying = uploader(
            later, server, resume="allow", earlier_logs=lambda: [earlier.path]
        )
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await dying.run()
        cursor = load_cursor(later.path)
        assert cursor is not None
        assert not cursor.begun

        assert (await uploader(earlier, server).run()).uploaded
        assert (await uploader(later, server, resume="allow").run()).uploaded

        run = server.run("r1")
        assert [row["_step"] for row in run.history] == list(range(15))
        assert run.conflicts == []
    earlier.close()
    later.close()
