"""How many records per second reach the log, for how long, in how much memory?

Tight loop of 5 floats until finish has said that the log is durable: offline, and while
core uploads to the local server. Memory of the training process and of core is sampled
all the time; it has to stay the same from the second quarter of the time to the last.

Estimate before building: core 20 µs per record, 50,000 records per second, bounded by
the ring; the fold of the uploader takes 10 µs more and the server 5.

    python benchmarks/log_throughput.py [--quick | --long]
"""

import argparse
import statistics
import subprocess
import threading

from _peers import OURS, Side, sides
from _report import show
from _sides import (
    core_pid,
    private_environment,
    resident_mb,
    result,
    start,
    start_core,
    start_server,
)

SAMPLE_S = 0.5
FULL_CALLS = 1_000_000
FLAT_MB = 5.0


class Memory:
    """Samples processes until they end."""

    def __init__(self, pids: dict[str, int]) -> None:
        self.samples: dict[str, list[float]] = {name: [] for name in pids}
        self._pids = pids
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample)
        self._thread.start()

    def stop(self) -> None:
        """Sample no more."""
        self._over.set()
        self._thread.join()

    def growth_mb(self, name: str) -> float:
        """The last quarter of the time against the second, medians."""
        samples = self.samples[name]
        quarter = len(samples) // 4
        if not quarter:
            return 0.0
        early, late = samples[quarter : 2 * quarter], samples[-quarter:]
        return statistics.median(late) - statistics.median(early)

    def _sample(self) -> None:
        while not self._over.wait(SAMPLE_S):
            for name, pid in self._pids.items():
                try:
                    found = resident_mb(pid)
                except OSError:
                    continue
                # The ring's pages are touched one after another: not a growth.
                if "RssAnon" in found:
                    self.samples[name].append(found["RssAnon"])


def throughput(side: Side, what: str, mode: str, calls: int, target: float) -> None:
    """One run as fast as it goes."""
    with private_environment(mode) as environ:
        if side.name == OURS:
            start_core(environ)
            if mode == "online":
                start_server(environ)
        process = start(side, environ, "loop", calls=calls, timed=False)
        pids = {"training process": process.pid}
        if side.name == OURS:
            pids["core"] = core_pid(environ)
        memory = Memory(pids)
        try:
            found = result(process)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        finally:
            memory.stop()
        rate = [found["logged_per_s"]]
        show(f"{what}: to the log", side.name, rate, "/s", target, at_least=True)
        if mode == "online":
            rate = [found["per_s"]]  # finish waits for the upload as well
            show(f"{what}: to the server", side.name, rate, "/s")
        show(f"{what}: finish", side.name, [found["finish_ms"]], "ms")
        show(f"{what}: helpers", side.name, [found["helper_cpu"]], "us")
        for name in pids:
            grown = memory.growth_mb(name)
            flat_mb = FLAT_MB if calls >= FULL_CALLS else None  # after the warming up
            show(f"{what}: growth of the {name}", side.name, [grown], "MB", flat_mb)
            highest = max(memory.samples[name], default=0.0)
            show(f"{what}: memory of the {name}", side.name, [highest], "MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--long", action="store_true", help="10 million records")
    options = parser.parse_args()
    calls = 200_000 if options.quick else FULL_CALLS
    ours, *peers = sides()
    count = 10 * calls if options.long else calls
    throughput(ours, "sustained offline", "offline", count, 4e4)
    throughput(ours, "sustained while uploading", "online", calls, 2e4)
    peer_calls = 20_000 if options.quick else 100_000
    for peer in peers:
        throughput(peer, "sustained offline", "offline", peer_calls, 0)


if __name__ == "__main__":
    main()
