"""What the column type of a table says of its images: layers, classes and scores."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wandb.sdk.data_types.image import Image


def image_params(image: "Image") -> dict[str, Any]:
    """The type parameters of one image; a column unites those of its cells.

    `box_layers` and `mask_layers`: layer -> class ids that occur; `…_class_maps`: layer
    -> id -> name; `class_map`: id -> name of all; `box_score_keys`: names of scores.
    """
    boxes = {name: layer.plain_boxes() for name, layer in image._boxes.items()}
    classes = image._all_classes()
    scores = {key for layer in boxes.values() for box in layer for key in _scores(box)}
    return {
        "box_layers": _const(
            {name: sorted({box["class_id"] for box in layer if "class_id" in box})
             for name, layer in boxes.items()}
        ),
        "box_score_keys": _const(sorted(scores), is_set=True),
        "box_class_maps": _const(
            {name: _named(layer.class_labels) for name, layer in image._boxes.items()}
        ),
        "mask_layers": _const(
            {name: layer.class_ids() for name, layer in image._masks.items()}
        ),
        "mask_class_maps": _const(
            {name: _named(layer.class_labels) for name, layer in image._masks.items()}
        ),
        "class_map": _const(
            {str(one["id"]): one["name"] for one in classes.class_set}
            if classes is not None
            else {}
        ),
    }  # fmt: skip


def _const(value: Any, *, is_set: bool = False) -> dict[str, Any]:
    return {"wb_type": "const", "params": {"val": value, "is_set": is_set}}


def _named(labels: dict[int, str]) -> dict[str, str]:
    return {str(key): name for key, name in labels.items()}


def _scores(box: Any) -> list[str]:
    scores = box.get("scores")
    return list(scores) if isinstance(scores, dict) else []
