"""`wandb.require`: opt-ins of the official client that are the normal state here."""

from collections.abc import Iterable

from wandb._terminal import termwarn
from wandb.errors import UnsupportedError

_NORMAL = frozenset(("core", "service"))


def require(
    requirement: str | Iterable[str] | None = None,
    experiment: str | Iterable[str] | None = None,
) -> None:
    """Accept `core` and `service`, which are always on, with a line that says so.

    Raises:
        UnsupportedError: any other requirement.
    """
    wanted = requirement or experiment or ()
    for feature in (wanted,) if isinstance(wanted, str) else tuple(wanted):
        if feature not in _NORMAL:
            raise UnsupportedError(f"wandb.require() does not know `{feature}`.")
        termwarn(
            f"`wandb.require('{feature}')` is not needed: it is always on.",
            repeat=False,
        )
