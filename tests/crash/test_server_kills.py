"""SIGKILL of the server at random points: what it acknowledged is there, once.

`pytest tests/crash/test_server_kills.py --kill-points 2000 --kill-seed 7` tries more,
or the same again.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.crash.server_kills import ServerKills
from tests.support.stores import Embedded, Team, team_stores

STORES = ("embedded", "team")


@pytest.fixture(scope="module")
def team() -> Iterator[Team]:
    with team_stores() as stores:
        yield stores


@pytest.fixture
def root() -> Iterator[Path]:
    """A short path: it holds sockets."""
    directory = Path(tempfile.mkdtemp(prefix="sk-", dir="/tmp"))
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@pytest.mark.parametrize("kind", STORES)
def test_whatever_the_server_was_doing_all_that_it_acknowledged_is_there_once(
    request: pytest.FixtureRequest,
    root: Path,
    tell_tally: Callable[[str], None],
    kind: str,
) -> None:
    """Method: see `server_kills`. The seed is in the summary of the session."""
    config = request.config
    seed = config.getoption("--kill-seed")
    stores = Embedded() if kind == "embedded" else request.getfixturevalue("team")

    with ExitStack() as running:
        kills = running.enter_context(ServerKills(stores.place(root), root, seed))
        # Half of them on each kind of stores.
        tally = kills.run(max(10, config.getoption("--kill-points") // 2))

    tell_tally(f"server on {kind} stores, seed {seed}: {tally.line()}")
    assert not tally.records.faults, f"{seed=}\n" + "\n".join(tally.records.faults)
    assert (tally.records.lost, tally.records.doubled) == (0, 0)
    assert tally.records.acknowledged["rows"] > 0
