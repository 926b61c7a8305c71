"""Bounding boxes over an image: `Image(boxes={"predictions": {"box_data": […]}})`."""

import json
from numbers import Number
from typing import TYPE_CHECKING, Any

from wandb.sdk.data_types.base_types.wb_value import WBValue
from wandb.sdk.data_types.media_files import MediaPlace, StoredFile, store_content

if TYPE_CHECKING:
    from wandb.sdk.wandb_run import Run

_CORNERS = {"minX", "maxX", "minY", "maxY"}
_MIDDLE = {"middle", "width", "height"}


class BoundingBoxes2D(WBValue):
    """The boxes of one layer of an image.

    value: `box_data`, a list of boxes with `position` (minX, maxX, minY, maxY, or
        middle, width, height; fractions, or pixels with `domain` "pixel"), `class_id`,
        and perhaps `box_caption` and `scores`; and `class_labels`, id -> name.
    """

    _log_type = "boxes2D"

    def __init__(self, val: dict[str, Any], key: str) -> None:
        self._key = key
        self._given_labels = val.get("class_labels")
        self.boxes = [_checked(box) for box in val["box_data"]]
        self.class_labels = labels_of(
            val.get("class_labels"), (box["class_id"] for box in self.boxes)
        )
        self._stored: StoredFile | None = None

    def bind_to_run(
        self, run: "Run", key: str, step: int | str, id_: Any = None
    ) -> None:
        """Write the boxes' file."""
        place = MediaPlace("metadata/boxes2D", key, step, "boxes2D.json")
        document: dict[str, Any] = {"box_data": self.boxes}
        if self._given_labels:
            labels = {str(number): name for number, name in self.class_labels.items()}
            document["class_labels"] = labels
        text = json.dumps(document, separators=(",", ":"), default=_plain)
        self._stored = store_content(run, place, text.encode())

    def to_json(self, run_or_artifact: Any) -> dict[str, Any]:
        """The object with the file of the boxes."""
        assert self._stored is not None
        return {"_type": self._log_type, **self._stored.to_json()}

    def plain_boxes(self) -> list[Any]:
        """The boxes as JSON values, which is how artifacts hold them."""
        boxes: list[Any] = json.loads(json.dumps(self.boxes, default=_plain))
        return boxes


def labels_of(given: Any, class_ids: Any) -> dict[int, str]:
    """Class labels: those of the user, and generated ones where there are none."""
    if given:
        return {int(number): str(name) for number, name in given.items()}
    return {number: f"class_{number}" for number in sorted(set(map(int, class_ids)))}


def _checked(box: dict[str, Any]) -> dict[str, Any]:
    """A copy of one box.

    Raises:
        TypeError: its position, class or scores cannot be.
        KeyError: it has no class_id.
    """
    position = box.get("position")
    keys = set(position) if isinstance(position, dict) else set()
    if not (keys >= _CORNERS or keys >= _MIDDLE):
        raise TypeError(
            "Each box must contain a position with: middle, width, and height or "
            "minX, maxX, minY, maxY."
        )
    for name, score in (box.get("scores") or {}).items():
        if not _is_number(score):
            raise TypeError(f"A score value must be a number: {name} is {score!r}")
    if not hasattr(box["class_id"], "__index__"):
        raise TypeError("A box's class_id must be an integer")
    return dict(box) | {"class_id": int(box["class_id"])}


def _is_number(value: Any) -> bool:
    return isinstance(value, Number) or hasattr(value, "item")


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    return value.item() if hasattr(value, "item") else str(value)
