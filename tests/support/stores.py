"""Where a test's archive keeps its rows and bytes: embedded, or as a team has it.

`pytest --stores team` runs the tests of the archive over PostgreSQL and an S3 emulator.
"""

import hashlib
import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.postgres import Postgres, find_binaries, running_postgres

BUCKET = "archive"
EMULATOR_KEY = "test"


@dataclass(frozen=True)
class Place:
    """What `open_archive` is told."""

    database_url: str
    object_url: str


class Embedded:
    """SQLite and a directory."""

    name = "embedded"

    def place(self, path: Path) -> Place:
        """The stores that belong to a directory; the same ones whenever it is asked."""
        objects = (path / "objects").as_uri()
        return Place(f"sqlite:///{path}/wandb.db", objects)


class Team:
    """PostgreSQL and a bucket; a database and a prefix for each directory."""

    name = "team"

    def __init__(self, postgres: Postgres, endpoint: str) -> None:
        self._postgres = postgres
        self._endpoint = endpoint
        self._made: dict[str, str] = {}

    def place(self, path: Path) -> Place:
        """The stores that belong to a directory; the same ones whenever it is asked."""
        name = "t" + hashlib.sha256(str(path).encode()).hexdigest()[:20]
        if name not in self._made:
            self._made[name] = self._postgres.create(name)
        return Place(self._made[name], self.object_url(name))

    def object_url(self, prefix: str) -> str:
        """A prefix of the emulator's bucket."""
        return (
            f"s3://{BUCKET}/{prefix}?endpoint={self._endpoint}&region=us-east-1"
            f"&access_key_id={EMULATOR_KEY}&secret_access_key={EMULATOR_KEY}"
        )


@contextmanager
def running_s3() -> Iterator[str]:
    """The address of an S3 emulator with an empty bucket."""
    boto3: Any = pytest.importorskip("boto3")
    server_module: Any = pytest.importorskip("moto.server")
    server = server_module.ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # a line per request
    server.start()
    try:
        host, port = server.get_host_and_port()
        endpoint = f"http://{host}:{port}"
        client = boto3.client(
            "s3",
            endpoint_url=endpoint,
            region_name="us-east-1",
            aws_access_key_id=EMULATOR_KEY,
            aws_secret_access_key=EMULATOR_KEY,
        )
        client.create_bucket(Bucket=BUCKET)
        client.close()
        yield endpoint
    finally:
        server.stop()


@contextmanager
def team_stores() -> Iterator[Team]:
    """Both servers, for as long as the tests last."""
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    with ExitStack() as running:
        postgres = running.enter_context(running_postgres(binaries))
        yield Team(postgres, running.enter_context(running_s3()))
