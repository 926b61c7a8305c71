"""What `log` does with a call in which there is more than JSON.

```
log(data) ─ fast path: plain values ─► record
      └ RichValue ─► LoggedMedia ─► files written and announced, plain objects
                          │
                          └ pixels: scanlines into <run>/tmp/pixels, core makes the PNG
```

What cannot be stored is told and left out; the call goes on with the other values.
"""

import errno
import logging
import os
import secrets
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wandb_proto import png
from wandb_proto.remote_token import ADDRESS_VARIABLE
from wandb_proto.v1 import record_pb2 as pb

from wandb._terminal import termwarn
from wandb._values import DEPTH_MAX, is_rich_type
from wandb.sdk.data_types.base_types.media import BatchableMedia
from wandb.sdk.data_types.base_types.wb_value import WBValue
from wandb.sdk.data_types.media_files import MediaPlace, open_new
from wandb.sdk.data_types.table_rows import RowLimitExceeded

if TYPE_CHECKING:
    from wandb.sdk.wandb_run import Run

_logger = logging.getLogger(__name__)

PENDING_BYTES_MAX = 256 << 20
"""Scanlines on disk that wait for core; beyond, `log` encodes by itself."""

_LEFT_OUT = object()


@dataclass(slots=True)
class _Call:
    """What one call of log() becomes."""

    step: int | str
    raw_images: list[pb.RawImage] = field(default_factory=list)
    pixels: list[Any] = field(default_factory=list)
    """Of the raw images, in the same order."""
    pending_bytes: int = 0
    may_wait: bool = True
    """Whether core may make the files of images later."""
    parts: dict[str, Any] = field(default_factory=dict)
    """What charts put into the row instead of themselves."""


