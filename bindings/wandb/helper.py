"""`wandb.helper.parse_config`, which some scripts use before `init`."""

from collections.abc import Iterable
from typing import Any

from wandb.errors import UsageError


def parse_config(
    params: Any,
    exclude: Iterable[str] | None = None,
    include: Iterable[str] | None = None,
) -> dict[str, Any]:
    """A dictionary of a Namespace, flags or mapping, with some keys left out.

    Raises:
        UsageError: both exclude and include are given.
    """
    from wandb.sdk.wandb_config import config_mapping

    if exclude and include:
        raise UsageError("Expected at most only one of exclude or include")
    config = config_mapping(params)
    if include:
        return {key: value for key, value in config.items() if key in set(include)}
    return {
        key: value for key, value in config.items() if key not in set(exclude or ())
    }
