"""What scalars and watching do on a real GPU; prints JSON by check.

python gpu_checks.py DIRECTORY      logs an offline run there
"""

import json
import os
import sys
import time
from typing import Any

import torch
import wandb
from torch import nn
from torch.profiler import ProfilerActivity, profile

STEPS = 50
LONG_CYCLES = 2_000_000_000
"""About a second of the device."""


def copies(call: Any) -> int:
    """How many copies from the device to the host a call makes."""
    torch.cuda.synchronize()
    with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as seen:
        call()
        torch.cuda.synchronize()
    return sum("Memcpy DtoH" in event.name for event in seen.events())


def main() -> None:
    os.chdir(sys.argv[1])
    results: dict[str, Any] = {}
    device = torch.device("cuda")
    with wandb.init(project="p", id="gpu", mode="offline") as run:
        value = torch.zeros((), device=device)
        flag = torch.tensor(True, device=device)
        for number in range(STEPS):
            run.log({"x": value, "twice": value * 2, "flag": flag, "i": number})
            value.add_(1)  # after log() has returned, before the copy need be done
        run.log({"plain": 1.0})

        torch.cuda._sleep(LONG_CYCLES)
        began = time.perf_counter()
        run.log({"late": value})
        results["log_ms"] = (time.perf_counter() - began) * 1000
        torch.cuda.synchronize()

        data = {name: value + place for place, name in enumerate("abcde")}
        results["copies_of_log"] = copies(lambda: run.log(data))

        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(300, 300), nn.ReLU(), nn.Linear(300, 10))
        inputs = torch.randn(64, 300)
        model(inputs).square().mean().backward()
        expected = [p.grad.clone() for p in model.parameters() if p.grad is not None]
        model.zero_grad()
        model.to(device)
        run.watch(model, log="all", log_freq=1)

        def step() -> None:
            model(inputs.to(device)).square().mean().backward()

        step()
        model.zero_grad()
        results["copies_of_watch"] = copies(step)
        run.log({})
        results["gradient_ends"] = [[g.min().item(), g.max().item()] for g in expected]
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()
