"""Small media files made by hand, and runs of browser tests that have them."""

import hashlib
import io
import json
import struct
import wave
from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import quote

import numpy as np
from PIL import Image

from tests.support.server_process import ServerProcess

Colour = tuple[int, int, int]


class PageRun(Protocol):
    """The run of a browser test, see `tests.browser.conftest.LoggedRun`."""

    server: ServerProcess
    project: str
    name: str


def upload(run: PageRun, path: str, body: bytes) -> dict[str, Any]:
    """Store a file of the run; what a typed value says of it."""
    place = "/".join(map(quote, (run.server.entity, run.project, run.name)))
    answer = run.server.request("PUT", f"/files/{place}/{quote(path)}", body)
    assert answer.status == 200, answer.body
    return {
        "path": path,
        "sha256": hashlib.sha256(body).hexdigest(),
        "size": len(body),
    }


def image(run: PageRun, name: str, body: bytes, **values: Any) -> dict[str, Any]:
    """An uploaded PNG as a row holds it."""
    width, height = struct.unpack(">II", body[16:24])
    place = upload(run, f"media/images/{name}.png", body)
    size = {"format": "png", "width": width, "height": height}
    return {"_type": "image-file", **place, **size, **values}


def table(
    run: PageRun, name: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> dict[str, Any]:
    """An uploaded table in the simple form as a row holds it."""
    body = json.dumps({"columns": list(columns), "data": list(rows)}).encode()
    place = upload(run, f"media/table/{name}.table.json", body)
    size = {"ncols": len(columns), "nrows": len(rows)}
    return {"_type": "table-file", **place, **size, "log_mode": "IMMUTABLE"}


def plain_png(colour: Colour, width: int = 64, height: int = 48) -> bytes:
    """One colour all over."""
    return _png(Image.new("RGB", (width, height), colour))


def mask_png(classes: Sequence[Sequence[int]]) -> bytes:
    """A picture of one channel whose values are class ids."""
    return _png(Image.fromarray(np.array(classes, np.uint8)))


def _png(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def silence(seconds: float) -> bytes:
    """A WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"\0\0" * int(8000 * seconds))
    return file.getvalue()


def custom_chart(
    key: str, preset: str, fields: Mapping[str, str], title: str = ""
) -> dict[str, Any]:
    """The entry of a chart in `_wandb.visualize`, as `wandb.plot` leaves it."""
    argument = {"name": "tableKey", "value": f"{key}_table"}
    summary = {"name": "summaryTable", "args": [argument], "fields": []}
    query = {"queryFields": [{"name": "runSets", "args": [], "fields": [summary]}]}
    config = {
        "panelDefId": preset,
        "fieldSettings": dict(fields),
        "stringSettings": {"title": title},
        "transform": {"name": "tableWithLeafColNames"},
        "userQuery": query,
    }
    return {key: {"panel_type": "Vega2", "panel_config": config}}


class Picture:
    """A decoded screenshot."""

    def __init__(self, shot: bytes) -> None:
        with Image.open(io.BytesIO(shot)) as picture:
            self._pixels = np.asarray(picture.convert("RGB"), np.int16)
        self.height, self.width = self._pixels.shape[:2]

    def pixel(self, x: float, y: float) -> Colour:
        """Red, green, blue at a place given as fractions of width and height."""
        row, column = int(y * self.height), int(x * self.width)
        red, green, blue = self._pixels[row, column].tolist()
        return red, green, blue

    def count(self, colour: Colour, tolerance: int = 40) -> int:
        """How many pixels look like it."""
        off = np.abs(self._pixels - np.array(colour, np.int16)).max(axis=2)
        return int((off <= tolerance).sum())


def near(one: Colour, two: Colour, tolerance: int = 12) -> bool:
    """Whether both look alike."""
    return all(abs(a - b) <= tolerance for a, b in zip(one, two, strict=True))
