"""The few functions of `wandb.util` that other packages use."""

import importlib
import importlib.util
import re
import sys
from typing import Any

from wandb.errors import UsageError

VALUE_BYTES_LIMIT = 100_000


def get_module(name: str, required: str | bool | None = None, lazy: bool = True) -> Any:
    """The imported module, or None where it is missing and not required.

    Raises:
        UsageError: missing, with `required` as the text.
    """
    try:
        return importlib.import_module(name)
    except ImportError:
        if required:
            text = required if isinstance(required, str) else f"{name} is required"
            raise UsageError(text) from None
        return None


def json_friendly(value: Any) -> tuple[Any, bool]:
    """(value as plain Python, whether it had to be converted)."""
    from wandb.sdk.plain_values import plain

    converted = plain(value)
    return converted, converted is not value


def json_dumps_safer(value: Any, **_options: Any) -> str:
    """JSON text of nearly anything; NaN and infinities as bare tokens."""
    from wandb_proto import json_codec

    from wandb.sdk.plain_values import plain

    return json_codec.dumps(plain(value)).decode()


def make_artifact_name_safe(name: str) -> str:
    """The name with everything that artifact names cannot hold replaced by `_`."""
    cleaned = re.sub(r"[^a-zA-Z0-9_\-.]", "_", name)
    return cleaned if len(cleaned) <= 128 else f"{cleaned[:63]}..{cleaned[-63:]}"


def to_forward_slash_path(path: str) -> str:
    """The path with forward slashes, on Windows too."""
    return path.replace("\\", "/") if sys.platform == "win32" else path


def is_numpy_array(value: Any) -> bool:
    """Whether it is a numpy array, without loading numpy."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, numpy.ndarray)


def is_pandas_data_frame(value: Any) -> bool:
    """Whether it is a pandas DataFrame, without loading pandas."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, pandas.DataFrame)
