"""Lines of JSON, and the table that is made of them.

One line per figure: what, side, value (median), unit, spread (lowest and highest of the
repeats), machine, revision; `target` and `at_least` where a figure has to be reached.
"""

import functools
import json
import os
import platform
import statistics
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from _peers import OURS


@functools.cache
def revision() -> str:
    """The commit that is measured, with a plus if files differ from it."""
    command = ["git", "describe", "--always", "--dirty=+"]
    done = subprocess.run(
        command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or "unknown"


def show(
    what: str,
    side: str,
    values: Sequence[float],
    unit: str,
    target: float | None = None,
    *,
    at_least: bool = False,
) -> float:
    """Print one figure; returns its median. The target counts for our side alone."""
    median = statistics.median(values)
    line: dict[str, Any] = {
        "what": what,
        "side": side,
        "value": round(median, 3),
        "unit": unit,
        "spread": [round(min(values), 3), round(max(values), 3)],
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "revision": revision(),
    }
    if target is not None and side == OURS:
        line |= {"target": target, "at_least": at_least}
    print(json.dumps(line), flush=True)
    return median


def table(lines: Iterable[dict[str, Any]], *, all_rows: bool = True) -> str:
    """Our figure, what has to be reached, and the peers' with their ratio to ours.

    Not `all_rows`: only those with something to reach or to compare with.
    """
    rows: dict[str, dict[str, dict[str, Any]]] = {}
    for line in lines:
        rows.setdefault(line["what"], {})[line["side"]] = line
    peers = list(dict.fromkeys(side for found in rows.values() for side in found))
    peers = [side for side in peers if side != OURS]
    head = [
        "",
        "ours",
        "spread",
        "to reach",
        "",
        *(f"{peer} (ratio)" for peer in peers),
    ]
    cells = [head]
    for what, found in rows.items():
        ours = found.get(OURS)
        if ours is None or not (all_rows or "target" in ours or len(found) > 1):
            continue
        cells.append(
            [
                f"{what}, {ours['unit']}",
                _number(ours["value"]),
                " … ".join(map(_number, ours["spread"])),
                _target(ours),
                _verdict(ours),
                *(_ratio(found.get(peer), ours["value"]) for peer in peers),
            ]
        )
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in cells
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.3g}"


def _target(line: dict[str, Any]) -> str:
    if "target" not in line:
        return ""
    return f"{'≥' if line['at_least'] else '≤'} {_number(line['target'])}"


def _verdict(line: dict[str, Any]) -> str:
    if "target" not in line:
        return ""
    value, target = line["value"], line["target"]
    holds = value >= target if line["at_least"] else value <= target
    return "yes" if holds else "NO"


def _ratio(peer: dict[str, Any] | None, ours: float) -> str:
    if peer is None:
        return "–"
    text = _number(peer["value"])
    return f"{text} ({peer['value'] / ours:.3g})" if ours else text
