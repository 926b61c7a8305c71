"""`WBValue`: what `log`, the summary and artifacts take as a value with a type."""

import importlib
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from wandb.sdk.wandb_run import Run

_HOMES = {
    "audio-file": "audio",
    "bokeh-file": "bokeh",
    "boxes2D": "image_boxes",
    "classes": "classes",
    "graph-file": "graph",
    "histogram": "histogram",
    "html-file": "html",
    "image-file": "image",
    "joined-table": "joined_table",
    "mask": "image_mask",
    "molecule-file": "molecule",
    "object3D-file": "object_3d",
    "partitioned-table": "joined_table",
    "plotly-file": "plotly",
    "table": "table",
    "table-file": "table",
    "video-file": "video",
}
"""Type name -> module of this package that defines it, to be imported when needed."""

_classes: dict[str, type["WBValue"]] = {}


class WBValue:
    """A value that is stored as a JSON object with `_type`, perhaps with files."""

    _log_type: ClassVar[str] = ""
    """The `_type` of its object."""
    _wandb_value: ClassVar[bool] = True
    """How the hot path knows such types without importing this module."""

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        if "_log_type" in cls.__dict__ and cls._log_type:
            _classes.setdefault(cls._log_type, cls)

    def bind_to_run(
        self, run: "Run", key: str, step: int | str, id_: Any = None
    ) -> None:
        """Put the value's files, if any, among the files of the run.

        key: the metric's key. step: the number, or "summary".
        """

    def to_json(self, run_or_artifact: Any) -> dict[str, Any]:
        """The object that stands for the value in a row, or inside an artifact.

        For a run after `bind_to_run`; for an artifact it adds the files to it.

        Raises:
            TypeError: the type has no such form.
        """
        raise TypeError(f"{type(self).__name__} cannot be stored")

    @classmethod
    def from_json(cls, json_obj: dict[str, Any], source_artifact: Any) -> "WBValue":
        """The value that an object of an artifact stands for.

        source_artifact: a downloaded artifact, or the directory of its files; paths of
            the object are relative to it.
        """
        raise TypeError(f"{cls.__name__} cannot be read from an artifact")

    @classmethod
    def with_suffix(cls, name: str, filetype: str = "json") -> str:
        """Name of the entry that `artifact.add(value, name)` makes."""
        suffix = f"{cls.artifact_suffix()}.{filetype}"
        return name if name.endswith(f".{suffix}") else f"{name}.{suffix}"

    @classmethod
    def artifact_suffix(cls) -> str:
        """What stands between name and `.json` of such an entry."""
        return cls._log_type

    @staticmethod
    def init_from_json(
        json_obj: dict[str, Any], source_artifact: Any
    ) -> "WBValue | None":
        """The value of an object of any known type; None if its type is unknown."""
        found = class_of(str(json_obj.get("_type", "")))
        return found.from_json(json_obj, source_artifact) if found else None


def class_of(type_name: str) -> type[WBValue] | None:
    """The class whose objects have this `_type`."""
    if type_name not in _classes and type_name in _HOMES:
        importlib.import_module(f"wandb.sdk.data_types.{_HOMES[type_name]}")
    return _classes.get(type_name)
