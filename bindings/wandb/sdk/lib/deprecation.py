"""Warnings about what will go, once each."""

from typing import Any

from wandb._terminal import termwarn


def warn_and_record_deprecation(
    feature: Any = None, message: str = "", run: Any = None
) -> None:
    """Warn; nothing is recorded. Kept for integrations that call it."""
    termwarn(message or "A deprecated function of wandb is used.", repeat=False)
