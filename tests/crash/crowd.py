"""Clients in threads over one server, which rest when their books are compared."""

import random
import threading
import time
import traceback
from collections.abc import Sequence

from tests.crash.server_clients import KINDS, Client, Line, Records, Stopped

REST_S = 180.0


class Crowd:
    """One client per thread; they begin to act with `go`."""

    def __init__(
        self,
        port: int,
        key: str,
        entity: str,
        chance: random.Random,
        kinds: Sequence[type[Client]] = KINDS,
    ) -> None:
        self.records = Records()
        self.clients: list[Client] = []
        self._open = threading.Event()
        self._resting: set[int] = set()
        self._threads: list[threading.Thread] = []
        for number, kind in enumerate(kinds):
            line = Line(port, key, entity, self.records)
            mine = random.Random(chance.random())
            self.clients.append(kind(line, number, mine))

    def __enter__(self) -> "Crowd":
        """They wait for `go`."""
        for client in self.clients:
            self._threads.append(threading.Thread(target=self._live, args=(client,)))
            self._threads[-1].start()
        return self

    def __exit__(self, *_: object) -> None:
        """End all, whatever they wait for."""
        for client in self.clients:
            client.line.stopped.set()
        self._open.set()
        for thread in self._threads:
            thread.join(70)
        for client in self.clients:
            client.line.close()

    @property
    def doing(self) -> list[str]:
        """What is under way."""
        return [one.doing for one in self.clients if one.doing]

    def go(self) -> None:
        """Begin, or go on."""
        self._open.set()

    def act_until(self, count: int, what: str = "rows") -> None:
        """Until so many more are acknowledged."""
        wanted = self.records.acknowledged[what] + count
        deadline = time.monotonic() + REST_S
        while self.records.acknowledged[what] < wanted and not self.records.faults:
            assert time.monotonic() < deadline, self.doing
            time.sleep(0.01)

    def rest(self) -> None:
        """Until every call that was begun is answered 200."""
        self._open.clear()
        deadline = time.monotonic() + REST_S
        while len(self._resting) < len(self.clients):
            assert time.monotonic() < deadline, self.doing
            time.sleep(0.01)

    def check(self) -> None:
        """Rest, and compare all books."""
        self.rest()
        for client in self.clients:
            client.check()

    def settle(self) -> None:
        """Check, and fail with what is wrong."""
        self.check()
        assert not self.records.faults, "\n".join(self.records.faults)
        assert (self.records.lost, self.records.doubled) == (0, 0)
        assert self.records.acknowledged["rows"] > 0

    def _live(self, client: Client) -> None:
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
            self.records.fault(f"{client.name()}: {traceback.format_exc()}")
            self._resting.add(client.number)
