"""A PostgreSQL server of our own for tests: private directory, Unix socket only."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

BINARIES = ("/usr/lib/postgresql", "/usr/local/pgsql", "/opt/homebrew/opt")
NEEDED = ("initdb", "pg_ctl", "createdb", "dropdb")
FAST = ("fsync=off",)
"""An immediate stop loses nothing with this: only a power cut would."""
QUIET = ("listen_addresses=", "logging_collector=off", "max_connections=100")


@dataclass
class Postgres:
    """A running server whose only user is its owner."""

    binaries: Path
    directory: Path
    owner: str | None
    """Who runs it; None: whoever runs the test (PostgreSQL refuses root)."""

    def url(self, database: str) -> str:
        """For SQLAlchemy."""
        user = self.owner or pwd.getpwuid(os.getuid()).pw_name
        return f"postgresql://{user}@/{database}?host={self.directory}"

    def create(self, database: str, template: str = "template0") -> str:
        """Make a database; its URL."""
        self._run("createdb", "-h", str(self.directory), "-T", template, database)
        return self.url(database)

    def drop(self, database: str) -> None:
        """Remove a database, whoever is connected."""
        self._run("dropdb", "-h", str(self.directory), "--force", database)

    def start(self) -> None:
        """Begin, or begin again after `stop`."""
        settings = [word for one in (*FAST, *QUIET) for word in ("-c", one)]
        options = " ".join([*settings, "-k", str(self.directory)])
        log = self.directory / "log"
        self._control("start", "-w", "-t", "60", "-l", str(log), "-o", options)

    def stop(self, mode: str = "fast") -> None:
        """End it: `fast` disconnects everybody, `immediate` is like a crash."""
        self._control("stop", "-m", mode)

    def _control(self, *arguments: str) -> None:
        self._run("pg_ctl", "-D", str(self.directory / "data"), *arguments)

    def _run(self, program: str, *arguments: str) -> None:
        run_as(self.owner, [str(self.binaries / program), *arguments])


def run_as(owner: str | None, command: Sequence[str]) -> None:
    """Run a command to its end.

    Raises:
        AssertionError: it failed; with what it printed.
    """
    chosen = {} if owner is None else {"user": owner, "group": owner}
    with tempfile.TemporaryFile("w+") as output:
        # Into a file: a server that the command starts would hold a pipe open.
        status = subprocess.run(
            command, stdout=output, stderr=output, cwd="/", check=False, **chosen
        ).returncode
        output.seek(0)
        assert status == 0, f"{' '.join(command)}: {output.read()}"


def find_binaries() -> Path | None:
    """The newest PostgreSQL of this machine; None if there is none."""
    places = [path.parent for at in BINARIES for path in Path(at).glob("*/bin/initdb")]
    if (found := shutil.which("initdb")) is not None:
        places.insert(0, Path(found).resolve().parent)
    whole = [path for path in places if all((path / name).exists() for name in NEEDED)]
    return max(whole, default=None, key=str)


@contextmanager
def running_postgres(binaries: Path) -> Iterator[Postgres]:
    """A new server, gone with all its data at the end."""
    owner = "postgres" if os.getuid() == 0 else None
    # A short path: it holds a socket.
    directory = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    if owner is not None:
        shutil.chown(directory, owner, owner)
    server = Postgres(binaries, directory, owner)
    try:
        data = str(directory / "data")
        how = ["-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        run_as(owner, [str(binaries / "initdb"), "-D", data, *how])
        server.start()
        try:
            yield server
        finally:
            server.stop("immediate")
    finally:
        shutil.rmtree(directory, ignore_errors=True)
