"""Which rows to keep when not all are asked for."""

import numpy as np
import numpy.typing as npt


def sample_evenly(count: int, samples: int | None) -> npt.NDArray[np.int64]:
    """Ordinals of `samples` out of `count` rows, evenly spread, the last one included.

    All of them where samples is None or not smaller than count; none for samples < 1.
    """
    if samples is None or samples >= count:
        return np.arange(count, dtype=np.int64)
    if samples < 1:
        return np.empty(0, np.int64)
    # The k-th sample ends the k-th of `samples` equal parts.
    ends = (np.arange(1, samples + 1, dtype=np.int64) * count) // samples
    return ends - 1
