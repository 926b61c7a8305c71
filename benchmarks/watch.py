"""By how much does `watch` slow down a small CNN's step, at the default frequency?

A network of 12 parameters (two convolutions, two linear layers, batch norm; 28×28
images, batches of 32) on one thread of the CPU. Blocks of steps with and without watch
alternate, timed as processor time of the training thread, so that other processes count
little; a block without a pass that is logged gives what the hooks cost, single steps
with `log_freq=1` what a logged pass costs. Per step at the default frequency: hooks +
logged pass / 1000. `--long` also measures that directly, over blocks of 1000 steps.

Estimate before building: a hook 1 µs (12 of them), a logged pass 12 reductions of 40 µs
and 60 KB of JSON, 1 ms, once in 1000 steps: 13 µs of a step of 4 ms, 0.3 %.
Found, on a busy machine: hooks 15 µs and a logged pass 1.2 ms of a step of 3.8 ms,
0.4 %; the official client 54 µs and 3.8 ms, 1.4 %.

    python benchmarks/watch.py [--quick | --long]

torch comes from WANDB_TORCH_PYTHON's environment, else from build/bench-venvs/torch.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

DEFAULT_FREQ = 1000
NEVER = 10**9


def child(pairs: int, block: int, direct: int) -> dict[str, list[float]]:
    """Measure in this process, which has torch and one of the trackers; µs."""
    import torch
    import wandb
    from torch import nn

    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(400, 64), nn.ReLU(), nn.Linear(64, 10),
    )  # fmt: skip
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    images, labels = torch.randn(32, 1, 28, 28), torch.randint(0, 10, (32,))
    loss_of = nn.CrossEntropyLoss()
    run: Any = wandb.init(project="bench")

    def steps(count: int) -> list[float]:
        taken = []
        for _ in range(count):
            began = time.thread_time_ns()
            optimizer.zero_grad()
            loss_of(model(images), labels).backward()
            optimizer.step()
            run.log({"loss": 0.5})
            taken.append((time.thread_time_ns() - began) / 1000)
        return taken

    def watched(count: int, log_freq: int) -> list[float]:
        run.watch(model, log_freq=log_freq)
        try:
            return steps(count)
        finally:
            run.unwatch(model)

    steps(50)
    found: dict[str, list[float]] = {"step": [], "hooks": [], "pass": [], "direct": []}
    for number in range(pairs):
        order: list[Callable[[], list[float]]] = [
            lambda: steps(block),
            lambda: watched(block, NEVER),
        ]
        swapped = number % 2
        first, second = order[::-1] if swapped else order
        medians = [statistics.median(first()), statistics.median(second())]
        plain, hooked = medians[::-1] if swapped else medians
        found["step"].append(plain)
        found["hooks"].append(hooked - plain)
        found["pass"].append(statistics.median(watched(5, 1)) - hooked)
    for _ in range(direct):
        plain, with_watch = sum(steps(1000)), sum(watched(1000, DEFAULT_FREQ))
        found["direct"].append(100 * (with_watch - plain) / plain)
    run.finish()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print("RESULT " + json.dumps(child(**json.loads(options.child))))
        return
    pairs, block = (40, 10) if options.quick else (150, 20)
    _measure({"pairs": pairs, "block": block, "direct": 6 if options.long else 0})


def _measure(parameters: dict[str, int]) -> None:
    from _peers import Side, sides
    from _report import show
    from _sides import private_environment

    packages = _torch_packages()
    if packages is None:
        print("# torch cannot be had: nothing is measured", file=sys.stderr)
        return

    def one(side: Side) -> dict[str, list[float]]:
        with private_environment() as environ:
            environ |= {"PYTHONPATH": packages, "OMP_NUM_THREADS": "1"}
            command = [side.python, __file__, "--child", json.dumps(parameters)]
            done = subprocess.run(
                command, env=environ, cwd=environ["HOME"],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
        if done.returncode:
            raise SystemExit(f"{side.name}: {done.stdout}{done.stderr}")
        line = done.stdout.partition("RESULT ")[2]
        measured: dict[str, list[float]] = json.loads(line)
        return measured

    for side in sides("official"):
        found = one(side)
        what = "a step of a small CNN"
        step = statistics.median(found["step"])
        show(what, side.name, found["step"], "us")
        show(f"{what}: hooks of watch", side.name, found["hooks"], "us")
        show(f"{what}: a pass that watch logs", side.name, found["pass"], "us")
        pairs = zip(found["hooks"], found["pass"], strict=True)
        slower = [100 * (hooks + a / DEFAULT_FREQ) / step for hooks, a in pairs]
        show(f"{what}: slower by, watched", side.name, slower, "%", 3)
        if found["direct"]:
            show("the same, measured directly", side.name, found["direct"], "%", 3)


def _torch_packages() -> str | None:
    from _peers import torch_path

    given = os.environ.get("WANDB_TORCH_PYTHON", "")
    if not os.path.isfile(given):
        return torch_path()
    where = "import torch, os; print(os.path.dirname(os.path.dirname(torch.__file__)))"
    done = subprocess.run(
        [given, "-c", where], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or None


if __name__ == "__main__":
    main()
