"""Run every benchmark in this folder, one after another, and keep what they print.

Each is a program of its own that answers one question and prints JSON lines; the lines
go to the terminal and to `benchmarks/results/<revision>.jsonl`, where
`benchmarks/compare.py` finds them.
"""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
NOT_BENCHMARKS = {"run_all.py", "compare.py"}


def main() -> int:
    """0 if every benchmark ended well."""
    revision = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=HERE, capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    failed = []
    with (results / f"{revision}.jsonl").open("w", encoding="utf-8") as kept:
        for path in sorted(HERE.glob("*.py")):
            if path.name in NOT_BENCHMARKS or path.name.startswith("_"):
                continue
            print(f"# {path.name}", flush=True)
            with subprocess.Popen(
                [sys.executable, str(path), *sys.argv[1:]],
                stdout=subprocess.PIPE,
                text=True,
            ) as process:
                assert process.stdout is not None
                for line in process.stdout:
                    print(line, end="", flush=True)
                    if line.startswith("{"):
                        kept.write(line)
            if process.returncode:
                failed.append(path.name)
    if failed:
        print(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
