"""`wandb.Image`: a picture, with boxes and masks over it.

```
array, tensor, PIL ──► pixels, copied at once ─► log(): scanlines ─► core: PNG file
figure, other PIL  ──► a file's bytes          ─► log(): file
path               ──► copied by log()            s3://…: its address is stored
```
"""

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from wandb_proto import png

from wandb.sdk.data_types.base_types.media import (
    BatchableMedia,
    MediaObject,
    artifact_file,
    is_artifact,
    required,
)
from wandb.sdk.data_types.classes import Classes
from wandb.sdk.data_types.image_boxes import BoundingBoxes2D
from wandb.sdk.data_types.image_mask import ImageMask
from wandb.sdk.data_types.image_pixels import (
    DIMENSION_MAX,
    encoded,
    figure_png,
    is_of,
    pil_file,
    pil_of,
    pixels_of_array,
    pixels_of_pil,
    pixels_of_tensor,
)

if TYPE_CHECKING:
    from wandb.sdk.data_types.image_pixels import Pixels
    from wandb.sdk.wandb_run import Run

FILE_TYPES = ("png", "jpg", "jpeg", "bmp")
_CHANNELS = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4}


class Image(BatchableMedia):
    """A picture to log, from pixels or from a file.

    data_or_path: array of height × width (× 1, 3 or 4), values 0…255; torch tensor,
        channels first; PIL image; matplotlib figure or axes; path; address.
    mode: convert to this mode of PIL, such as "L". caption: shown with it.
    grouping: how many rows of a panel belong together.
    classes, boxes, masks: names of classes, and layers over the picture; see
        `BoundingBoxes2D` and `ImageMask`.
    file_type: png (default), jpg, jpeg or bmp.

    Raises:
        ValueError: data of another shape, or of a type that is no picture.
        FileNotFoundError: no such file.
    """

    _log_type = "image-file"
    _kind = "images"
    MAX_ITEMS = 108
    MAX_DIMENSION = DIMENSION_MAX

    def __init__(
        self,
        data_or_path: Any,
        mode: str | None = None,
        caption: str | None = None,
        grouping: int | None = None,
        classes: "Classes | Sequence[dict[str, Any]] | None" = None,
        boxes: Mapping[str, Any] | None = None,
        masks: Mapping[str, Any] | None = None,
        file_type: str | None = None,
    ) -> None:
        super().__init__(caption)
        if file_type is not None and file_type not in FILE_TYPES:
            raise ValueError(f"file_type must be one of {list(FILE_TYPES)}")
        self._grouping = grouping
        self._pixels: Pixels | None = None
        self._width: int | None = None
        self._height: int | None = None
        self._boxes: dict[str, BoundingBoxes2D] = {}
        self._masks: dict[str, ImageMask] = {}
        self._classes: Classes | None = None
        if isinstance(data_or_path, Image):
            self._take_image(data_or_path)
        elif isinstance(data_or_path, str | Path):
            self._take_path(data_or_path)
        else:
            self._extension = file_type or "png"
            self._take_data(data_or_path, mode)
        self._add_layers(boxes, masks)
        if classes is not None:
            is_set = isinstance(classes, Classes)
            self._classes = classes if is_set else Classes(classes)  # type: ignore[assignment,arg-type]

    # ---- what it shows

    @property
    def format(self) -> str | None:
        """The extension of its file."""
        return self._extension or None

    @property
    def image(self) -> Any:
        """The picture as a PIL image; None if it lies elsewhere."""
        if self._pixels is not None:
            return pil_of(self._pixels)
        if self._reference is not None:
            return None
        import io

        imaging = required("PIL.Image", "an image as PIL object", "pillow")
        return imaging.open(io.BytesIO(self.content()))

    @property
    def pending_pixels(self) -> "Pixels | None":
        """Pixels whose file core can make; None if the file is made here."""
        return self._pixels if self._extension == "png" else None

    def file_is_set(self) -> bool:
        """Whether there is a picture."""
        return self._pixels is not None or super().file_is_set()

    def content(self) -> bytes:
        """The bytes of the file; encodes pixels."""
        if self._content is None and self._pixels is not None:
            self._content = encoded(self._pixels, self._extension)
        return super().content()

    # ---- in a run

    def bind_to_run(
        self, run: "Run", key: str, step: int | str, id_: Any = None
    ) -> None:
        """Write the files of picture, boxes and masks; labels go to the config."""
        super().bind_to_run(run, key, step)
        self.bind_layers(run, key, step)

    def bind_layers(self, run: "Run", key: str, step: int | str) -> None:
        """Write the boxes and masks, and their class labels into the run's config."""
        for name, boxes in self._boxes.items():
            boxes.bind_to_run(run, key, step)
            _publish_labels(run, "bounding_box", key, name, boxes.class_labels)
        for name, mask in self._masks.items():
            mask.bind_to_run(run, key, step)
            _publish_labels(run, "mask", key, name, mask.class_labels)

    def to_json(self, run_or_artifact: Any) -> MediaObject:
        """The object for a row, or for an artifact."""
        typed = super().to_json(run_or_artifact)
        if is_artifact(run_or_artifact):
            self._add_artifact_layers(run_or_artifact, typed)
        else:
            typed.update(self.layer_objects(run_or_artifact))
        return typed

    def pending_json(self, run: "Run") -> MediaObject:
        """The object without path, sha256 and size, which core fills in."""
        file_object = {"path": "", "sha256": "", "size": 0}
        return self._typed(file_object) | self.layer_objects(run)

    def layer_objects(self, run: "Run") -> MediaObject:
        """The keys `boxes` and `masks`, where there are any."""
        found: MediaObject = {}
        if self._boxes:
            found["boxes"] = {k: v.to_json(run) for k, v in self._boxes.items()}
        if self._masks:
            found["masks"] = {k: v.to_json(run) for k, v in self._masks.items()}
        return found

    @classmethod
    def seq_to_json(cls, objects: list[MediaObject]) -> MediaObject:
        """One object of type `images/separated`."""
        first = objects[0]
        combined: MediaObject = {
            "_type": "images/separated",
            "width": first.get("width"),
            "height": first.get("height"),
            "format": first.get("format"),
            "count": len(objects),
            "filenames": [item["path"] for item in objects],
        }
        if "caption" in first:
            combined["captions"] = [item.get("caption") for item in objects]
        for layer in ("masks", "boxes"):
            if any(layer in item for item in objects):
                combined[f"all_{layer}"] = [item.get(layer) for item in objects]
        return combined

    # ---- in an artifact

    @classmethod
    def from_json(cls, json_obj: MediaObject, source_artifact: Any) -> "Image":
        """The picture of an artifact, with its layers."""
        masks = {
            name: {"path": artifact_file(source_artifact, mask["path"])}
            for name, mask in (json_obj.get("masks") or {}).items()
        }
        boxes = {
            name: {"box_data": boxes}
            for name, boxes in (json_obj.get("boxes") or {}).items()
        }
        classes = None
        if named := json_obj.get("classes"):
            text = artifact_file(source_artifact, named["path"]).read_bytes()
            classes = Classes(_json(text).get("class_set") or [])
        path = json_obj["path"]
        is_address = cls.path_is_reference(path)
        image = cls(
            path if is_address else artifact_file(source_artifact, path),
            caption=json_obj.get("caption"),
            grouping=json_obj.get("grouping"),
            classes=classes,
            boxes=boxes or None,
            masks=masks or None,
        )
        image._extension = json_obj.get("format") or image._extension
        return image

    def column_params(self) -> dict[str, Any]:
        """What the type of a table's column says of it."""
        from wandb.sdk.data_types.image_column import image_params

        return image_params(self)

    def _add_artifact_layers(self, artifact: Any, typed: MediaObject) -> None:
        classes = self._all_classes()
        if classes is not None:
            typed["classes"] = classes.add_to(artifact)
        if self._boxes:
            typed["boxes"] = {k: v.plain_boxes() for k, v in self._boxes.items()}
        if self._masks:
            typed["masks"] = {k: v.to_json(artifact) for k, v in self._masks.items()}

    def _all_classes(self) -> Classes | None:
        """The image's own classes, and those that only labels of its layers name."""
        named = list(self._classes.class_set) if self._classes is not None else []
        known = {one["id"] for one in named}
        layers: list[Any] = [*self._boxes.values(), *self._masks.values()]
        names = {k: v for layer in layers for k, v in layer.class_labels.items()}
        named += [
            {"id": number, "name": name}
            for number, name in names.items()
            if number not in known
        ]
        return Classes(named) if named else None

    # ---- inside

    def _take_image(self, image: "Image") -> None:
        self._caption = image._caption
        self._pixels, self._content = image._pixels, image._content
        self._source_path, self._reference = image._source_path, image._reference
        self._extension = image._extension
        self._width, self._height = image._width, image._height
        self._boxes, self._masks = dict(image._boxes), dict(image._masks)
        self._classes = image._classes
        if self._grouping is None:
            self._grouping = image._grouping

    def _take_path(self, path: str | Path) -> None:
        extension = PurePosixPath(str(path)).suffix.lstrip(".")
        self._set_source(path, extension or "png")
        if self._source_path is not None:
            self._width, self._height = _size_of_file(self._source_path)

    def _take_data(self, data: Any, mode: str | None) -> None:
        if is_of(data, "matplotlib") or hasattr(data, "gcf"):
            self._take_file(figure_png(data))
            return
        if is_of(data, "torch"):
            self._pixels = pixels_of_tensor(data)
        elif is_of(data, "PIL"):
            self._take_pil(data if mode in (None, data.mode) else data.convert(mode))
            return
        elif hasattr(data, "shape") or hasattr(data, "__array__"):
            self._pixels = pixels_of_array(_on_host(data))
        else:
            raise ValueError(
                f"wandb.Image takes an array, a tensor, a PIL image, a figure or a "
                f"path, not {type(data).__name__}"
            )
        self._height, self._width, channels = self._pixels.shape
        if mode is not None and _CHANNELS.get(mode) != channels:
            self._take_pil(pil_of(self._pixels).convert(mode))

    def _take_pil(self, image: Any) -> None:
        self._width, self._height = image.size
        self._pixels = pixels_of_pil(image)
        if self._pixels is None:  # palettes, 16 bits: only PIL can write them
            self._content = pil_file(image, self._extension)

    def _take_file(self, content: bytes) -> None:
        size = png.read_size(content[:24])
        assert size is not None
        self._width, self._height = size
        self._content = content
        if self._extension != "png":
            self._content = pil_file(self.image, self._extension)

    def _add_layers(
        self, boxes: Mapping[str, Any] | None, masks: Mapping[str, Any] | None
    ) -> None:
        for name, given in (("boxes", boxes), ("masks", masks)):
            if given is not None and not isinstance(given, Mapping):
                raise ValueError(f'Images "{name}" argument must be a dictionary')
        for key, value in (boxes or {}).items():
            ready = isinstance(value, BoundingBoxes2D)
            self._boxes[key] = value if ready else BoundingBoxes2D(value, key)
        for key, value in (masks or {}).items():
            ready = isinstance(value, ImageMask)
            self._masks[key] = value if ready else ImageMask(value, key)

    def _details(self) -> MediaObject:
        details = {
            "format": self.format,
            "width": self._width,
            "height": self._height,
            "grouping": self._grouping,
        }
        return {key: value for key, value in details.items() if value is not None}


def _publish_labels(
    run: "Run", kind: str, key: str, layer: str, labels: dict[int, str]
) -> None:
    """The class labels of one layer, at their place in the run's config, once."""
    from wandb.sdk import records

    section, name = f"{kind}/class_labels", f"{key}_wandb_delimeter_{layer}"
    values = {str(number): text for number, text in labels.items()}
    known = run.__dict__.setdefault("_class_labels", {})
    if known.get((section, name)) == values:
        return
    known[section, name] = values
    entry = {"type": section, "key": name, "value": values}
    run._append(records.config_at(run.id, ("_wandb", section, name), entry))


def _size_of_file(path: Path) -> tuple[int, int]:
    with path.open("rb") as file:
        size = png.read_size(file.read(24))
    if size is not None:
        return size
    imaging = required("PIL.Image", f"the size of {path.name}", "pillow")
    with imaging.open(path) as image:
        width, height = image.size
    return width, height


def _on_host(data: Any) -> Any:
    """An array of jax, cupy or tensorflow as one of numpy."""
    return data.get() if is_of(data, "cupy") else data


def _json(text: bytes) -> dict[str, Any]:
    import json

    value = json.loads(text)
    return value if isinstance(value, dict) else {}
