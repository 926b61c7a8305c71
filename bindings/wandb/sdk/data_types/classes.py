"""`wandb.Classes`: the names of class ids, shared by masks and boxes in artifacts."""

import base64
import hashlib
import json
from collections.abc import Sequence
from typing import Any

from wandb.sdk.data_types.base_types.wb_value import WBValue


class Classes(WBValue):
    """A set of classes: `[{"id": 0, "name": "background"}, …]`."""

    _log_type = "classes"

    def __init__(self, class_set: Sequence[dict[str, Any]]) -> None:
        for entry in class_set:
            if "id" not in entry or "name" not in entry:
                raise ValueError("a class is a dictionary with 'id' and 'name'")
        self._class_set = [dict(entry) for entry in class_set]

    @property
    def class_set(self) -> list[dict[str, Any]]:
        """The classes."""
        return self._class_set

    def to_json(self, run_or_artifact: Any = None) -> dict[str, Any]:
        """The object that an artifact keeps."""
        return {"_type": self._log_type, "class_set": self._class_set}

    @classmethod
    def from_json(
        cls, json_obj: dict[str, Any], source_artifact: Any = None
    ) -> "Classes":
        """The classes of an artifact."""
        return cls(json_obj.get("class_set") or [])

    def add_to(self, artifact: Any) -> dict[str, str]:
        """Put the classes into an artifact, once; returns the object that names them.

        Equal sets have one file, whatever their order.
        """
        ordered = sorted(self._class_set, key=lambda entry: str(entry["id"]))
        text = json.dumps({"_type": self._log_type, "class_set": ordered})
        digest = hashlib.md5(text.encode(), usedforsecurity=False).digest()
        name = f"media/classes/{digest.hex()}_cls.classes.json"
        if name not in artifact.manifest.entries:
            with artifact.new_file(name, mode="w") as file:
                file.write(text)
        encoded = base64.b64encode(digest).decode()
        return {"type": "classes-file", "path": name, "digest": encoded}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Classes):
            return NotImplemented
        return _by_id(self) == _by_id(other)

    __hash__ = object.__hash__


def _by_id(classes: Classes) -> dict[Any, Any]:
    return {entry["id"]: entry["name"] for entry in classes.class_set}
