"""Segmentation masks over an image: `Image(masks={"truth": {"mask_data": array}})`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from wandb.sdk.data_types.base_types.media import Media
from wandb.sdk.data_types.image_boxes import labels_of
from wandb.sdk.data_types.image_pixels import encoded

if TYPE_CHECKING:
    from wandb.sdk.data_types.image_pixels import Pixels


class ImageMask(Media):
    """One layer of class ids, as large as its image.

    val: `mask_data`, integers 0…255 as height × width, or `path` of such an image; and
        perhaps `class_labels`, id -> name.
    """

    _log_type = "mask"
    _kind = "images/mask"

    def __init__(self, val: dict[str, Any], key: str) -> None:
        super().__init__()
        self._key = key
        self._pixels: Pixels | None = None
        self._extension = "mask.png"
        class_ids: list[int] = []
        if "path" in val:
            self._set_source(val["path"], self._extension)
        else:
            self._pixels, class_ids = _checked(val["mask_data"])
        self.class_labels = labels_of(val.get("class_labels"), class_ids)

    def content(self) -> bytes:
        """The PNG file: one channel, a pixel is a class id."""
        if self._content is None and self._pixels is not None:
            self._content = encoded(self._pixels, "png")
        return super().content()

    def class_ids(self) -> list[int]:
        """Ids that occur, as far as is known without reading a file."""
        if self._pixels is None:
            return sorted(self.class_labels)
        import numpy as np

        return np.flatnonzero(np.bincount(self._pixels.ravel())).tolist()

    @classmethod
    def from_json(cls, json_obj: dict[str, Any], source_artifact: Any) -> "ImageMask":
        """The mask of an artifact."""
        from wandb.sdk.data_types.base_types.media import artifact_file

        path: Path = artifact_file(source_artifact, json_obj["path"])
        return cls({"path": path}, "")


def _checked(data: Any) -> "tuple[Pixels, list[int]]":
    import numpy as np

    if hasattr(data, "detach"):
        data = data.detach().cpu().numpy()
    array = np.asarray(data)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim != 2:
        raise TypeError("mask_data must be a 2D array")
    if array.size and (array.min() < 0 or array.max() > 255):
        raise TypeError("Mask data must be integers between 0 and 255")
    pixels = np.array(array[:, :, None], dtype=np.uint8, order="C")
    return pixels, np.flatnonzero(np.bincount(pixels.ravel())).tolist()
