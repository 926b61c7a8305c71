"""What a server keeps its data in, by name; each flow runs against every one."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

from tests.support.server_process import ServerProcess, started_server

StartServer = Callable[[Mapping[str, str]], AbstractContextManager[ServerProcess]]


@contextmanager
def sqlite_and_files(environment: Mapping[str, str]) -> Iterator[ServerProcess]:
    """The embedded default: everything below one data directory."""
    with started_server(environment) as server:
        yield server


BACKENDS: Mapping[str, StartServer] = {"sqlite+files": sqlite_and_files}
"""A fresh server in directories of its own (`isolated_environment`), stopped at the
end. One more entry here, and every flow runs against it too.
"""
