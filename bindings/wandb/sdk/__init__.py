"""The parts behind `import wandb`, at the places where integrations look for them.

`wandb_setup` is the edge of the process: environment, settings, active runs, exit.
`wandb_init` turns arguments into a started `wandb_run.Run`; a run turns calls into
records (`records`) and hands them to its stream (`wandb._stream`), the spool that
outlives this process. Nothing here is loaded by `import wandb` alone.
"""

import importlib
from typing import Any

_PLACES = {
    "Config": "wandb_config",
    "Run": "wandb_run",
    "Settings": "wandb_settings",
    "Summary": "wandb_summary",
    "finish": "wandb_setup",
    "init": "wandb_init",
    "login": "wandb_login",
    "setup": "wandb_setup",
    "teardown": "wandb_setup",
}
_MODULES = frozenset((*_PLACES.values(), "lib"))


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        module = importlib.import_module(f"wandb.sdk.{_PLACES[name]}")
        return getattr(module, name)
    if name in _MODULES:
        return importlib.import_module(f"wandb.sdk.{name}")
    raise AttributeError(f"module 'wandb.sdk' has no attribute {name!r}")
