"""A server dies while it changes the tables, or while it holds the lease of upkeep."""

import contextlib
import json
import random
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from wandb_server.local_user import login_name
from wandb_server.storage import migrations

from tests.crash.server_clients import READ, UPSERT, Line, Records, Stopped
from tests.support.forked_servers import ForkedServers
from tests.support.postgres import Postgres, find_binaries, running_postgres
from tests.support.stores import Place, Team, running_s3
from tests.support.waiting import wait_until

OLD = "0001"
OLD_ROWS = 400
LEASE_S = 2
ROWS = 200
DEAD = "a server that was killed"
LEAVE_LEASE = (
    "UPDATE leases SET holder = :holder, expires_at = :at WHERE name = 'upkeep'"
)


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    with running_postgres(binaries) as server:
        yield server


@pytest.fixture
def root() -> Iterator[Path]:
    """A short path: it holds sockets."""
    directory = Path(tempfile.mkdtemp(prefix="sr-", dir="/tmp"))
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


def engine_of(url: str) -> sa.Engine:
    return sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))


def make_old(url: str) -> None:
    """A database of the first version with one run of `OLD_ROWS` rows."""
    engine = engine_of(url)
    with engine.begin() as db:
        migrations.migrate(db, OLD)
        tables = sa.MetaData()
        tables.reflect(db)
        names = {"id": 1, "entity": login_name(), "project_id": 1}
        insert(db, tables, "projects", names | {"name": "p"})
        run = names | {"name": "r", "state": "running", "next_row": OLD_ROWS}
        counts = {"history_line_count": OLD_ROWS, "tail_row_count": OLD_ROWS}
        more = {"last_step": OLD_ROWS - 1, "heartbeat_at": time.time()}
        insert(db, tables, "runs", run | counts | more)
        insert(
            db, tables, "run_texts", {"run_id": 1, "config": b"{}", "summary": b"{}"}
        )
        for n, text in enumerate(old_rows()):
            place = {"run_id": 1, "file": "wandb-history.jsonl", "row": n, "step": n}
            line = {"log_id": "", "line": n, "text": text.encode()}
            insert(db, tables, "tail_lines", place | line)
    engine.dispose()


def insert(
    db: sa.Connection, tables: sa.MetaData, name: str, values: dict[str, Any]
) -> None:
    """With something in every column that must not be empty."""
    table = tables.tables[name]
    filled = {
        column.name: values.get(column.name, "" if _is_text(column) else 0)
        for column in table.columns
        if column.name in values or not (column.nullable or column.name == "id")
    }
    for column in table.columns:
        if isinstance(column.type, sa.Boolean) and column.name in filled:
            filled[column.name] = bool(filled[column.name])
        if isinstance(column.type, sa.LargeBinary) and filled.get(column.name) == 0:
            filled[column.name] = b""
    db.execute(sa.insert(table).values(filled))


def _is_text(column: sa.Column[Any]) -> bool:
    return isinstance(column.type, sa.String | sa.Text)


def old_rows() -> list[str]:
    return [json.dumps({"_step": n, "v": n}) for n in range(OLD_ROWS)]


def line_to(servers: ForkedServers) -> Line:
    return Line(servers.port, servers.api_key, servers.entity, Records())


def version_of(url: str) -> str:
    engine = engine_of(url)
    with engine.connect() as db:
        found = str(db.scalar(sa.text("SELECT version_num FROM alembic_version")))
    engine.dispose()
    return found


