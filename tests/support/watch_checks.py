"""What `watch` and scalars on devices do with a real torch; prints JSON by check.

Run by an interpreter with torch; the test asserts what is printed.
"""

import copy
import gc
import io
import json
import math
import pickle
import sys
import warnings
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn
from wandb import _device_values
from wandb.sdk.watch import Watches, WatchOptions
from wandb.sdk.watch_reduce import BINS, read_histograms, reduced, reduced_anywhere

warnings.simplefilter("error")
torch.manual_seed(0)
Check = Callable[[], Any]


class Run:
    """Takes what is logged."""

    def __init__(self) -> None:
        self._finished = False
        self.logged: list[dict[str, Any]] = []

    def log(self, data: dict[str, Any], commit: bool) -> None:
        assert commit is False
        self.logged.append(data)


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(3, 4), nn.Linear(4, 2)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return self.b(torch.relu(self.a(values)))


def watched(
    model: nn.Module, log: str = "gradients", log_freq: int = 1
) -> tuple[Run, Watches]:
    run, watches = Run(), Watches()
    watches.add(run, model, WatchOptions.checked(log, log_freq), None)  # type: ignore[arg-type]
    return run, watches


def step(model: nn.Module, scale: float = 1.0) -> torch.Tensor:
    model.zero_grad()
    loss = (model(torch.ones(5, 3)) * scale).square().mean()
    loss.backward()
    return loss


def every_nth_pass() -> Any:
    model = Net()
    run, _ = watched(model, "all", 3)
    counts = []
    for _ in range(7):
        step(model)
        counts.append(len(run.logged))
    return [counts, sorted(run.logged[0])]


def several_models() -> Any:
    run, watches = Run(), Watches()
    models = [nn.Linear(2, 1, bias=False), nn.Linear(2, 1, bias=False)]
    watches.add(run, models, WatchOptions.checked("gradients", 1), None)  # type: ignore[arg-type]
    for model in models:
        model(torch.ones(1, 2)).sum().backward()
    return sorted(key for row in run.logged for key in row)


def not_finite() -> Any:
    model = Net()
    run, _ = watched(model, "all")
    step(model, math.nan)
    model.a.weight.data[0, 0] = math.inf
    step(model)
    return [sorted(run.logged[0]), "parameters/a.weight" in run.logged[1]]


def without_gradient() -> Any:
    class Unused(Net):
        def forward(self, values: torch.Tensor) -> torch.Tensor:
            return self.a(values)

    model = Unused()
    run, _ = watched(model)
    step(model)
    return sorted(run.logged[0])


def sparse() -> Any:
    model = nn.Embedding(100, 2, sparse=True)
    run, _ = watched(model)
    model(torch.tensor([1, 2])).sum().backward()
    histogram = run.logged[0]["gradients/weight"]
    return [sum(histogram["values"]), histogram["values"][0], histogram["values"][-1]]


def copies() -> Any:
    model = Net()
    run, watches = watched(model)
    pickled = pickle.loads(pickle.dumps(model))  # noqa: S301 - our own
    saved = io.BytesIO()
    torch.save(model, saved)
    for other in (copy.deepcopy(model), pickled):
        step(other)
    elsewhere = len(run.logged)
    step(model)
    watches.remove()
    return [elsewhere, len(run.logged)]


def graphs_are_freed() -> Any:
    model = Net()
    run, _ = watched(model, "all")
    hidden = model.a(torch.ones(5, 3))
    inner = weakref.ref(hidden)
    model.b(torch.relu(hidden)).square().mean().backward()
    del hidden
    values = model(torch.ones(5, 3)).square().mean()
    gradients = torch.autograd.grad(values, list(model.parameters()), create_graph=True)
    sum(g.square().sum() for g in gradients).backward()
    del values, gradients
    gc.collect()
    return [inner() is None, len(run.logged) >= 2]


def model_is_freed() -> Any:
    model = Net()
    _, watches = watched(model)
    gone = weakref.ref(model)
    del model
    gc.collect()
    return [gone() is None, len(watches.watches)]


