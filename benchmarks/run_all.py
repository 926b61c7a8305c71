"""Run every benchmark in this folder, one after another, and keep what they print.

Each is a program of its own that answers one question and prints JSON lines; the lines
go to the terminal and to `benchmarks/results/<revision>.jsonl`, where
`benchmarks/compare.py` finds them. The tables at the end show what has to be reached
and how the peers do.

    python benchmarks/run_all.py [--quick | --long] [NAME …]
    python benchmarks/run_all.py server     all that are about the server

--quick: all in their quick form, a few minutes. NAME: only these files.
"""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, TextIO

from _report import table

HERE = Path(__file__).resolve().parent
NOT_BENCHMARKS = {"run_all.py", "compare.py"}


def chosen(names: list[str]) -> list[Path]:
    """The files to run, in order."""
    return [
        path
        for path in sorted(HERE.glob("*.py"))
        if path.name not in NOT_BENCHMARKS
        and not path.name.startswith("_")
        and (not names or path.stem in names or path.stem.split("_")[0] in names)
    ]


def run(path: Path, options: list[str], kept: TextIO) -> tuple[list[Any], bool]:
    """The lines that a benchmark prints, and whether it ended well."""
    lines = []
    print(f"# {path.name}", flush=True)
    began = time.monotonic()
    command = [sys.executable, str(path), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            if line.startswith("{"):
                kept.write(line)
                lines.append(json.loads(line))
    print(f"# {path.name} took {time.monotonic() - began:.0f} s", flush=True)
    return lines, process.returncode == 0


def main() -> int:
    """0 if every benchmark ended well."""
    options = [word for word in sys.argv[1:] if word.startswith("--")]
    names = [word for word in sys.argv[1:] if not word.startswith("--")]
    revision = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=HERE, capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    lines: dict[bool, list[Any]] = {False: [], True: []}
    failed = []
    with (results / f"{revision}.jsonl").open("w", encoding="utf-8") as kept:
        for path in chosen(names):
            printed, ended_well = run(path, options, kept)
            lines[path.name.startswith("server_")] += printed
            if not ended_well:
                failed.append(path.name)
    for is_server, title in ((False, "Training processes"), (True, "The server")):
        if lines[is_server]:
            print(f"\n{title}\n\n{table(lines[is_server], all_rows=not is_server)}")
    if failed:
        print(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
