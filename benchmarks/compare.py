"""What has changed between two outputs of the benchmarks?

    python benchmarks/compare.py before.jsonl after.jsonl

A change counts as real (marked with *) when the spreads do not overlap.
"""

import json
import sys
from pathlib import Path
from typing import Any


def read(path: str) -> dict[str, dict[str, Any]]:
    """The last line of each measurement in the file, by name and side."""
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    found = [json.loads(line) for line in lines if line.startswith("{")]
    return {name(line): line for line in found}


def name(line: dict[str, Any]) -> str:
    """What was measured, and of whom."""
    side = line.get("side", "ours")
    return str(line["what"]) + ("" if side == "ours" else f" [{side}]")


def describe(before: dict[str, Any], after: dict[str, Any]) -> str:
    """One line of the table."""
    low, high = before["spread"]
    is_real = after["spread"][0] > high or after["spread"][1] < low
    change = after["value"] / before["value"] - 1 if before["value"] else 0.0
    return (
        f"{name(after):<60} {before['value']:>12,.3f} {after['value']:>12,.3f} "
        f"{after['unit']:<6} {change:>+8.1%}{' *' if is_real else ''}"
    )


def main() -> None:
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    before, after = read(sys.argv[1]), read(sys.argv[2])
    for what, line in after.items():
        if what in before:
            print(describe(before[what], line))
        else:
            print(f"{what:<60} {'new':>12} {line['value']:>12,.3f} {line['unit']}")
    for what in before.keys() - after.keys():
        print(f"{what:<60} gone")


if __name__ == "__main__":
    main()
