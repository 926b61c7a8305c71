"""`telemetry.context` for integrations: takes what they note and keeps none of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any


@contextmanager
def context(run: Any = None, obj: Any = None) -> Iterator[SimpleNamespace]:
    """Yield something whose `feature` and `label` take anything; nothing is sent."""
    yield SimpleNamespace(feature=SimpleNamespace(), label=SimpleNamespace())
