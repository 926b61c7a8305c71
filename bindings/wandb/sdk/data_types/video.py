"""`wandb.Video`: moving pictures, from frames or from a file.

Frames become a GIF through Pillow, or mp4, webm and ogg through the ffmpeg that the
package `imageio-ffmpeg` brings along.
"""

import io
import tempfile
from pathlib import Path, PurePosixPath
from typing import Any

from wandb.sdk.data_types.base_types.media import (
    BatchableMedia,
    MediaObject,
    artifact_file,
    required,
)

FORMATS = ("gif", "mp4", "webm", "ogg")
FPS = 4
_CODECS = {"mp4": "libx264", "webm": "libvpx-vp9", "ogg": "libtheora"}
_NEEDED = "wandb.Video from an array"


class Video(BatchableMedia):
    """Moving pictures to log.

    data_or_path: array of time × channels × height × width, values 0…255, or several
        of those as a fifth dimension in front, shown side by side; path or io object.
    fps: frames per second of an array, 4 by default.
    format: gif, mp4, webm or ogg; gif by default for arrays.

    Raises:
        ValueError: another format or shape.
        FileNotFoundError: no such file.
    """

    _log_type = "video-file"
    _kind = "videos"

    def __init__(
        self,
        data_or_path: Any,
        caption: str | None = None,
        fps: int | None = None,
        format: str | None = None,
    ) -> None:
        super().__init__(caption)
        self._fps = fps
        self._width: int | None = None
        self._height: int | None = None
        if format is not None and format not in FORMATS:
            raise ValueError(f"wandb.Video accepts {', '.join(FORMATS)} formats")
        if isinstance(data_or_path, str | Path):
            extension = PurePosixPath(str(data_or_path)).suffix.lstrip(".").lower()
            if extension not in FORMATS:
                raise ValueError(f"wandb.Video accepts {', '.join(FORMATS)} formats")
            self._set_source(data_or_path, extension)
        elif isinstance(data_or_path, io.IOBase):
            if format is None:
                raise ValueError(
                    "wandb.Video requires a `format` argument when initializing with "
                    "raw bytes (an io object)."
                )
            self._extension = format
            self._content = data_or_path.read()
        else:
            frames = _frames(data_or_path)
            self._height, self._width = frames.shape[1:3]
            self._extension = format or "gif"
            self._content = encode_frames(frames, self._extension, fps or FPS)

    def _details(self) -> MediaObject:
        if self._width is None:
            return {}
        return {"width": self._width, "height": self._height}

    @classmethod
    def seq_to_json(cls, objects: list[MediaObject]) -> MediaObject:
        """One object of type `videos`."""
        has_captions = "caption" in objects[0]
        captions = [item.get("caption") for item in objects]
        return {
            "_type": "videos",
            "count": len(objects),
            "videos": objects,
            "captions": captions if has_captions else False,
        }

    @classmethod
    def from_json(cls, json_obj: MediaObject, source_artifact: Any) -> "Video":
        """The video of an artifact."""
        path = json_obj["path"]
        is_address = cls.path_is_reference(path)
        source = path if is_address else artifact_file(source_artifact, path)
        return cls(source, caption=json_obj.get("caption"))


def _frames(data: Any) -> Any:
    """The array as uint8[time, height, width, 3]."""
    import numpy as np

    array = np.asarray(data.detach().cpu() if hasattr(data, "detach") else data)
    if array.ndim not in (4, 5) or not array.size:
        raise ValueError(
            "Video must be at least 4 dimensions: time, channels, height, width"
        )
    if array.dtype != np.uint8:
        with np.errstate(invalid="ignore"):
            array = array.astype(np.uint8)
    if array.ndim == 5:
        array = _tiled(array)
    array = array.transpose(0, 2, 3, 1)
    if array.shape[3] == 1:
        array = array.repeat(3, axis=3)
    if array.shape[3] not in (3, 4):
        raise ValueError(
            f"a frame of a video has 1, 3 or 4 channels, not {array.shape[3]}: the "
            "order is time, channels, height, width"
        )
    return np.ascontiguousarray(array[..., :3])


def _tiled(batch: Any) -> Any:
    """Several videos as one, in a grid whose sides are powers of two."""
    import numpy as np

    count, time, channels, height, width = batch.shape
    places = 1 << (count - 1).bit_length()
    rows = 1 << ((count.bit_length() - 1) // 2)
    columns = places // rows
    full = np.zeros((places, *batch.shape[1:]), batch.dtype)
    full[:count] = batch
    grid = full.reshape(rows, columns, time, channels, height, width)
    grid = grid.transpose(2, 3, 0, 4, 1, 5)
    return grid.reshape(time, channels, rows * height, columns * width)


def encode_frames(frames: Any, extension: str, fps: int) -> bytes:
    """uint8[time, height, width, 3] as a video file.

    Raises:
        wandb.Error: the package that encodes it is not installed.
    """
    if extension == "gif":
        return _gif(frames, fps)
    return _ffmpeg(frames, extension, fps)


def _gif(frames: Any, fps: int) -> bytes:
    imaging = required("PIL.Image", _NEEDED, "pillow")
    pictures = [imaging.fromarray(frame) for frame in frames]
    content = io.BytesIO()
    pictures[0].save(
        content,
        format="gif",
        save_all=True,
        append_images=pictures[1:],
        duration=1000 / fps,
        loop=0,
    )
    return content.getvalue()


def _ffmpeg(frames: Any, extension: str, fps: int) -> bytes:
    ffmpeg = required("imageio_ffmpeg", _NEEDED, "imageio-ffmpeg")
    _, height, width, _ = frames.shape
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / f"video.{extension}"
        writer = ffmpeg.write_frames(
            str(path),
            (width, height),
            fps=fps,
            codec=_CODECS[extension],
            macro_block_size=2 if extension == "mp4" else 1,
            ffmpeg_log_level="error",
        )
        writer.send(None)
        try:
            for frame in frames:
                writer.send(frame)
        finally:
            writer.close()
        return path.read_bytes()
