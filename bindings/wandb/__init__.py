"""Track experiments: `import wandb`, `wandb.init`, `wandb.log`, and watch them live.

An open, independent implementation of the W&B surface. Importing it is cheap: what a
name needs is loaded when the name is first used. The parts are in `wandb.sdk`; one
program per machine (`wandb_core`) takes the data from here to a server.
"""

import importlib
from typing import TYPE_CHECKING, Any

from wandb_proto import VERSION

from wandb import _later, env, errors
from wandb._terminal import termerror, termlog, termsetup, termwarn
from wandb.errors import (
    AuthenticationError,
    CommError,
    Error,
    UnsupportedError,
    UsageError,
)
from wandb.sdk.surface import REBOUND, PreInitObject, preinit_function

if TYPE_CHECKING:
    from wandb.sdk.run_attach import attach as _attach
    from wandb.sdk.wandb_init import init
    from wandb.sdk.wandb_login import login
    from wandb.sdk.wandb_require import require
    from wandb.sdk.wandb_run import Run
    from wandb.sdk.wandb_settings import Settings
    from wandb.sdk.wandb_setup import finish, setup, teardown

__version__ = VERSION

run: "Run | None" = None
config: Any = PreInitObject("config")
summary: Any = PreInitObject("summary")
log: Any = preinit_function("log")
define_metric: Any = preinit_function("define_metric")
patched: dict[str, list[Any]] = {"tensorboard": [], "keras": [], "gym": []}

for _name in REBOUND:
    globals()[_name] = preinit_function(_name)

_PLACES = {
    "Api": ("wandb.apis.public", "Api"),
    "Artifact": ("wandb.sdk.artifacts.artifact", "Artifact"),
    "ArtifactTTL": ("wandb.sdk.artifacts.artifact_ttl", "ArtifactTTL"),
    "AlertLevel": ("wandb.sdk.alert_level", "AlertLevel"),
    "EvalTable": ("wandb.sdk.data_types.eval_table", "EvalTable"),
    "JoinedTable": ("wandb.sdk.data_types.joined_table", "JoinedTable"),
    "Audio": ("wandb.sdk.data_types.audio", "Audio"),
    "Classes": ("wandb.sdk.data_types.classes", "Classes"),
    "Graph": ("wandb.sdk.data_types.graph", "Graph"),
    "Histogram": ("wandb.sdk.data_types.histogram", "Histogram"),
    "Html": ("wandb.sdk.data_types.html", "Html"),
    "Image": ("wandb.sdk.data_types.image", "Image"),
    "Molecule": ("wandb.sdk.data_types.molecule", "Molecule"),
    "Object3D": ("wandb.sdk.data_types.object_3d", "Object3D"),
    "Plotly": ("wandb.sdk.data_types.plotly", "Plotly"),
    "Run": ("wandb.sdk.wandb_run", "Run"),
    "Video": ("wandb.sdk.data_types.video", "Video"),
    "Settings": ("wandb.sdk.wandb_settings", "Settings"),
    "Table": ("wandb.sdk.data_types.table", "Table"),
    "_attach": ("wandb.sdk.run_attach", "attach"),
    "_teardown": ("wandb.sdk.wandb_setup", "teardown"),
    "api": ("wandb.sdk.wandb_login", "internal_api"),
    "box3d": ("wandb.sdk.data_types.box3d", "box3d"),
    "attach": ("wandb.sdk.run_attach", "attach"),
    "ensure_configured": ("wandb.sdk.wandb_login", "ensure_configured"),
    "finish": ("wandb.sdk.wandb_setup", "finish"),
    "init": ("wandb.sdk.wandb_init", "init"),
    "join": ("wandb.sdk.wandb_setup", "finish"),
    "login": ("wandb.sdk.wandb_login", "login"),
    "plot_table": ("wandb.plot.custom_chart", "plot_table"),
    "require": ("wandb.sdk.wandb_require", "require"),
    "restore": ("wandb.sdk.restore", "restore"),
    "setup": ("wandb.sdk.wandb_setup", "setup"),
    "teardown": ("wandb.sdk.wandb_setup", "teardown"),
    "visualize": ("wandb.plot.viz", "visualize"),
}
_MODULES = {
    "apis": "wandb.apis",
    "catboost": "wandb.catboost",
    "data_types": "wandb.data_types",
    "helper": "wandb.helper",
    "integration": "wandb.integration",
    "keras": "wandb.keras",
    "lightgbm": "wandb.lightgbm",
    "proto": "wandb.proto",
    "plot": "wandb.plot",
    "sdk": "wandb.sdk",
    "sklearn": "wandb.sklearn",
    "tensorboard": "wandb.tensorboard",
    "util": "wandb.util",
    "wandb_lib": "wandb.sdk.lib",
    "wandb_sdk": "wandb.sdk",
    "xgboost": "wandb.xgboost",
}

__all__ = [
    "Api",
    "AuthenticationError",
    "CommError",
    "Error",
    "Run",
    "Settings",
    "UnsupportedError",
    "UsageError",
    "__version__",
    "_attach",
    "config",
    "define_metric",
    "env",
    "errors",
    "finish",
    "init",
    "log",
    "login",
    "require",
    "run",
    "setup",
    "summary",
    "teardown",
    "termerror",
    "termlog",
    "termsetup",
    "termwarn",
]


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        module, attribute = _PLACES[name]
        found = getattr(importlib.import_module(module), attribute)
    elif name in _MODULES:
        found = importlib.import_module(_MODULES[name])
    else:
        found = _later.find(name)
        if found is None:
            raise AttributeError(f"module 'wandb' has no attribute {name!r}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_PLACES, *_MODULES, *_later.names()})
