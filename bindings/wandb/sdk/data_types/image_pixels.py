"""What `wandb.Image` takes, as 8-bit pixels: arrays, tensors, PIL images, figures.

Values of arrays are taken as they are, cast to 8 bits: callers scale to 0…255. Float
tensors of torch are stretched from their least to their greatest value, and a batch of
them becomes a grid.
"""

import io
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from wandb_proto import png

from wandb._terminal import termwarn
from wandb.sdk.data_types.base_types.media import required

if TYPE_CHECKING:
    import numpy as np

    Pixels = np.ndarray[Any, np.dtype[np.uint8]]

DIMENSION_MAX = 65_500
BLOCK_BYTES = 128 << 10
GRID_COLUMNS = 8
GRID_PADDING = 2


def is_of(value: Any, *packages: str) -> bool:
    """Whether the value's type comes from one of these packages, without an import."""
    return any(
        base.__module__.partition(".")[0] in packages for base in type(value).__mro__
    )


def pixels_of_array(data: Any) -> "Pixels":
    """A copy of an array as uint8[height, width, channels].

    height × width, with 1, 3 or 4 channels behind it.

    Raises:
        ValueError: another shape.
    """
    import numpy as np

    array = np.asarray(data)
    if array.ndim > 2:
        array = array.squeeze()
    array = array.reshape(-1, 1) if array.ndim == 1 else np.atleast_2d(array)
    if array.ndim == 2:
        array = array[:, :, None]
    if array.ndim != 3 or array.shape[2] not in (1, 3, 4) or not array.size:
        raise ValueError(
            f"Un-supported shape for image conversion {list(np.shape(data))}: "
            "wandb.Image takes height × width, with 1, 3 or 4 channels behind"
        )
    if max(array.shape[:2]) > DIMENSION_MAX:
        raise ValueError(f"an image has at most {DIMENSION_MAX} pixels per side")
    if array.dtype.kind == "f" and 0 < array.max() <= 1:
        termwarn(
            "wandb.Image takes values of 0…255 and does not scale: this array's lie "
            "between 0 and 1 and show as black. Multiply it by 255.",
            repeat=False,
        )
    with np.errstate(invalid="ignore"):
        return np.array(array, dtype=np.uint8, order="C")  # a copy, always


def pixels_of_tensor(tensor: Any) -> "Pixels":
    """A torch tensor: height × width, channels first, or a batch of those as a grid."""
    import numpy as np

    tensor = tensor.detach().cpu()
    array = (tensor.float() if tensor.is_floating_point() else tensor).numpy()
    if array.ndim == 2:
        array = array[None]
    if array.ndim == 4:
        array = _grid(array) if len(array) > 1 else array[0]
    if array.ndim != 3:
        raise ValueError(
            f"Un-supported shape for image conversion {list(tensor.shape)}: a tensor "
            "is height × width, channels × height × width, or a batch of the latter"
        )
    if array.dtype.kind == "f":
        low, high = float(np.nanmin(array)), float(np.nanmax(array))
        array = np.nan_to_num((array - low) / max(high - low, 1e-5)) * 255
        array = array.clip(0, 255)
    return pixels_of_array(array.transpose(1, 2, 0))


def _grid(batch: Any) -> Any:
    """Images of a batch side by side, with a margin around each."""
    import numpy as np

    count, channels, height, width = batch.shape
    columns = min(GRID_COLUMNS, count)
    rows = math.ceil(count / columns)
    high, wide = height + GRID_PADDING, width + GRID_PADDING
    shape = (channels, rows * high + GRID_PADDING, columns * wide + GRID_PADDING)
    # Black: of floats, which are stretched, the least value becomes that.
    margin = batch.min() if batch.dtype.kind == "f" else 0
    grid = np.full(shape, margin, batch.dtype)
    for index, image in enumerate(batch):
        top = (index // columns) * high + GRID_PADDING
        left = (index % columns) * wide + GRID_PADDING
        grid[:, top : top + height, left : left + width] = image
    return grid


def pixels_of_pil(image: Any) -> "Pixels | None":
    """Pixels of a PIL image; None if its mode is none of 8-bit grey and colour."""
    import numpy as np

    if image.mode not in ("L", "LA", "RGB", "RGBA"):
        return None
    array = np.array(image, dtype=np.uint8)
    return array[:, :, None] if array.ndim == 2 else array


def figure_png(figure: Any) -> bytes:
    """A matplotlib figure, axes or pyplot itself, drawn as a PNG file."""
    content = io.BytesIO()
    figure_of(figure).savefig(content, format="png")
    return content.getvalue()


def figure_of(value: Any) -> Any:
    """The figure of whatever matplotlib object it is.

    Raises:
        ValueError: it has none.
    """
    if hasattr(value, "gcf"):  # pyplot
        return value.gcf()
    if hasattr(value, "savefig"):
        return value
    figure = getattr(value, "figure", None)
    if figure is None:
        raise ValueError(f"{type(value).__name__} belongs to no matplotlib figure")
    return figure


def filtered(pixels: "Pixels") -> "Iterator[Pixels]":
    """The pixels as PNG scanlines (see `png`), in blocks of whole lines.

    A block is overwritten by the next one: small enough to stay in the cache, which is
    five times as fast as one new array for all.
    """
    import numpy as np

    height, width, channels = pixels.shape
    rows = pixels.reshape(height, width * channels)
    count = max(1, min(height, BLOCK_BYTES // (1 + rows.shape[1])))
    block = np.full((count, 1 + rows.shape[1]), png.FILTER_UP, np.uint8)
    block[0, 1:] = rows[0]
    for top in range(0, height, count):
        lines = block[: min(count, height - top)]
        first = 1 if top == 0 else 0
        upper = rows[top - 1 + first : top + len(lines) - 1]
        np.subtract(rows[top + first : top + len(lines)], upper, out=lines[first:, 1:])
        yield lines


def encoded(pixels: "Pixels", extension: str) -> bytes:
    """The pixels as an image file. PNG needs no imaging library."""
    if extension == "png":
        height, width, channels = pixels.shape
        scanlines = b"".join(lines.tobytes() for lines in filtered(pixels))
        return png.compress(scanlines, width, height, channels)
    return pil_file(pil_of(pixels), extension)


def pil_of(pixels: "Pixels") -> Any:
    """The pixels as a PIL image."""
    imaging = required("PIL.Image", "an image as PIL object", "pillow")
    return imaging.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)


def pil_file(image: Any, extension: str) -> bytes:
    """A PIL image as a file of this type; what has no alpha loses it."""
    if extension in ("jpg", "jpeg") and image.mode not in ("L", "RGB"):
        image = image.convert("RGB")
    content = io.BytesIO()
    image.save(content, format={"jpg": "jpeg"}.get(extension, extension))
    return content.getvalue()
