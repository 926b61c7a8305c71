"""The server's disk is full: refused with a sentence, read all the same, nothing lost.

The disks are real ones, small, in a mount namespace of their own (root only): of the
whole data directory (SQLite, segments, files, log), and of PostgreSQL's tables.
"""

import contextlib
import random
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.crash.crowd import Crowd
from tests.crash.server_clients import Brancher, Publisher, Sender, Writer
from tests.support.forked_servers import ForkedServers
from tests.support.stores import Embedded
from tests.support.waiting import wait_until

DISK_BYTES = 48 * 1024 * 1024
KINDS = (Writer, Writer, Brancher, Sender, Publisher)


@pytest.fixture
def root() -> Iterator[Path]:
    """A short path: it holds sockets."""
    try_it = subprocess.run(
        ["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True
    )
    if try_it.returncode:
        pytest.skip("needs root and a mount namespace: unshare -m")
    directory = Path(tempfile.mkdtemp(prefix="sd-", dir="/tmp"))
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@contextlib.contextmanager
def filled(disk: Path) -> Iterator[None]:
    """While inside, not a byte is free."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        for size in (1 << 20, 1 << 12):
            with contextlib.suppress(OSError):
                while True:
                    file.write(bytes(size))
    yield
    ballast.unlink()


def wait_for_refusals(crowd: Crowd, count: int) -> None:
    before = crowd.records.statuses[503]
    wait_until(lambda: crowd.records.statuses[503] >= before + count, 60)


def crowd_of(servers: ForkedServers) -> Crowd:
    chance = random.Random(6)
    return Crowd(servers.port, servers.api_key, servers.entity, chance, KINDS)


def test_a_full_data_directory_refuses_writes_serves_reads_and_loses_nothing(
    root: Path, pytestconfig: pytest.Config
) -> None:
    """Method: full again and again while clients write all kinds of things; also while
    segments are made, and over a kill of the server."""
    rounds = 2 if pytestconfig.getoption("--kill-points") < 100 else 6
    place = Embedded().place(root / "data")
    with ExitStack() as running:
        servers = running.enter_context(
            ForkedServers(place, root, disk_bytes=DISK_BYTES)
        )
        servers.start()
        crowd = running.enter_context(crowd_of(servers))
        crowd.go()
        crowd.act_until(800)
        for number in range(rounds):
            with filled(servers.disk):
                wait_for_refusals(crowd, 30)
                assert servers.is_ready()  # it can read
                reader = Crowd(
                    servers.port, servers.api_key, servers.entity, random.Random(), ()
                )
                assert reader.records.faults == []
                if number % 3 == 1:
                    servers.kill()
            if number % 3 == 1:
                servers.start()
            crowd.act_until(300)
        crowd.settle()

        said = " ".join(crowd.records.said)
        assert "The server cannot store: its disk is full" in said
        assert set(crowd.records.statuses) == {200, 503}
        lines = servers.log.splitlines()
        refused = [line for line in lines if "storage refused" in line]
        assert 0 < len(refused) < 5, "\n".join(refused)
        assert not [line for line in lines if "Traceback" in line], servers.log
        assert servers.problems() == []
