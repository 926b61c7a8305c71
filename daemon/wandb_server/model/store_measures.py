"""What the stores hold, in numbers for operators."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StoreMeasures:
    """What the stores hold, in numbers for operators."""

    stored_bytes: int
    garbage_bytes: int
    """Of these: what nobody refers to, or what is being written."""
    tail_rows: int
    """Rows that wait for compaction, of so many runs:"""
    tail_runs: int
    segment_rows: int
    segment_points: int
    runs_by_state: Mapping[str, int]
    users: int
    waiting_changes: int
    """Changes that no transaction has taken yet."""
