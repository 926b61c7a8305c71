"""`wandb.Object3D`: points, scenes and models in space."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from wandb_proto import json_codec

from wandb.sdk.data_types.base_types.media import (
    BatchableMedia,
    MediaObject,
    artifact_file,
)

FILE_TYPES = ("gltf", "glb", "obj", "stl", "babylon", "pts.json")
SCENE_TYPES = ("lidar/beta",)
_DIRECTORY = "media/object3D/"


class Object3D(BatchableMedia):
    """Something in space to log.

    data_or_path: array of points, each x y z, x y z category, or x y z r g b; a scene
        {"type": "lidar/beta", "points", "boxes", "vectors"}; a path or an open file.
    file_type: of an open file: gltf, glb, obj, stl, babylon, pts.json.

    Raises:
        ValueError: data of another shape, type or file type.
        FileNotFoundError: no such file.
    """

    _log_type = "object3D-file"
    _kind = "object3D"
    SUPPORTED_TYPES = frozenset(FILE_TYPES)

    def __init__(
        self, data_or_path: Any, caption: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(caption)
        file_type = kwargs.get("file_type")
        if isinstance(data_or_path, str | Path):
            self._set_source(data_or_path, _extension_of(str(data_or_path)))
        elif isinstance(data_or_path, io.IOBase) or hasattr(data_or_path, "read"):
            self._extension = _checked_type(file_type)
            self._content = read_file(data_or_path)
        elif isinstance(data_or_path, dict) and data_or_path:
            self._set_document(_scene(data_or_path))
        elif hasattr(data_or_path, "shape"):
            self._set_document(_points(data_or_path))
        else:
            raise ValueError("data must be a numpy array, dict or a file object")

    @classmethod
    def from_file(cls, data_or_path: Any, file_type: str | None = None) -> "Object3D":
        """From a path or an open file of this type."""
        return cls(data_or_path, file_type=file_type)

    @classmethod
    def from_numpy(cls, data: Any) -> "Object3D":
        """From an array of points."""
        return cls(data)

    @classmethod
    def from_point_cloud(
        cls,
        points: Sequence[Any],
        boxes: Sequence[Any],
        vectors: Sequence[Any] | None = None,
        point_cloud_type: str = "lidar/beta",
    ) -> "Object3D":
        """From points, boxes with eight corners, and arrows."""
        scene = {"type": point_cloud_type, "points": points, "boxes": boxes}
        return cls(scene | {"vectors": vectors or []})

    def _set_document(self, document: Any) -> None:
        self._extension = "pts.json"
        self._content = json_codec.dumps(document)

    @classmethod
    def seq_to_json(cls, objects: list[MediaObject]) -> MediaObject:
        """One object of type `object3D`; its file names are without the directory."""
        return {
            "_type": "object3D",
            "filenames": [item["path"].removeprefix(_DIRECTORY) for item in objects],
            "count": len(objects),
            "objects": objects,
        }

    @classmethod
    def from_json(cls, json_obj: MediaObject, source_artifact: Any) -> "Object3D":
        """The object of an artifact."""
        path = json_obj["path"]
        is_address = cls.path_is_reference(path)
        source = path if is_address else artifact_file(source_artifact, path)
        return cls(source, caption=json_obj.get("caption"))


def read_file(file: Any) -> bytes:
    """All bytes of an open file, whose text is UTF-8."""
    if hasattr(file, "seek"):
        file.seek(0)
    content = file.read()
    return content.encode() if isinstance(content, str) else bytes(content)


def _extension_of(path: str) -> str:
    for extension in FILE_TYPES:
        if path.lower().endswith(f".{extension}"):
            return extension
    raise ValueError(
        f"File {path!r} is not compatible with Object3D: supported types are: "
        f"{', '.join(FILE_TYPES)}"
    )


def _checked_type(file_type: str | None) -> str:
    if file_type is None:
        raise ValueError("Must pass file type keyword argument when using io objects.")
    if file_type not in FILE_TYPES:
        raise ValueError(
            "Object 3D only supports numpy arrays or files of the type: "
            f"{', '.join(FILE_TYPES)}"
        )
    return file_type


def _points(array: Any) -> Any:
    array = array.detach().cpu() if hasattr(array, "detach") else array
    shape = tuple(array.shape)
    if len(shape) != 2 or shape[1] not in (3, 4, 6):
        raise ValueError(
            f"an array of points is n × 3 (x y z), n × 4 (x y z category) or n × 6 "
            f"(x y z r g b), not {' × '.join(map(str, shape))}"
        )
    return array.tolist()


def _scene(given: dict[str, Any]) -> dict[str, Any]:
    kind = given.get("type")
    if kind not in SCENE_TYPES:
        raise ValueError("Type not supported, only 'lidar/beta' is currently supported")
    parts = ("vectors", "points", "boxes")
    return {"type": kind} | {name: _plain(given.get(name, [])) for name in parts}


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
