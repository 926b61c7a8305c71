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
import re
import signal
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from wandb_server.maintenance import check, open_stores
from wandb_server.maintenance.backup import restore
from wandb_server.settings import ServerSettings

from tests.crash.server_clients import KINDS, Client, Line, Records, Stopped
from tests.support.forked_servers import ForkedServers
from tests.support.stores import Embedded, Place

KILLS_PER_CHECK = 10
BACKUPS_OF_100 = 15


@dataclass(slots=True)
class ServerTally:
    """What came of it, so far."""

    records: Records = field(default_factory=Records)
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
        self.tally = ServerTally()
        self._root = root
        self._chance = random.Random(seed)
        self._servers = ForkedServers(place, root)
        self._open = threading.Event()
        self._clients: list[Client] = []
        self._threads: list[threading.Thread] = []
        self._resting: set[int] = set()
        self._backups: list[tuple[int, Path, bool]] = []

    def __enter__(self) -> "ServerKills":
        self._servers.start()
        key, entity = self._servers.api_key, self._servers.entity
        for number, kind in enumerate(KINDS):
            line = Line(self._servers.port, key, entity, self.tally.records)
            chance = random.Random(self._chance.random())
            self._clients.append(kind(line, number, chance))
        for client in self._clients:
            self._threads.append(threading.Thread(target=self._live, args=(client,)))
            self._threads[-1].start()
        return self

    def __exit__(self, *_: object) -> None:
        for client in self._clients:
            client.line.stopped.set()
        self._open.set()
        for thread in self._threads:
            thread.join(30)
        for client in self._clients:
            client.line.close()
        self._servers.__exit__()

    def run(self, kill_points: int) -> ServerTally:
        """Until so many kill points were tried and checked."""
        began = time.monotonic()
        self._open.set()
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

    def _live(self, client: Client) -> None:
        """One client's life, in a thread of its own."""
        try:
            while not client.line.stopped.is_set():
                if not self._open.is_set():
                    self._resting.add(client.number)
                    self._open.wait()
                    self._resting.discard(client.number)
                    continue
                client.act()
                client.doing = ""
        except Stopped:
            return
        except Exception:
            self.tally.records.fault(f"{client.name()}: {traceback.format_exc()}")
            self._resting.add(client.number)

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
            time.sleep(chance.uniform(0.02, 0.6))
            kind = ""
        doing = [kind] if kind else [one.doing for one in self._clients if one.doing]
        if any((self._servers.data_dir / "workspace").glob("tmp*")):
            doing.append("compaction")
        self._servers.kill()
        self.tally.kill_points += 1
        self.tally.kinds.update(set(doing))
        self._servers.fork()

    def _begin_backup(self) -> None:
        """Some are killed, too."""
        target = self._root / f"backup-{self.tally.kill_points}.tar"
        pid = self._servers.begin_backup(target)
        killed = self._chance.random() < 0.5
        self._backups.append((pid, target, killed))

    def _check(self) -> None:
        self._servers.kill()
        self._servers.start()
        self._open.clear()
        deadline = time.monotonic() + 120
        while len(self._resting) < len(self._clients):
            assert time.monotonic() < deadline, [c.doing for c in self._clients]
            time.sleep(0.01)
        for client in self._clients:
            client.check()
        for sentence in asyncio.run(problems_of(self._servers)):
            self.tally.records.fault(f"server check: {sentence}")
        self._check_backups()
        self._open.set()

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


async def problems_of(servers: ForkedServers) -> Sequence[str]:
    """What `wandb server check` says, beside the server."""
    settings = ServerSettings(
        data_dir=servers.data_dir,
        secret=b"s" * 32,
        database_url=servers.place.database_url,
        object_url=servers.place.object_url,
    )
    async with open_stores(settings, {}) as stores:
        return (await check(stores)).problems


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
    missing = _missing(source.with_suffix(".said").read_text())
    assert len(report.problems) <= missing, report.problems


def _missing(said: str) -> int:
    """Objects that went away while the backup was made, as it told."""
    found = re.search(r"^(\d+) objects were deleted", said, re.MULTILINE)
    return int(found[1]) if found else 0


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
