"""`wandb.Histogram`: how often values fall into bins."""

from typing import Any

from wandb.sdk.data_types.base_types.wb_value import WBValue


class Histogram(WBValue):
    """A histogram of a sequence, or one that was counted already.

    sequence: numbers. np_histogram: (counts, edges), as numpy.histogram answers.
    num_bins: of a sequence.

    Raises:
        ValueError: no numbers, more than 512 bins, or edges that do not fit the counts.
    """

    _log_type = "histogram"
    MAX_LENGTH = 512

    def __init__(
        self,
        sequence: Any = None,
        np_histogram: Any = None,
        num_bins: int = 64,
    ) -> None:
        if np_histogram is not None:
            if len(np_histogram) != 2:
                raise ValueError(
                    "Expected np_histogram to be a tuple of (values, bin_edges): "
                    "np.histogram(values, bins)"
                )
            counts, edges = (_listed(part) for part in np_histogram)
        elif sequence is not None:
            if num_bins > self.MAX_LENGTH:
                raise _too_long(self.MAX_LENGTH)
            counts, edges = _counted(sequence, num_bins)
        else:
            raise TypeError("wandb.Histogram takes a sequence or np_histogram")
        if len(counts) > self.MAX_LENGTH:
            raise _too_long(self.MAX_LENGTH)
        if len(counts) + 1 != len(edges):
            raise ValueError("len(bins) must be len(histogram) + 1")
        self.histogram = counts
        self.bins = edges

    def to_json(self, run_or_artifact: Any = None) -> dict[str, Any]:
        """The object; a histogram has no file."""
        return {"_type": self._log_type, "values": self.histogram, "bins": self.bins}

    @classmethod
    def from_json(
        cls, json_obj: dict[str, Any], source_artifact: Any = None
    ) -> "Histogram":
        """The histogram of an object; equal bins may be packed."""
        counts = json_obj["values"]
        edges = json_obj.get("bins")
        if edges is None:
            packed = json_obj["packedBins"]
            places = range(packed["count"] + 1)
            edges = [packed["min"] + packed["size"] * place for place in places]
        return cls(np_histogram=(counts, edges))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Histogram):
            return NotImplemented
        return (self.histogram, self.bins) == (other.histogram, other.bins)

    __hash__ = object.__hash__

    def __sizeof__(self) -> int:
        return (len(self.histogram) + len(self.bins)) * 8


def _counted(sequence: Any, num_bins: int) -> tuple[list[Any], list[Any]]:
    import numpy as np

    if hasattr(sequence, "detach"):
        sequence = sequence.detach().cpu().float()
    values = np.asarray(sequence)
    if values.dtype.kind == "b":
        values = values.astype(np.int64)
    if values.dtype.kind in "OUSMm":  # bfloat16 and its like are "V"
        raise ValueError(
            f"wandb.Histogram takes numbers, not {type(sequence).__name__} of "
            f"{values.dtype}"
        )
    counts, edges = np.histogram(values, bins=num_bins)
    return counts.tolist(), edges.tolist()


def _listed(part: Any) -> list[Any]:
    return list(part.tolist() if hasattr(part, "tolist") else part)


def _too_long(limit: int) -> ValueError:
    return ValueError(f"The maximum length of a histogram is {limit}")