@pytest.mark.parametrize("kind", ["embedded", "team"])
@pytest.mark.parametrize("old", [True, False])
def test_a_first_start_that_is_killed_leaves_the_old_tables_or_the_new_ones(
    request: pytest.FixtureRequest, root: Path, kind: str, old: bool
) -> None:
    """Method: killed at a random moment, started again, until all starts are done."""
    seed = request.config.getoption("--kill-seed")
    print(f"{seed=}")
    if not old and request.config.getoption("--kill-points") < 100:
        pytest.skip("in make crash only")
    starts = max(1, request.config.getoption("--kill-points") // 80)
    chance = random.Random(seed)
    objects = (root / "objects").as_uri()
    if kind == "team":
        server: Postgres = request.getfixturevalue("postgres")
        model = server.create(f"model{old:d}")
    else:
        model = f"sqlite:///{root}/model.db"
    if old:
        make_old(model)
    with ForkedServers(Place(model, objects), root) as servers:
        for number in range(starts):
            if kind == "team":
                url = server.create(f"old{old:d}{number}", f"model{old:d}")
            else:
                url = f"sqlite:///{root}/{number}.db"
                if old:
                    shutil.copy(root / "model.db", root / f"{number}.db")
            servers.move(Place(url, objects))
            for _ in range(3):
                servers.fork()
                time.sleep(chance.uniform(0.0, 0.25))
                servers.kill()
            servers.start()
            line = line_to(servers)
            if not old:
                line.graphql(UPSERT, run="r", config="{}")
            found = line.graphql(READ, entity=servers.entity, run="r")["project"]
            line.close()
            servers.kill()
            assert found["run"]["history"] == (old_rows() if old else [])
            assert version_of(url) == migrations.HEAD


def write_run(line: Line, name: str, rows: int) -> None:
    line.graphql(UPSERT, run=name, config="{}")
    content = [json.dumps({"_step": n, "v": n}) for n in range(rows)]
    files = {"wandb-history.jsonl": {"offset": 0, "content": content}}
    body = json.dumps({"files": files, "complete": True, "exitcode": 0}).encode()
    line.ask("POST", f"/files/{line.entity}/p/{name}/file_stream", body)


def write_runs(line: Line, prefix: str, written: list[str]) -> None:
    """One run after the other, until the line is stopped."""
    number = 0
    with contextlib.suppress(Stopped):
        while not line.stopped.is_set():
            write_run(line, f"{prefix}{number}", ROWS)
            written.append(f"{prefix}{number}")
            number += 1


def test_the_other_server_takes_over_when_the_one_with_the_lease_is_killed(
    postgres: Postgres, root: Path
) -> None:
    """Method: runs end at both servers; whoever holds the lease is killed while it
    moves rows. Every run is in segments within the lease's time."""
    with ExitStack() as running:
        endpoint = running.enter_context(running_s3())
        url = postgres.create("replicas")
        place = Place(url, Team(postgres, endpoint).object_url("replicas"))
        engine = engine_of(url)
        running.callback(engine.dispose)
        servers = []
        for name in ("a", "b"):
            made = ForkedServers(place, root / name, archive={"lease_s": LEASE_S})
            servers.append(running.enter_context(made))
            made.start()
        lines = [line_to(one) for one in servers]
        for line in lines:
            running.callback(line.close)

        def ask(statement: str) -> list[Any]:
            with engine.connect() as db:
                return list(db.execute(sa.text(statement)).all())

        found: list[ForkedServers] = []

        def moving() -> bool:
            busy = (s for s in servers if any(s.data_dir.glob("workspace/tmp*")))
            found.extend(busy)
            return bool(found)

        written: list[str] = []
        writers = [
            threading.Thread(target=write_runs, args=(line, name, written))
            for line, name in zip(lines, "ab", strict=True)
        ]
        for writer in writers:
            writer.start()
        wait_until(lambda: len(written) >= 10, 30)
        wait_until(moving, 30)
        victim = found[0]
        other = next(one for one in servers if one is not victim)
        victim.kill()
        for line in lines:
            line.stopped.set()
        for writer in writers:
            writer.join(30)
        with engine.begin() as db:
            # What a holder that was killed just now leaves, if it was not the victim.
            left = {"at": time.time() + LEASE_S, "holder": DEAD}
            db.execute(sa.text(LEAVE_LEASE), left)
        line = line_to(other)
        running.callback(line.close)
        write_run(line, "late", ROWS)
        wait_until(
            lambda: ask("SELECT holder FROM leases WHERE name = 'upkeep'") != [(DEAD,)],
            LEASE_S + 30,
        )
        wait_until(lambda: ask("SELECT sum(tail_row_count) FROM runs")[0][0] == 0, 90)

        for name in [*written, "late"]:
            read = line.graphql(READ, entity=other.entity, run=name)["project"]["run"]
            assert [json.loads(row)["v"] for row in read["history"]] == list(
                range(ROWS)
            )
