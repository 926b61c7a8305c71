"""`wandb.data_types`: all types of values that can be logged, by their known names."""

import importlib
from typing import Any

_HOMES = {
    "Audio": "audio",
    "BatchableMedia": "base_types.media",
    "Bokeh": "bokeh",
    "BoundingBoxes2D": "image_boxes",
    "Classes": "classes",
    "EvalTable": "eval_table",
    "Graph": "graph",
    "Histogram": "histogram",
    "Html": "html",
    "Image": "image",
    "ImageMask": "image_mask",
    "JoinedTable": "joined_table",
    "Media": "base_types.media",
    "Molecule": "molecule",
    "Node": "graph",
    "Object3D": "object_3d",
    "PartitionedTable": "joined_table",
    "Plotly": "plotly",
    "Table": "table",
    "Video": "video",
    "WBValue": "base_types.wb_value",
    "box3d": "box3d",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'wandb.data_types' has no attribute {name!r}")
    module = importlib.import_module(f"wandb.sdk.data_types.{_HOMES[name]}")
    return getattr(module, name)