class LoggedMedia:
    """Turns the calls of one run's `log` into plain data. Thread-safe."""

    def __init__(self, run: "Run", pending_bytes_max: int = PENDING_BYTES_MAX) -> None:
        self._run = run
        self._pending_bytes_max = pending_bytes_max
        self._pid = os.getpid()
        self._core_is_here = not run._session.environ.get(ADDRESS_VARIABLE)
        self._pending: deque[tuple[int, int]] = deque()
        """(sequence of the call, `_sent` with it) of what core is to encode."""
        self._sent = self._done = 0
        """Bytes of scanlines for core, and those of calls that are in the log."""

    def __call__(self, data: Any, step: int) -> tuple[dict[str, Any], bytes]:
        """Plain data for a step, and the log request's fields about pending images."""
        call = _Call(step)
        plain = self._whole(call, data)
        if not call.raw_images:
            return plain, b""
        try:
            self._write_scanlines(call)
        except OSError as problem:
            # No room for a copy: then for the files themselves, or none at all.
            _logger.warning("no scanlines written problem=%s", problem)
            return self._whole(_Call(step, may_wait=False), data), b""
        fields = pb.LogRequest(raw_image=call.raw_images).SerializeToString()
        return plain, fields

    def convert(self, key: str, step: int | str, value: Any) -> Any:
        """One value as JSON, its files written now; other values are handed back."""
        call = _Call(step, may_wait=False)
        converted = self._value(call, value, (key,))
        return None if converted is _LEFT_OUT else converted

    def _whole(self, call: _Call, data: Any) -> dict[str, Any]:
        plain = self._mapping(call, data, ())
        while call.parts:  # of a chart: at the top level, wherever the chart was
            parts, call.parts = call.parts, {}
            plain.update(self._mapping(call, parts, ()))
        return plain

    def _mapping(
        self, call: _Call, data: Mapping[Any, Any], path: tuple[str, ...]
    ) -> dict[str, Any]:
        plain: dict[str, Any] = {}
        for key, value in data.items():
            if not path and key in ("", "_step"):
                continue
            place = (*path, str(key))
            if hasattr(type(value), "log_parts"):
                call.parts.update(self._parts(value, place))
                continue
            converted = self._value(call, value, place)
            if converted is not _LEFT_OUT:
                plain[key if path == () else str(key)] = converted
        return plain

    def _parts(self, value: Any, place: tuple[str, ...]) -> dict[str, Any]:
        try:
            parts: dict[str, Any] = value.log_parts(self._run, ".".join(place))
            return parts
        except Exception as problem:  # the boundary of a run: training goes on
            _tell(place, value, problem)
            return {}

    def _value(self, call: _Call, value: Any, path: tuple[str, ...]) -> Any:
        try:
            return self._converted(call, value, path)
        except RowLimitExceeded:
            raise  # the user asked for it, by a setting
        except Exception as problem:  # the boundary of a run: training goes on
            _tell(path, value, problem)
            return _LEFT_OUT

    def _converted(self, call: _Call, value: Any, path: tuple[str, ...]) -> Any:
        if len(path) > DEPTH_MAX:
            return str(type(value))
        if isinstance(value, Mapping):
            return self._mapping(call, value, path)
        if isinstance(value, list | tuple):
            return self._sequence(call, value, path)
        if is_rich_type(type(value)):
            value = as_media(value)
        if isinstance(value, WBValue):
            return self._stored(call, value, path)
        return value

    def _sequence(
        self, call: _Call, values: list[Any] | tuple[Any, ...], path: tuple[str, ...]
    ) -> Any:
        if not any(_holds_rich(value) for value in values):
            return values
        items = [as_media(v) if is_rich_type(type(v)) else v for v in values]
        kind = type(items[0])
        if issubclass(kind, BatchableMedia) and all(type(v) is kind for v in items):
            return self._batch(call, kind, items, path)
        # Not one combined object: single ones, and what else is in the list.
        singles = [
            self._value(call, item, (*path, str(place)))
            if not isinstance(item, WBValue)
            else self._stored(call, item, path, (str(place),))
            for place, item in enumerate(items)
        ]
        return [None if single is _LEFT_OUT else single for single in singles]

    def _batch(
        self,
        call: _Call,
        kind: type[BatchableMedia],
        items: list[Any],
        path: tuple[str, ...],
    ) -> Any:
        """The combined object of a list."""
        if kind.MAX_ITEMS is not None and len(items) > kind.MAX_ITEMS:
            termwarn(f"Only {kind.MAX_ITEMS} {kind.__name__} will be uploaded.")
            items = items[: kind.MAX_ITEMS]
        first_raw = len(call.raw_images)
        objects = [
            self._stored(call, item, path, ("\0", str(place)))
            for place, item in enumerate(items)
        ]
        combined = kind.seq_to_json(objects)
        if hasattr(kind, "describe"):
            combined.update(kind.describe(items))
        for raw in call.raw_images[first_raw:]:
            place = list(raw.place)
            if "\0" in place:
                place[place.index("\0")] = "filenames"
                raw.place[:] = place
        return combined

    def _stored(
        self,
        call: _Call,
        value: WBValue,
        path: tuple[str, ...],
        inner: tuple[str, ...] = (),
    ) -> Any:
        pixels = getattr(value, "pending_pixels", None)
        if pixels is not None and self._may_wait(call, pixels.nbytes):
            return self._deferred(call, value, path, inner)
        value.bind_to_run(self._run, path[-1], call.step)
        return value.to_json(self._run)

    # ---- pixels that core encodes

    def _deferred(
        self, call: _Call, image: Any, path: tuple[str, ...], inner: tuple[str, ...]
    ) -> Any:
        image.bind_layers(self._run, path[-1], call.step)
        pixels = image.pending_pixels
        height, width, channels = pixels.shape
        place = MediaPlace("images", path[-1], call.step, "png")
        call.raw_images.append(
            pb.RawImage(
                place=(*path, *inner),
                offset=call.pending_bytes,
                width=width,
                height=height,
                channels=channels,
                name_prefix=place.prefix,
                name_suffix=place.suffix,
            )
        )
        call.pixels.append(pixels)
        call.pending_bytes += png.scanlines_size(width, height, channels)
        return image.pending_json(self._run)

    def _may_wait(self, call: _Call, size: int) -> bool:
        """Whether core may encode it: it is on this machine and not far behind.

        If it is, encoding here holds the caller up for as long as that takes, which is
        less than waiting for core would be.
        """
        if not (call.may_wait and self._core_is_here):
            return False
        return self._waiting_bytes() + call.pending_bytes + size <= (
            self._pending_bytes_max
        )

    def _waiting_bytes(self) -> int:
        if os.getpid() != self._pid:  # a child: its stream counts anew
            self._pid = os.getpid()
            self._pending = deque()
            self._done = self._sent
        acknowledged = self._run._stream.acknowledged
        # Without a lock, which a fork could leave locked: two threads may misjudge it
        # by an image, until the next one.
        with suppress(IndexError):
            while self._pending[0][0] < acknowledged:
                self._done = self._pending.popleft()[1]
        return self._sent - self._done if self._pending else 0

    def _write_scanlines(self, call: _Call) -> None:
        from wandb.sdk.data_types.image_pixels import filtered

        name = f"tmp/pixels/{secrets.token_hex(8)}{png.SCANLINES_SUFFIX}"
        path = os.path.join(self._run.sync_dir, name)
        try:
            # No record names it before it is whole: it needs no other name meanwhile.
            with open_new(path) as file:
                for pixels in call.pixels:
                    for lines in filtered(pixels):
                        if file.write(lines.data) != lines.nbytes:
                            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError:
            Path(path).unlink(missing_ok=True)
            raise
        for raw in call.raw_images:
            raw.scanlines = name
        self._sent += call.pending_bytes
        self._pending.append((self._run._stream.appended, self._sent))


