"""Console output as numbered lines: a tiny terminal per stream, one numbering for both.

Pure: text and timestamps in, changed lines out.
"""

from wandb_core.console.lines import ConsoleLine, ConsoleLines
from wandb_core.console.terminal import Terminal

__all__ = ["ConsoleLine", "ConsoleLines", "Terminal"]
