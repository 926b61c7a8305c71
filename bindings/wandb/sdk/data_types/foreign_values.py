"""Values of other packages as plain ones: numpy, torch, pandas and what is like them.

None of these packages is imported to find out; their objects are known by what they
have.
"""

import datetime
from typing import Any

_ARRAY_PACKAGES = frozenset(
    ("numpy", "torch", "jax", "jaxlib", "tensorflow", "cupy", "mlx")
)


def _is_foreign(value: Any) -> bool:
    return any(
        base.__module__.partition(".")[0] in _ARRAY_PACKAGES
        for base in type(value).__mro__
    )


def is_missing(value: Any) -> bool:
    """None, or what pandas and numpy have for it: NA and NaT."""
    if value is None:
        return True
    if type(value).__name__ in ("NaTType", "NAType"):
        return True
    is_time = type(value).__name__ in ("datetime64", "timedelta64")
    return is_time and str(value) == "NaT"


def is_scalar(value: Any) -> bool:
    """A number, flag, text or time of another package, or an array without axes."""
    shape = getattr(value, "shape", None)
    return shape is not None and len(shape) == 0 and _is_foreign(value)


def is_array(value: Any) -> bool:
    """An array or tensor with at least one axis."""
    shape = getattr(value, "shape", None)
    is_shaped = shape is not None and len(shape) > 0
    return is_shaped and _is_foreign(value)


def is_numpy_scalar(value: Any) -> bool:
    """Whether its class alone says what it is: not an array without axes."""
    return type(value).__module__ == "numpy" and type(value).__name__ != "ndarray"


def python_scalar(value: Any) -> Any:
    """What `is_scalar` found, as Python's own; times with microseconds."""
    kind = type(value).__name__
    item = value.item() if hasattr(value, "item") else value.numpy().item()
    if kind in ("datetime64", "timedelta64") and isinstance(item, int):
        return value.astype(f"{kind}[us]").item()  # nanoseconds are bare integers
    return item


def as_array(value: Any) -> Any:
    """What `is_array` found, as a numpy array on the host, off its graph."""
    import numpy as np

    if hasattr(value, "detach"):
        tensor = value.detach().cpu()
        try:
            return tensor.numpy()
        except TypeError:  # bfloat16
            return tensor.float().numpy()
    return np.asarray(value)


def iso_text(value: datetime.date) -> str:
    """ISO 8601; a time in UTC ends with Z."""
    text = value.isoformat()
    return text[:-6] + "Z" if text.endswith("+00:00") else text


def unix_ms(value: datetime.date) -> int:
    """Milliseconds since 1970; without a time zone it is UTC."""
    if not isinstance(value, datetime.datetime):
        value = datetime.datetime(value.year, value.month, value.day)  # noqa: DTZ001
    if value.tzinfo is None:
        value = value.replace(tzinfo=datetime.UTC)
    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    return (value - epoch) // datetime.timedelta(milliseconds=1)
