"""Histograms of tensors, made where the tensors lie and read with one transfer.

```
tensor on its device ─► float64[67]: 64 counts, lowest, highest, count of finite ones
several of them      ─► stacked, one copy to the host ─► histogram objects
```

No step of it waits for the device but that one copy. Values that are not finite are
left out; zeros that a sparse tensor does not store are counted.
"""

import math
from collections.abc import Mapping
from typing import Any

import torch

BINS = 64
_LANES = 64
"""Counters per bin: many threads that add to one number wait for each other."""
_LANE_SIZE_MIN = 1 << 16


def reduced(tensor: Any) -> torch.Tensor | None:
    """[67] on the tensor's device; None for what has no values. Never waits for it."""
    with torch.no_grad():
        values, zeros = _flat(tensor)
        if values is None or values.numel() + zeros == 0:
            return None
        if values.device.type == "cpu":
            return _reduced_here(values, zeros)
        return reduced_anywhere(values, zeros)


def read_histograms(found: Mapping[str, torch.Tensor]) -> dict[str, dict[str, Any]]:
    """The histogram objects of what `reduced` made: one transfer per device.

    Tensors without a finite value are left out.
    """
    by_device: dict[Any, list[str]] = {}
    for key, vector in found.items():
        by_device.setdefault((vector.device, vector.dtype), []).append(key)
    histograms: dict[str, dict[str, Any]] = {}
    for keys in by_device.values():
        rows = torch.stack([found[key] for key in keys]).cpu().tolist()
        for key, row in zip(keys, rows, strict=True):
            histogram = _histogram(row)
            if histogram is not None:
                histograms[key] = histogram
    return {key: histograms[key] for key in found if key in histograms}


def reduced_anywhere(values: torch.Tensor, zeros: int = 0) -> torch.Tensor:
    """`reduced` of a flat tensor on any device, without asking for any of its values.

    zeros: how many more there are that are not in `values`.
    """
    exact = torch.float32 if values.device.type == "mps" else torch.float64
    finite = torch.isfinite(values)
    lowest = torch.where(finite, values, math.inf).amin()
    highest = torch.where(finite, values, -math.inf).amax()
    if zeros:
        lowest, highest = lowest.clamp(max=0), highest.clamp(min=0)
    low, high = lowest.to(exact), highest.to(exact)
    width = high - low
    scale = torch.where(width > 0, BINS / width, torch.zeros_like(width))
    place = ((values - lowest).to(exact) * scale).clamp(0, BINS - 1)
    place = torch.where(finite, place, BINS).long()  # one more bin, for the others
    lanes = _LANES if values.numel() > _LANE_SIZE_MIN else 1
    if lanes > 1:
        lane = torch.arange(values.numel(), device=values.device) % lanes
        place = place + lane * (BINS + 1)
    counts = torch.zeros(lanes * (BINS + 1), dtype=exact, device=values.device)
    counts.scatter_add_(0, place, torch.ones_like(place, dtype=exact))
    counts = counts.view(lanes, BINS + 1).sum(0)[:BINS]
    if zeros:
        at_zero = (-low * scale).clamp(0, BINS - 1).long()
        counts.scatter_add_(0, at_zero.view(1), counts.new_full((1,), zeros))
    return torch.cat([counts, low.view(1), high.view(1), counts.sum().view(1)])


def _reduced_here(values: torch.Tensor, zeros: int) -> torch.Tensor:
    """The same on the host, where asking costs nothing."""
    low, high = _ends(values)
    if not (math.isfinite(low) and math.isfinite(high)):
        values = values[torch.isfinite(values)]
        low, high = _ends(values)
    if zeros:
        low, high = min(low, 0.0), max(high, 0.0)
    count = values.numel() + zeros
    counts = torch.zeros(BINS, dtype=torch.float64)
    span_max = torch.finfo(values.dtype).max  # histc computes in that type
    if values.numel() and low < high and high - low <= span_max:
        counts = torch.histc(values, BINS, low, high).double()
    elif low < high:
        return reduced_anywhere(values, zeros)
    if zeros and low < high:
        counts[min(int(-low * BINS / (high - low)), BINS - 1)] += zeros
    ends = torch.tensor([low, high, count], dtype=torch.float64)
    return torch.cat([counts, ends])


def _ends(values: torch.Tensor) -> tuple[float, float]:
    if not values.numel():
        return math.inf, -math.inf
    low, high = torch.aminmax(values)
    return low.item(), high.item()


def _flat(tensor: Any) -> tuple[torch.Tensor | None, int]:
    """Floats of one dimension, and how many zeros there are besides.

    None for a tensor without data (the `meta` device).
    """
    if hasattr(tensor, "to_local"):  # a distributed one: the part of this process
        tensor = tensor.to_local()
    tensor = tensor.detach()
    if tensor.device.type == "meta":
        return None, 0
    zeros = 0
    if tensor.is_sparse or tensor.layout in (torch.sparse_csr, torch.sparse_csc):
        stored = (tensor.coalesce() if tensor.is_sparse else tensor).values()
        zeros = tensor.numel() - stored.numel()
        tensor = stored
    if tensor.is_quantized:
        tensor = tensor.dequantize()
    if tensor.is_complex():
        tensor = torch.view_as_real(tensor)
    if tensor.dtype not in (torch.float32, torch.float64):
        tensor = tensor.float()
    return tensor.reshape(-1), zeros


def _histogram(row: list[float]) -> dict[str, Any] | None:
    *counts, low, high, count = row
    if not count or not (math.isfinite(low) and math.isfinite(high)):
        return None
    if low == high:
        return {"_type": "histogram", "values": [int(count)], "bins": [low, high]}
    step = (high - low) / BINS
    bins = [low + step * place for place in range(BINS)]
    values = [int(number) for number in counts]
    return {"_type": "histogram", "values": values, "bins": [*bins, high]}
