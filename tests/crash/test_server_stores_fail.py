"""PostgreSQL restarts, dies, is away or full, the bucket fails: clients wait, no more.

Clients of all kinds write all the time; what goes wrong is answered with a status that
the official client retries, the server goes on by itself, and nothing is lost.
"""

import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import psycopg
import pytest

from tests.crash.crowd import Crowd
from tests.crash.server_clients import Sender, Writer
from tests.crash.test_server_disk import filled, wait_for_refusals
from tests.support.faulty_store import FaultyStore, faulty_store
from tests.support.forked_servers import ForkedServers
from tests.support.postgres import Postgres, find_binaries, run_as, running_postgres
from tests.support.stores import Place, Team, running_s3
from tests.support.waiting import wait_until

T = TypeVar("T")
SAMPLE = 100
CONNECTIONS_MAX = 10
"""Four readers, four writers, one more, one that listens."""
SMALL_BYTES = 24 * 1024 * 1024


@pytest.fixture
def root() -> Iterator[Path]:
    """A short path: it holds sockets."""
    directory = Path(tempfile.mkdtemp(prefix="sf-", dir="/tmp"))
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@dataclass
class Scene:
    """A server over PostgreSQL and a bucket behind a proxy, and clients at work."""

    postgres: Postgres
    store: FaultyStore
    servers: ForkedServers
    crowd: Crowd
    database: str

    def backends(self) -> list[int]:
        """Processes of PostgreSQL that serve the server."""
        where = self.database.replace("postgresql+psycopg", "postgresql")
        with psycopg.connect(where, application_name="test") as connection:
            rows = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
                " AND application_name != 'test'"
            )
            return [int(row[0]) for row in rows]


@contextmanager
def scene(root: Path, **order: float) -> Iterator[Scene]:
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    with ExitStack() as running:
        postgres = running.enter_context(running_postgres(binaries))
        store = running.enter_context(faulty_store(running.enter_context(running_s3())))
        database = postgres.create("team")
        place = Place(database, Team(postgres, store.endpoint).object_url("team"))
        servers = running.enter_context(ForkedServers(place, root, **order))
        servers.start()
        crowd = running.enter_context(
            Crowd(servers.port, servers.api_key, servers.entity, random.Random(5))
        )
        crowd.go()
        crowd.act_until(200)
        yield Scene(postgres, store, servers, crowd, database)


def restart_fast(at: Scene) -> None:
    at.postgres.stop("fast")
    at.postgres.start()


def restart_immediate(at: Scene) -> None:
    at.postgres.stop("immediate")
    at.postgres.start()


def kill_backend(at: Scene) -> None:
    """All others are disconnected, too, and PostgreSQL recovers."""
    os.kill(random.choice(at.backends()), signal.SIGKILL)


def be_away(at: Scene) -> None:
    at.postgres.stop("fast")
    wait_for_refusals(at.crowd, 5)
    time.sleep(1)
    at.postgres.start()


def freeze(at: Scene) -> None:
    """It does not answer and does not hang up."""
    frozen = at.backends()
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    time.sleep(2)
    for pid in frozen:
        os.kill(pid, signal.SIGCONT)


TROUBLES: tuple[Callable[[Scene], None], ...] = (
    restart_fast, restart_immediate, kill_backend, be_away, freeze,
)  # fmt: skip


def some_of(config: pytest.Config, kinds: Sequence[T]) -> list[T]:
    """Two of them in a sample, else all, in an order by chance."""
    seed = config.getoption("--kill-seed")
    print(f"{seed=}")
    count = 2 if config.getoption("--kill-points") < SAMPLE else len(kinds)
    return random.Random(seed).sample(list(kinds), count)


def test_postgres_comes_and_goes_and_nothing_is_lost(
    root: Path, pytestconfig: pytest.Config
) -> None:
    with scene(root) as at:
        for trouble in some_of(pytestconfig, TROUBLES):
            trouble(at)
            at.crowd.act_until(100)
            assert not at.crowd.records.faults, (trouble, at.crowd.records.faults)
        at.crowd.settle()

        assert set(at.crowd.records.statuses) <= {200, 503}
        assert len(at.backends()) <= CONNECTIONS_MAX
        assert at.servers.problems() == []
        assert "Traceback" not in at.servers.log


FAULTS = ("down", "503", "500", "slow", "cut", "denied")
REFUSED = ("full", "denied")
"""These are not tried again behind the client's back: it hears of them at once."""


