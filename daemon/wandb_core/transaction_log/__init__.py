"""The run log `run-<id>.wandb`: written, read, and repaired after any crash.

The format is the official one (`framing.py` draws it). `LogWriter` appends whole
batches in one write each; `LogReader` follows a log that may still grow and steps over
damage; `recovery.py` finds the end of a log that a crash left behind. All of it blocks:
callers give it a thread of its own.
"""

from wandb_core.transaction_log.files import Files, RealFiles
from wandb_core.transaction_log.framing import BLOCK_BYTES, FILE_HEADER
from wandb_core.transaction_log.reader import LogReader, read_all
from wandb_core.transaction_log.recovery import Recovery, find_last_checkpoint
from wandb_core.transaction_log.writer import LogWriter

__all__ = [
    "BLOCK_BYTES",
    "FILE_HEADER",
    "Files",
    "LogReader",
    "LogWriter",
    "RealFiles",
    "Recovery",
    "find_last_checkpoint",
    "read_all",
]
