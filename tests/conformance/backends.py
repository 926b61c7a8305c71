"""What a server keeps its data in, by name; each flow runs against every one."""

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from tests.support.server_process import ServerProcess, started_server
from tests.support.stores import team_stores

StartServer = Callable[[Mapping[str, str]], AbstractContextManager[ServerProcess]]


@contextmanager
def sqlite_and_files(environment: Mapping[str, str]) -> Iterator[ServerProcess]:
    """The embedded default: everything below one data directory."""
    with started_server(environment) as server:
        yield server


@contextmanager
def postgres_and_s3(environment: Mapping[str, str]) -> Iterator[ServerProcess]:
    """As a team has it; skipped where PostgreSQL is not installed."""
    with team_stores() as team:
        place = team.place(Path(environment["HOME"]))
        told = {
            "WANDB_SERVER_DATABASE_URL": place.database_url,
            "WANDB_SERVER_OBJECT_URL": place.object_url,
            "WANDB_SERVER_SECRET": secrets.token_hex(32),
        }
        with started_server({**environment, **told}) as server:
            yield server


BACKENDS: Mapping[str, StartServer] = {
    "sqlite+files": sqlite_and_files,
    "postgres+s3": postgres_and_s3,
}
"""A fresh server in directories of its own (`isolated_environment`), stopped at the
end. One more entry here, and every flow runs against it too.
"""
