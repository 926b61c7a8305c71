"""How long does `run.log` hold up a training step, and what does it cost in all?

Each side in processes of its own and in turn, offline: 5 floats in a tight loop (20,000
and 1,000,000 calls) and at 200 calls per second, 1,000 floats, a nested dict of 10
leaves, five 0-d torch tensors on the CPU.

`cpu` is the training process with all its threads, finish included; `helpers` are core
(or the peer's own processes). At 200 calls per second the processor time of the same
loop without a tracker is taken off.

Estimate before building, on the 2-core reference machine: orjson 0.3 µs, time 0.05,
checksum 0.1, lock 0.1, copy 0.2, Python around it 0.6: 1.4 µs; core 15 µs per record.

    python benchmarks/log_overhead.py [--quick]
"""

import argparse
from typing import Any

from _peers import PEERS, Side, sides, torch_path
from _report import show
from _sides import measure_alone, repeated

PEER_CALLS_MAX = 100_000
"""Of the peers' long loop: at 100 µs each, a million calls tell nothing more."""


def tight(all_sides: list[Side], calls: int, repeats: int) -> None:
    """5 floats, one call after another."""

    def one(side: Side) -> dict[str, Any]:
        own = min(calls, PEER_CALLS_MAX) if side.name in PEERS else calls
        return measure_alone(side, "loop", calls=own)

    what = f"5 floats, {calls:,} calls in a tight loop"
    for side, results in repeated(one, all_sides, repeats).items():
        _show(what, side, results, "p50", "us", 2.5)
        _show(what, side, results, "p99", "us", 8)
        _show(what, side, results, "p999", "us")
        _show(what, side, results, "max", "us")
        _show(what, side, results, "cpu", "us", 6)
        _show(what, side, results, "helper_cpu", "us", 25)
        _show(what, side, results, "per_s", "calls/s")


def slow(all_sides: list[Side], calls: int, repeats: int) -> None:
    """5 floats, 200 calls per second."""
    found = repeated(
        lambda side: measure_alone(side, "paced", calls=calls, per_s=200),
        all_sides,
        repeats,
    )
    what = "5 floats at 200 calls/s"
    for side, results in found.items():
        _show(what, side, results, "p50", "us", 25)
        _show(what, side, results, "cpu", "us", 60)
        _show(what, side, results, "helper_cpu", "us")


def shaped(
    all_sides: list[Side], what: str, target: float, repeats: int, **parameters: Any
) -> None:
    """Other rows, in a tight loop."""
    found = repeated(
        lambda side: measure_alone(side, "loop", **parameters), all_sides, repeats
    )
    for side, results in found.items():
        _show(what, side, results, "p50", "us", target)
        _show(what, side, results, "cpu", "us")


def _show(
    what: str,
    side: str,
    results: list[dict[str, Any]],
    name: str,
    unit: str,
    target: float | None = None,
) -> None:
    label = {"helper_cpu": "helpers", "per_s": "until durable"}.get(name, name)
    show(f"{what}: {label}", side, [one[name] for one in results], unit, target)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--long", action="store_true", help="no effect here")
    quick = parser.parse_args().quick
    repeats = 1 if quick else 5
    all_sides = sides()
    tight(all_sides, 20_000, repeats)
    if not quick:
        tight(all_sides, 1_000_000, 2)
    slow(all_sides, 200 if quick else 2000, 1 if quick else 3)
    wide = {"rows": "wide", "calls": 60, "distinct": 60, "warm_up": 20}
    shaped(all_sides, "1,000 floats", 100, repeats, **wide)
    nested = {"rows": "nested", "calls": 4000, "distinct": 4000}
    shaped(all_sides, "nested dict, 10 leaves", 4, repeats, **nested)
    if (place := torch_path()) is not None:
        tensors = {"rows": "torch", "calls": 2000, "distinct": 1000}
        what = "five 0-d torch CPU tensors"
        shaped(all_sides, what, 15, repeats, torch_path=place, **tensors)


if __name__ == "__main__":
    main()
