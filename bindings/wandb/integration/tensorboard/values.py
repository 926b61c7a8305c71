"""What one summary value of TensorBoard is as a value of ours."""

import io
from typing import Any

import wandb

_SCALARS, _TEXT = "scalars", "text"


def value_of(summary: Any) -> Any:
    """A number, Histogram, list of an Image, or text; None: it has no form here."""
    kind = summary.WhichOneof("value")
    if kind == "simple_value":
        return summary.simple_value
    if kind == "histo":
        return _histogram(summary.histo)
    if kind == "image":
        return _image(summary.image)
    if kind == "tensor":
        return _tensor(summary.metadata.plugin_data.plugin_name, summary.tensor)
    return None


def _histogram(histo: Any) -> Any:
    """Buckets end at their limits; the first begins at the smallest value."""
    counts, limits = list(histo.bucket), list(histo.bucket_limit)
    if not counts:
        return None
    edges = [min(histo.min, limits[0]), *limits]
    # The last limit is the largest float that there is: the largest value ends it.
    edges[-1] = max(edges[-2], min(edges[-1], histo.max))
    return wandb.Histogram(np_histogram=(counts, edges))


def _image(image: Any) -> Any:
    from PIL import Image

    with Image.open(io.BytesIO(image.encoded_image_string)) as picture:
        return [wandb.Image(picture.copy())]  # as the official client: a gallery


def _tensor(plugin: str, tensor: Any) -> Any:
    from tensorboard.util.tensor_util import make_ndarray

    if plugin not in (_SCALARS, _TEXT):
        return None
    array = make_ndarray(tensor)
    if plugin == _SCALARS:
        return float(array) if array.size == 1 else None
    return "\n".join(item.decode("utf-8", "replace") for item in array.ravel())
