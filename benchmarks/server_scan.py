"""How long does a reader scan the whole history of a long run: by rows, from Parquet?

Three sizes of a run of ten metrics. While it goes on, readers ask for rows; when it has
ended, the official client and ours read Parquet files that the server makes for the
first who asks; ours reads them from 50,000 rows on. Each scan is in a process and with
a cache of its own; pages are of 1,000 rows, the default.

Estimate before building: by rows 50 µs a row (a row is packed, sent as JSON in JSON,
and parsed twice), from Parquet 30 µs, most of it what the client does with a row; the
file itself 6 µs a row, once. By one key a tenth of that: the others are not read.

Seen at load 15 on two cores, 1,000,000 rows, rows a second (by one key): ours by rows
35,000 (54,000), from Parquet 77,000 (642,000); official client by rows 7,400 (25,000),
from Parquet in groups of 122,880 rows 5,500 (16,000): slower, since each page reads its
groups again. In groups of 8,192, as they are now, 14,000 to 15,000 at the beginning, in
the middle and at the end of a million rows; of 60,000 rows 8,000 (52,000) against 4,900
(14,000) by rows in the same minute. To be measured whole on a quiet machine. The server
took 394 MB at most while it made the files.

    python benchmarks/server_scan.py [--quick]
"""

import argparse
import asyncio
import base64
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from _peers import interpreter
from _report import show
from _same_data import key_of
from _server import Server, asking, memory_shown, post_body, started_server

SIZES = (10_000, 100_000, 1_000_000)
METRICS = 10
SCAN = """
import json, sys, time, wandb
place, choices = json.loads(sys.argv[1])
run = wandb.Api(timeout=120).run(place)
found = []
for choice in choices:
    began, count = time.perf_counter(), 0
    for row in run.scan_history(**choice):
        count += 1
    found.append([count, time.perf_counter() - began])
print("found", json.dumps(found))
"""
CHOICES: dict[str, dict[str, list[str]]] = {
    "all keys": {},
    "one key": {"keys": [key_of(0)]},
}
SCAN_S_MAX = 1_800


def scan(python: Path, server: Server, run: str, steps: int) -> list[float]:
    """Rows a second of each choice."""
    basic = server.headers["Authorization"].removeprefix("Basic ")
    key = base64.b64decode(basic).decode().removeprefix("api:")
    with tempfile.TemporaryDirectory() as home:
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": home,
            "WANDB_BASE_URL": server.url,
            "WANDB_API_KEY": key,
            "WANDB_CACHE_DIR": f"{home}/cache",
            "WANDB_SILENT": "true",
        }
        place = [f"{server.entity}/deep/{run}", list(CHOICES.values())]
        done = subprocess.run(
            [str(python), "-c", SCAN, json.dumps(place)],
            env=environ,
            cwd=home,
            capture_output=True,
            text=True,
            check=False,
            timeout=SCAN_S_MAX,
        )
    line = next(iter(done.stdout.rpartition("found ")[2].splitlines()), "")
    assert line.startswith("["), done.stdout + done.stderr
    found = json.loads(line)
    assert [count for count, _ in found] == [steps] * len(found), found
    return [count / seconds for count, seconds in found]


async def measure(server: Server, sizes: tuple[int, ...]) -> None:
    sides = {"ours": Path(sys.executable)}
    if (official := interpreter("official")) is not None:
        sides["official client"] = official
    for steps in sizes:
        run = f"s{steps}"
        async with asking(server) as client:
            await client.fill("deep", run, steps, METRICS, ended=False)
        await asyncio.to_thread(server.settle)
        for side, python in sides.items():
            tell(steps, "by rows", side, scan(python, server, run, steps))
        async with asking(server) as client:
            await client.post("deep", run, post_body(steps, [], ended=True))
        await asyncio.to_thread(server.settle)
        what = f"first to ask for {steps:,} rows"
        with memory_shown(server, what):
            for side, python in reversed(sides.items()):
                tell(steps, "Parquet, first", side, scan(python, server, run, steps))
        for side, python in sides.items():
            tell(steps, "Parquet", side, scan(python, server, run, steps))


def tell(steps: int, way: str, side: str, rates: list[float]) -> None:
    for choice, rate in zip(CHOICES, rates, strict=True):
        show(f"scan of {steps:,} rows, {choice}, {way}", side, [rate], "rows/s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="up to 100,000 rows")
    parser.add_argument("--long", action="store_true", help="no effect here")
    quick = parser.parse_args().quick
    with started_server() as server:
        asyncio.run(measure(server, SIZES[:2] if quick else SIZES))


if __name__ == "__main__":
    main()
