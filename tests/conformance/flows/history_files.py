"""Histories as Parquet: scans say what was logged, before and after there are files."""

import json
import math
import random
from pathlib import Path
from typing import Any

import wandb
from flow import PROJECT, until
from wandb.apis.public import IncompleteRunHistoryError

STEPS = 1_500
KINDS = {
    "loss": lambda dice: dice.choice([dice.random(), math.nan, math.inf, -math.inf]),
    "count": lambda dice: dice.choice([0, -5, 2**31, 2**53 + 1, 2**62]),
    "note": lambda dice: dice.choice(["", "text", "NaN", "\u00e9\u2028", None]),
    "good": lambda dice: dice.choice([True, False]),
    "a.b": lambda dice: dice.choice([1, 2.5]),
}


def log(name: str, rows: list[dict[str, Any]], *, resume: bool = False) -> None:
    more = {"resume": "must"} if resume else {}
    with wandb.init(project=PROJECT, id=name, **more) as run:
        for row in rows:
            run.log(dict(row))


def found(name: str) -> Any:
    return wandb.Api().run(f"{PROJECT}/{name}")


def plain(rows: Any, keys: Any = None) -> list[str]:
    """Rows as text, so that NaN equals NaN; without what the client adds."""
    kept = [
        {k: v for k, v in row.items() if k in (keys or KINDS) or k == "rare"}
        for row in rows
    ]
    return [json.dumps(row, sort_keys=True) for row in kept]


def exported(name: str) -> list[Path]:
    """The files that there are, once there are some."""

    def bring() -> Any:
        try:
            return found(name).download_history_exports(Path("down") / name)
        except IncompleteRunHistoryError:
            return None

    result = until(bring, f"files of {name}")
    assert not result.contains_live_data
    return list(result.paths)


dice = random.Random(5)
logged = [{key: make(dice) for key, make in KINDS.items()} for _ in range(STEPS)]
log("flat", logged)
assert len(exported("flat")) == 1
run = found("flat")
for scan in (run.scan_history, run.beta_scan_history):
    assert plain(scan()) == plain(logged)
    assert plain(scan(page_size=7)) == plain(logged)
    for key in KINDS:
        assert plain(scan(keys=[key]), [key]) == plain(logged, [key])
    both = ["loss", "note"]
    assert plain(scan(keys=both, min_step=10, max_step=90), both) == plain(
        logged[10:90], both
    )
    assert list(scan(min_step=STEPS)) == []

# More rows are another file; what the client keeps of the first stays right.
more = [{key: make(dice) for key, make in KINDS.items()} for _ in range(30)]
log("flat", more, resume=True)
assert len(exported("flat")) == 2
assert plain(found("flat").scan_history()) == plain(logged + more)
assert plain(found("flat").scan_history(keys=["a.b"]), ["a.b"]) == plain(
    logged + more, ["a.b"]
)

# Rows of different keys cannot be said in files: scans say them by rows.
sparse = [{**row, "rare": n} if n % 9 == 0 else row for n, row in enumerate(more)]
log("sparse", sparse)
assert plain(found("sparse").scan_history()) == plain(sparse)
rare = [row["rare"] for row in found("sparse").scan_history(keys=["rare"])]
assert rare == [0, 9, 18, 27]