def test_a_bucket_that_fails_or_fills_holds_up_files_only_and_nothing_is_lost(
    root: Path, pytestconfig: pytest.Config
) -> None:
    """Method: rows go on while the bucket is away; files when it is back."""
    with scene(root) as at:
        for fault in [*some_of(pytestconfig, FAULTS), "full"]:
            hits = at.store.hits
            at.store.fault = fault
            at.crowd.act_until(60)  # writers of rows go on
            wait_until(lambda hits=hits: at.store.hits > hits + 3, 60)  # type: ignore[misc]
            if fault in REFUSED:
                wait_for_refusals(at.crowd, 1)
            at.store.fault = ""
            at.crowd.act_until(2, "files")
            assert not at.crowd.records.faults, (fault, at.crowd.records.faults)
        at.crowd.settle()

        assert set(at.crowd.records.statuses) <= {200, 503}
        said = " ".join(at.crowd.records.said)
        assert "its disk is full" in said
        problems = [one for one in at.servers.problems() if "stray" not in one]
        assert problems == []
        assert "Traceback" not in at.servers.log


class SmallPostgres(Postgres):
    """Tables may be on a disk of their own, which is small."""

    @property
    def small(self) -> Path:
        """Where it is mounted, for the server alone."""
        return self.directory / "small"

    @property
    def disk(self) -> Path:
        """The same, from outside."""
        pid = (self.directory / "data" / "postmaster.pid").read_text().split()[0]
        return Path(f"/proc/{pid}/root{self.small}")

    def start(self) -> None:
        """In a mount namespace."""
        self.small.mkdir(exist_ok=True)
        shutil.chown(self.small, self.owner, self.owner)
        mount = f"mount -t tmpfs -o size={SMALL_BYTES},mode=777 none {self.small}"
        control = f"{self.binaries}/pg_ctl -D {self.directory}/data start -w"
        options = f"-c fsync=off -c listen_addresses= -k {self.directory}"
        log = f"{self.directory}/log"
        command = f"{control} -l {log} -o '{options}'"
        chown = f"chown {self.owner} {self.small}"
        whole = f"{mount} && {chown} && exec runuser -u {self.owner} -- {command}"
        run_as(None, ["unshare", "-m", "sh", "-c", whole])

    def create_small(self, database: str) -> str:
        """A database whose tables are on the small disk; its URL."""
        where = self.url("postgres")
        with psycopg.connect(where, autocommit=True) as connection:
            connection.execute(f"CREATE TABLESPACE small LOCATION '{self.small}'")
            connection.execute(f"CREATE DATABASE {database} TABLESPACE small")
        return self.url(database)


@contextmanager
def running_small_postgres() -> Iterator[SmallPostgres]:
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    probe = ["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"]
    if subprocess.run(probe, capture_output=True).returncode:
        pytest.skip("needs root and a mount namespace: unshare -m")
    directory = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    shutil.chown(directory, "postgres", "postgres")
    server = SmallPostgres(binaries, directory, "postgres")
    try:
        data = ["-D", str(directory / "data"), "-A", "trust", "-E", "UTF8"]
        initdb = str(binaries / "initdb")
        run_as("postgres", [initdb, *data, "--locale=C.UTF-8", "--no-sync"])
        server.start()
        try:
            yield server
        finally:
            server.stop("immediate")
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def test_a_full_disk_of_postgres_refuses_writes_serves_reads_and_loses_nothing(
    root: Path,
) -> None:
    with ExitStack() as running:
        postgres = running.enter_context(running_small_postgres())
        place = Place(postgres.create_small("team"), (root / "objects").as_uri())
        servers = running.enter_context(ForkedServers(place, root))
        servers.start()
        who = (servers.port, servers.api_key, servers.entity)
        kinds = (Writer, Writer, Sender)
        crowd = running.enter_context(Crowd(*who, random.Random(7), kinds))
        crowd.go()
        crowd.act_until(300)
        for _ in range(2):
            with filled(postgres.disk):
                wait_for_refusals(crowd, 20)
                assert servers.is_ready()
            crowd.act_until(200)
        crowd.settle()

        assert set(crowd.records.statuses) == {200, 503}
        assert "its disk is full" in " ".join(crowd.records.said)
        assert servers.problems() == []
        refused = [line for line in servers.log.splitlines() if "refused" in line]
        assert 0 < len(refused) < 5, refused
