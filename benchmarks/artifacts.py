"""How long does an artifact take to the server and back: many small files, a large one?

Both clients use the same local server, one after the other, each with files of its own;
downloads begin with an empty cache. "adding" holds the training up, the rest does not.

Estimate before building: a thousand files of 4 kB cost two questions of 500 files
each and a thousand PUTs over 8 connections at 1.5 ms: 0.3 s; 0.1 s to copy and hash.
A large file is copied, hashed (0.6 GB/s), sent and hashed by the server: 150 MB/s; back
it is hashed twice, fetched once: 200 MB/s.

Result (busy 2-core machine, --quick; in brackets the official client in the same run):
1,000 files added in 0.18 s (0.68), at the server in 4.9 s (4.2: the server needs 4 ms
per PUT, not 1.5), back in 1.6 s (3.4); 64 MB added in 0.7 s (1.3), at the server in
0.8 s (0.9), back in 0.7 s (2.4).

    python benchmarks/artifacts.py [--quick]
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from _peers import Side, sides
from _report import show
from _sides import private_environment, start_server

SCRIPT = Path(__file__).with_name("_artifact_round.py")
FILES, FILE_BYTES = 1_000, 4_096
LARGE_MB, LARGE_MB_QUICK = 256, 64
TIMEOUT_S = 600


def one_round(side: Side, environ: dict[str, str], order: dict[str, Any]) -> Any:
    """Seconds by stage, from a process of that side."""
    done = subprocess.run(
        [side.python, str(SCRIPT), json.dumps(order)],
        env=environ, cwd=environ["HOME"], text=True, capture_output=True,
        timeout=TIMEOUT_S, check=False,
    )  # fmt: skip
    for line in done.stdout.splitlines():
        if line.startswith("RESULT "):
            return json.loads(line.removeprefix("RESULT "))
    raise SystemExit(f"{side.name} failed:\n{done.stdout}{done.stderr[-2000:]}")


def measure(count: int, large_mb: int) -> None:
    """All sides in turn, `count` times."""
    kinds = {
        f"{FILES:,} files of {FILE_BYTES} bytes": (FILES, FILE_BYTES),
        f"one file of {large_mb} MB": (1, large_mb << 20),
    }
    chosen = sides("official")
    with private_environment("online") as environ, tempfile.TemporaryDirectory() as own:
        environ |= {"WANDB_CACHE_DIR": own, "CI": ""}
        start_server(environ)
        address = Path(environ["WANDB_RUNTIME_DIR"], "server.json").read_text("utf-8")
        environ["WANDB_BASE_URL"] = json.loads(address)["url"]
        for what, (files, file_bytes) in kinds.items():
            found: dict[str, list[dict[str, float]]] = {s.name: [] for s in chosen}
            for number in range(count):
                for side in chosen:
                    order = {
                        "files": files,
                        "file_bytes": file_bytes,
                        "seed": f"{side.name} {number}",
                        "cache": f"{own}/{side.name}-{number}-{files}",
                    }
                    found[side.name].append(one_round(side, environ, order))
            for stage in ("adding", "to the server", "back"):
                for name, rounds in found.items():
                    seconds = [one[stage] for one in rounds]
                    show(f"{what}: {stage}", name, seconds, "s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--long", action="store_true", help="no effect here")
    quick = parser.parse_args().quick
    measure(1 if quick else 3, LARGE_MB_QUICK if quick else LARGE_MB)


if __name__ == "__main__":
    sys.exit(main())
