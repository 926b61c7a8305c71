"""The last step in a log, read from its end."""

from pathlib import Path

from wandb_core.run_state.rows import recorded_step
from wandb_core.transaction_log import BLOCK_BYTES, LogReader

_FIRST_WINDOW_BLOCKS = 4


def last_logged_step(path: Path) -> int | None:
    """Highest step of the rows nearest to the end; None without a readable row.

    Windows before the end, each four times larger: cheap unless the rows are far back.
    """
    try:
        end = path.stat().st_size
    except OSError:
        return None
    blocks = _FIRST_WINDOW_BLOCKS
    while True:
        start = max(0, (end // BLOCK_BYTES - blocks) * BLOCK_BYTES)
        if (step := _highest_step(path, start, end)) is not None or start == 0:
            return step
        blocks *= 4


def _highest_step(path: Path, start: int, end: int) -> int | None:
    highest: int | None = None
    with LogReader(path, start) as reader:
        while records := reader.read(end):
            for logged in records:
                if logged.record.WhichOneof("record_type") == "history":
                    step = recorded_step(logged.record.history)
                    if step is not None and (highest is None or step > highest):
                        highest = step
    return highest