def compiled() -> Any:
    model = Net()
    run, _ = watched(model, "all", 2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fast = torch.compile(model, backend="aot_eager", fullgraph=True)
        for _ in range(6):
            step(fast)
    recompiled = torch._dynamo.utils.counters["stats"].get("unique_graphs", 0)
    return [len(run.logged), recompiled, sorted(run.logged[0])[:2]]


def shared_parameters() -> Any:
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    model[1].weight = model[0].weight
    run, _ = watched(model)
    step(model)
    return sorted(run.logged[0])


def replicas() -> Any:
    """As DataParallel does it: copies of the parameters that lead back to them."""
    model = Net()
    run, _ = watched(model)
    total = torch.zeros(())
    for _ in range(2):
        parameters = {k: v.clone() for k, v in model.named_parameters()}
        out = torch.func.functional_call(model, parameters, torch.ones(5, 3))
        total = total + out.square().mean()
    total.backward()
    return [len(run.logged), len(run.logged[0])]


def thawed() -> Any:
    model = Net()
    model.a.requires_grad_(False)
    run, _ = watched(model)
    step(model)
    model.a.requires_grad_(True)
    step(model), step(model)
    return [len(run.logged[0]), len(run.logged[-1])]


def stopped() -> Any:
    model = Net()
    run, watches = watched(model)
    step(model)
    watches.remove(model)
    step(model)
    again, _ = watched(model)
    again._finished = True
    step(model)
    hooks = sum(len(p._backward_hooks or ()) for p in model.parameters())
    return [len(run.logged), len(again.logged), hooks]


def failing() -> Any:
    model = Net()
    run, _ = watched(model)

    def refuse(*_: Any, **__: Any) -> None:
        raise RuntimeError("no")

    run.log = refuse  # type: ignore[method-assign]
    step(model), step(model)
    return all(p.grad is not None for p in model.parameters())


def interrupted() -> Any:
    """A backward that raises does not end the watch."""
    model = Net()
    run, _ = watched(model)

    class Bad(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, values: torch.Tensor) -> torch.Tensor:
            return values.clone()

        @staticmethod
        def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
            raise RuntimeError("no memory, say")

    try:
        model.b(Bad.apply(model.a(torch.ones(5, 3)))).sum().backward()
    except RuntimeError:
        pass
    step(model)
    return [len(row) for row in run.logged]


def checked_inputs() -> Any:
    said = []
    for arguments in (("x", 1), ("all", 0), ("all", True)):
        try:
            WatchOptions.checked(*arguments)
        except ValueError as error:
            said.append(str(error))
    try:
        Watches().add(Run(), 5, WatchOptions.checked("all", 1), None)  # type: ignore[arg-type]
    except TypeError as error:
        said.append(str(error))
    return said


# ---- reductions


def against_numpy() -> Any:
    """How far counts are from numpy's, in elements that a rounded edge moved."""
    random, worst = np.random.default_rng(0), 0
    for size in (2, 100, 70_000, 200_000):
        for kind in (np.float32, np.float64):
            values = random.normal(size=size).astype(kind)
            expected, edges = np.histogram(values.astype(np.float64), BINS)
            for make in (reduced, reduced_anywhere):
                found = make(torch.from_numpy(values))
                got = read_histograms({"x": found})["x"]
                assert np.allclose(got["bins"], edges, rtol=1e-5, atol=1e-6)
                moved = np.abs(np.array(got["values"]) - expected).sum() / 2
                assert sum(got["values"]) == size
                worst = max(worst, float(moved) / size)
    return worst


def odd_tensors() -> Any:
    both = {}
    for name, make in (("here", reduced), ("anywhere", reduced_anywhere)):
        tensors = {
            "nan": torch.tensor([math.nan, 1.0, 3.0, math.inf]),
            "all_nan": torch.full((3,), math.nan),
            "same": torch.full((5,), 2.0),
            "huge": torch.tensor([-3e38, 3e38]),
        }
        found = {key: make(tensor) for key, tensor in tensors.items()}
        histograms = read_histograms(found)
        both[name] = {
            key: [sum(value["values"]), value["bins"][0], value["bins"][-1]]
            for key, value in histograms.items()
        }
    same = both["here"] == both["anywhere"]
    empty = [reduced(torch.empty(0)), reduced(torch.empty(3, device="meta"))]
    other = [torch.ones(4, dtype=kind) for kind in (torch.bfloat16, torch.int8)]
    sizes = [reduced(tensor)[-1].item() for tensor in other]  # type: ignore[index]
    return [both["here"], same, empty, sizes]


# ---- scalars


def scalars() -> Any:
    """Packing on the device and unpacking on the host are exact."""
    values = [0.1, 2**53 + 1, True, -(2**62), 1e-300, math.inf]
    kinds = [torch.float64, torch.int64, torch.bool, torch.int64, torch.float64, None]
    tensors = [torch.tensor(v, dtype=k) for v, k in zip(values, kinds, strict=True)]
    packed = _device_values.pack(tensors)
    one_kind = [torch.tensor(float(n)) for n in range(3)]
    alike = _device_values.pack(one_kind)
    return [
        _device_values.unpack(packed, _device_values.kinds_of(tensors)) == values,
        _device_values.read_now(tensors) == values,
        _device_values.unpack(alike, _device_values.kinds_of(one_kind)),
        _device_values.is_scalar_there(torch.tensor(1.0)),
        _device_values.is_scalar_there(torch.ones((), device="meta")),
    ]


CHECKS: list[Check] = [
    every_nth_pass,
    several_models,
    not_finite,
    without_gradient,
    sparse,
    copies,
    graphs_are_freed,
    model_is_freed,
    compiled,
    shared_parameters,
    replicas,
    thawed,
    stopped,
    failing,
    interrupted,
    checked_inputs,
    against_numpy,
    odd_tensors,
    scalars,
]


def main() -> None:
    results: dict[str, Any] = {}
    for check in CHECKS:
        try:
            results[check.__name__] = check()
        except Exception as problem:
            results[check.__name__] = f"{type(problem).__name__}: {problem}"
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()
