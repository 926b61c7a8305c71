"""Kill the server, again and again, at random moments of all that it does.

```
life    fork a server ─► clients go on where they were ─► SIGKILL, also while it starts
check   a server that lives ─► every call answered ─► the clients' books, `server check`
oracle  each call that was answered 200, remembered by who made it
```

Everything random comes from one seed, which is printed. The server moves rows, merges
segments and sweeps garbage all the time, so that any moment is one of these.

    python -m pytest tests/crash/test_server_kills.py --kill-points 2000 --kill-seed 7
"""

import asyncio
import os
import random
import signal
import sys
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from wandb_server.maintenance import check, open_stores
from wandb_server.maintenance.backup import restore
from wandb_server.settings import ServerSettings

from tests.crash.crowd import Crowd
from tests.crash.server_clients import Records
from tests.support.forked_servers import ForkedServers
from tests.support.stores import Embedded, Place

KILLS_PER_CHECK = 10
BACKUPS_OF_100 = 15
MISSING_MAX = 15
CALLS_PER_LIFE = 40
LIFE_S_MAX = 3.0


@dataclass(slots=True)
class ServerTally:
    """What came of it, so far."""

    records: Records
    kill_points: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    backups: Counter[str] = field(default_factory=Counter)

    def line(self) -> str:
        """The line at the end."""
        kinds = ", ".join(f"{count} {name}" for name, count in self.kinds.most_common())
        told = ", ".join(
            f"{count:,} {name}" for name, count in self.records.acknowledged.items()
        )
        return (
            f"kill points tried: {self.kill_points:,} (under way: {kinds}), "
            f"acknowledged: {told}; rows lost: {self.records.lost}, doubled: "
            f"{self.records.doubled}, other faults: {len(self.records.faults)}, "
            f"backups: {dict(self.backups)}, statuses: {dict(self.records.statuses)}"
        )


class ServerKills:
    """One server after the other over one pair of stores, and clients."""

    def __init__(self, place: Place, root: Path, seed: int) -> None:
        self._root = root
        self._chance = random.Random(seed)
        self._ending = ExitStack()
        self._servers = self._ending.enter_context(ForkedServers(place, root))
        self._backups: list[tuple[int, Path, bool]] = []

    def __enter__(self) -> "ServerKills":
        servers = self._servers
        servers.start()
        who = (servers.port, servers.api_key, servers.entity)
        self._crowd = self._ending.enter_context(Crowd(*who, self._chance))
        self.tally = ServerTally(self._crowd.records)
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.close()

    def run(self, kill_points: int) -> ServerTally:
        """Until so many kill points were tried and checked."""
        began = time.monotonic()
        self._crowd.go()
        while self.tally.kill_points < kill_points:
            self._kill_once()
            if self.tally.kill_points % KILLS_PER_CHECK == 0:
                self._check()
                took_s = time.monotonic() - began
                print(f"{took_s:.0f} s: {self.tally.line()}", file=sys.stderr)
                if self.tally.records.faults:
                    break
        if self.tally.kill_points % KILLS_PER_CHECK:
            self._check()
        return self.tally

    # ---- its parts -------------------------------------------------------------------

    def _kill_once(self) -> None:
        chance = self._chance
        if chance.random() < 0.2:  # while it starts
            self._servers.kill()
            self._servers.fork()
            time.sleep(chance.uniform(0.0, 0.15))
            kind = "start"
        else:
            if not self._servers.pid:
                self._servers.start()
            if chance.randrange(100) < BACKUPS_OF_100:
                self._begin_backup()
            self._let_act(chance.randint(0, CALLS_PER_LIFE))
            time.sleep(chance.uniform(0.0, 0.03))
            kind = ""
        doing = [kind] if kind else self._crowd.doing
        if any((self._servers.data_dir / "workspace").glob("tmp*")):
            doing.append("compaction")
        self._servers.kill()
        self.tally.kill_points += 1
        self.tally.kinds.update(set(doing))
        self._servers.fork()

    def _let_act(self, count: int) -> None:
        """Until so many more calls are answered, or time is up."""
        statuses = self.tally.records.statuses
        wanted, deadline = statuses[200] + count, time.monotonic() + LIFE_S_MAX
        while statuses[200] < wanted and time.monotonic() < deadline:
            time.sleep(0.002)

    def _begin_backup(self) -> None:
        """Some are killed, too."""
        target = self._root / f"backup-{self.tally.kill_points}.tar"
        pid = self._servers.begin_backup(target)
        killed = self._chance.random() < 0.5
        self._backups.append((pid, target, killed))

    def _check(self) -> None:
        self._servers.kill()
        self._servers.start()
        self._crowd.check()
        for sentence in self._servers.problems():
            if not sentence.startswith("stray"):  # of a kill: swept up later
                self.tally.records.fault(f"server check: {sentence}")
        self._check_backups()
        self._crowd.go()

    def _check_backups(self) -> None:
        for pid, target, killed in self._backups:
            if killed:
                _kill(pid)
            status = self._servers.reap(pid)
            whole = target.exists()
            self.tally.backups["whole" if whole else "killed"] += 1
            if whole != (status == 0) and status != -9:
                said = self._servers.errors_path.read_text()[-1500:]
                self.tally.records.fault(f"backup ended with {status}: {said}")
            if whole:
                asyncio.run(restored(target, self._root))
                target.unlink()
        self._backups.clear()


async def restored(source: Path, root: Path) -> None:
    """Restore into new embedded stores and check these."""
    directory = root / f"restored-{source.stem}"
    directory.mkdir()
    place = Embedded().place(directory)
    settings = ServerSettings(
        data_dir=directory,
        secret=b"s" * 32,
        database_url=place.database_url,
        object_url=place.object_url,
    )
    async with open_stores(settings, {}) as stores:
        await restore(stores, source)
        report = await check(stores)
    # Files that were replaced, and segments of runs that were rewound, meanwhile; of
    # the latter rows are missing, too.
    missing = int(source.with_suffix(".missing").read_text())
    assert len(report.problems) <= 2 * missing, report.problems
    assert missing <= MISSING_MAX


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
