"""`wandb.box3d`: a turned box as its eight corners, for scenes of `Object3D`."""

import itertools
import math
from typing import Any


def box3d(
    *,
    center: Any,
    size: Any,
    orientation: Any,
    color: Any,
    label: str | None = None,
    score: float | None = None,
) -> dict[str, Any]:
    """A box of a scene.

    center: x y z. size: extent along x y z before turning. orientation: quaternion
    (real part first), need not be of length 1. color: r g b, 0…255.

    Raises:
        ValueError: another number of elements, or no direction.
    """
    middle = _numbers(center, 3, "center")
    extent = _numbers(size, 3, "size")
    turn = _rotation(_numbers(orientation, 4, "orientation"))
    corners = tuple(
        tuple(
            middle[row]
            + sum(turn[row][axis] * signs[axis] * extent[axis] / 2 for axis in range(3))
            for row in range(3)
        )
        for signs in itertools.product((-1, 1), repeat=3)
    )
    red, green, blue = _numbers(color, 3, "color")
    box: dict[str, Any] = {
        "corners": corners,
        "color": (int(red), int(green), int(blue)),
        "label": label,
        "score": None if score is None else float(score),
    }
    return box


def _numbers(given: Any, count: int, name: str) -> list[float]:
    values = list(given.tolist() if hasattr(given, "tolist") else given)
    if len(values) != count:
        raise ValueError(f"box3d: {name} has {len(values)} elements instead of {count}")
    return [float(value) for value in values]


def _rotation(quaternion: list[float]) -> list[list[float]]:
    """The rotation matrix of a quaternion of any length but 0."""
    length = math.sqrt(sum(part * part for part in quaternion))
    if not length:
        raise ValueError("box3d: orientation is a quaternion of length 0")
    w, x, y, z = (part / length for part in quaternion)
    return [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