def convert(run: "Run", key: str, step: int | str, value: Any) -> Any:
    """A value for a row or the summary of a run as JSON; its files are written now.

    Plain values are handed back; None stands for what could not be stored, which the
    user has been told.
    """
    return LoggedMedia(run).convert(key, step, value)


def as_media(value: Any) -> Any:
    """Figures, frames and the like as the media they are stored as.

    Raises:
        ValueError: it cannot be any.
        wandb.Error: a package is missing.
    """
    if isinstance(value, WBValue):
        return value
    package = type(value).__module__.partition(".")[0]
    if package == "pandas":
        from wandb.sdk.data_types.table import Table

        return Table(dataframe=value)
    if package == "plotly":
        from wandb.sdk.data_types.plotly import Plotly

        return Plotly(value) if hasattr(value, "to_plotly_json") else value
    if package == "bokeh":
        from wandb.sdk.data_types.bokeh import Bokeh

        return Bokeh(value)
    if package == "matplotlib" or hasattr(value, "gcf"):
        return _drawn(value)
    return value


def _drawn(value: Any) -> WBValue:
    """A figure of matplotlib: interactive if plotly can do it, else as a picture.

    Plotly leaves pictures (`imshow`) out without a word, so those figures are drawn.
    """
    from wandb.errors import Error
    from wandb.sdk.data_types.image import Image
    from wandb.sdk.data_types.image_pixels import figure_of
    from wandb.sdk.data_types.plotly import Plotly

    try:
        figure = figure_of(value)
        if figure.images or any(axes.images for axes in figure.axes):
            return Image(figure)
        return Plotly(figure)
    except (ValueError, Error):
        return Image(value)


def _holds_rich(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_holds_rich, value.values()))
    if isinstance(value, list | tuple):
        return any(map(_holds_rich, value))
    return is_rich_type(type(value))


def _tell(path: tuple[str, ...], value: Any, problem: Exception) -> None:
    name = type(value).__name__
    termwarn(f"{'.'.join(path)!r} was not logged: {name}: {problem}", repeat=False)
