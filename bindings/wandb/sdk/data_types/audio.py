"""`wandb.Audio`: sound, from samples or from a file."""

import io
import wave
from pathlib import Path, PurePosixPath
from typing import Any

from wandb.sdk.data_types.base_types.media import (
    BatchableMedia,
    MediaObject,
    artifact_file,
)

_FULL_SCALE = 0x7FFFFFFF


class Audio(BatchableMedia):
    """Sound to log; samples become a WAV file of 16 bits.

    data_or_path: array of samples, or samples × channels: floats −1…1, int16 or int32;
        or a path or address.
    sample_rate: in Hz, needed with samples.

    Raises:
        ValueError: samples without a rate, or of another type or shape.
        FileNotFoundError: no such file.
    """

    _log_type = "audio-file"
    _kind = "audio"

    def __init__(
        self,
        data_or_path: Any,
        sample_rate: int | None = None,
        caption: str | None = None,
    ) -> None:
        super().__init__(caption)
        self._sample_rate = sample_rate
        self._duration: float | None = None
        if isinstance(data_or_path, str | Path):
            suffix = PurePosixPath(str(data_or_path)).suffix
            self._set_source(data_or_path, suffix.lstrip(".") or "wav")
            return
        if sample_rate is None:
            raise ValueError(
                'Argument "sample_rate" is required when instantiating wandb.Audio '
                "with raw data."
            )
        samples = _samples_16_bit(data_or_path)
        self._extension = "wav"
        self._content = _wav(samples, int(sample_rate))
        self._duration = len(samples) / float(sample_rate)

    @classmethod
    def seq_to_json(cls, objects: list[MediaObject]) -> MediaObject:
        """One object of type `audio`."""
        combined: MediaObject = {
            "_type": "audio",
            "count": len(objects),
            "audio": objects,
        }
        if any("caption" in item for item in objects):
            combined["captions"] = [item.get("caption", "") for item in objects]
        return combined

    @classmethod
    def describe(cls, sounds: "list[Audio]") -> MediaObject:
        """Sample rates (Hz) and durations (s) of a list's sounds; None: not known."""
        return {
            "sampleRates": [sound._sample_rate for sound in sounds],
            "durations": [sound._duration for sound in sounds],
        }

    @classmethod
    def from_json(cls, json_obj: MediaObject, source_artifact: Any) -> "Audio":
        """The sound of an artifact."""
        path = json_obj["path"]
        is_address = cls.path_is_reference(path)
        source = path if is_address else artifact_file(source_artifact, path)
        return cls(source, caption=json_obj.get("caption"))


def _samples_16_bit(data: Any) -> Any:
    """The samples as little-endian int16[n, channels]; floats beyond ±1 are clipped."""
    import numpy as np

    array = np.asarray(data.detach().cpu() if hasattr(data, "detach") else data)
    if array.ndim == 1:
        array = array[:, None]
    if array.ndim != 2 or not 1 <= array.shape[1] <= 255:
        raise ValueError(
            f"wandb.Audio takes samples, or samples × channels, not {array.shape}"
        )
    if array.dtype == np.int16:
        return array.astype("<i2")
    if array.dtype.kind == "f":
        scaled = np.rint(np.nan_to_num(array.astype(np.float64)) * _FULL_SCALE)
        array = scaled.clip(-_FULL_SCALE - 1, _FULL_SCALE).astype(np.int64)
    elif array.dtype != np.int32:
        raise ValueError(
            f"wandb.Audio takes samples of float, int16 or int32, not {array.dtype}"
        )
    return (array >> 16).astype("<i2")


def _wav(samples: Any, sample_rate: int) -> bytes:
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes(samples.tobytes())
    return content.getvalue()
