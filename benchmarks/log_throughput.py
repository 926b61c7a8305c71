"""How many records per second reach the log, for how long, in how much memory?

Tight loop of 5 floats until finish has said that the log is durable: offline, and while
core uploads to the local server. Memory of the training process and of core is sampled
all the time; its growth after the first fifth counts.

Estimate before building: core 20 µs per record, 50,000 records per second, bounded by
the ring; the fold of the uploader takes 10 µs more and the server 5.

    python benchmarks/log_throughput.py [--quick | --long]
"""

import argparse
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
        """Highest after the first fifth of the time, above the highest within it."""
        samples = self.samples[name]
        early = max(1, len(samples) // 5)
        return max(0.0, max(samples[early:], default=0.0) - max(samples[:early]))

    def _sample(self) -> None:
        while not self._over.wait(SAMPLE_S):
            for name, pid in self._pids.items():
                try:
                    found = resident_mb(pid)
                except OSError:
                    continue
                # The ring's pages are touched one after another: not a growth.
                kinds = ("RssAnon",) if "RssAnon" in found else ("VmRSS",)
                if any(kind in found for kind in kinds):
                    self.samples[name].append(sum(found[kind] for kind in kinds))


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
        count = f"{what}, {calls:,} records"
        # With a server, finish waits for the upload as well.
        show(f"{count}: rate", side.name, [found["per_s"]], "/s", target, at_least=True)
        show(f"{count}: finish", side.name, [found["finish_ms"]], "ms")
        show(f"{count}: helpers", side.name, [found["helper_cpu"]], "us")
        for name in pids:
            grown = memory.growth_mb(name)
            show(f"{count}: growth of the {name}", side.name, [grown], "MB", 5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--long", action="store_true", help="10 million records")
    options = parser.parse_args()
    calls = 200_000 if options.quick else 1_000_000
    ours, *peers = sides()
    throughput(
        ours, "to the log", "offline", 10 * calls if options.long else calls, 4e4
    )
    throughput(ours, "while uploading", "online", calls, 2e4)
    for peer in peers:
        throughput(
            peer, "to the log", "offline", 20_000 if options.quick else 100_000, 0
        )


if __name__ == "__main__":
    main()
