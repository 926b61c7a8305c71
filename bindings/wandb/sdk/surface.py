"""`wandb.run` and what hangs on it: the one place that changes module attributes.

After `init` the functions of `wandb` are those of the run; before and after, they say
that there is none.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

from wandb.errors import Error

if TYPE_CHECKING:
    from wandb.sdk.wandb_run import Run

REBOUND = (
    "alert",
    "define_metric",
    "link_model",
    "log",
    "log_artifact",
    "log_model",
    "mark_preempting",
    "pin_config_keys",
    "save",
    "unwatch",
    "use_artifact",
    "use_model",
    "watch",
)
"""Functions of the module that are methods of the current run."""


class PreInitObject:
    """Stands for `wandb.config` and `wandb.summary` while there is no run."""

    def __init__(self, name: str) -> None:
        object.__setattr__(self, "_name", name)

    def __getattr__(self, key: str) -> Any:
        if key.startswith("__"):
            raise AttributeError(key)
        raise self._error(f".{key}")

    def __setattr__(self, key: str, value: Any) -> None:
        raise self._error(f".{key}")

    def __getitem__(self, key: str) -> Any:
        raise self._error(f'["{key}"]')

    def __setitem__(self, key: str, value: Any) -> None:
        raise self._error(f'["{key}"]')

    def __contains__(self, key: object) -> bool:
        raise self._error(f'["{key}"]')

    def _error(self, what: str) -> Error:
        return Error(f"You must call wandb.init() before wandb.{self._name}{what}")


def preinit_function(name: str) -> Callable[..., NoReturn]:
    """`wandb.<name>` while there is no run."""

    def call(*_arguments: Any, **_keywords: Any) -> NoReturn:
        raise Error(f"You must call wandb.init() before wandb.{name}()")

    call.__name__ = call.__qualname__ = name
    return call


def bind(run: "Run") -> None:
    """Make it the current run."""
    import wandb

    wandb.run = run
    wandb.config = run.config
    wandb.summary = run.summary
    for name in REBOUND:
        setattr(wandb, name, getattr(run, name))


def unbind(run: "Run") -> None:
    """Take it away, if it is the current one."""
    import wandb

    if wandb.run is not run:
        return
    wandb.run = None
    wandb.config = PreInitObject("config")
    wandb.summary = PreInitObject("summary")
    for name in REBOUND:
        setattr(wandb, name, preinit_function(name))
