"""What the archive is told: sizes at which it acts and bounds that it keeps."""

from dataclasses import dataclass

from wandb_server.errors import SettingsError


@dataclass(frozen=True, slots=True)
class ArchiveSettings:
    """Limits of one archive.

    Raises:
        SettingsError: a limit below 1.
    """

    tail_rows_max: int = 10_000
    """Lines of a run's tail that make it due for compaction."""
    tail_bytes_max: int = 8 * 1024 * 1024
    """The same by size."""
    segment_rows_max: int = 100_000
    segment_bytes_max: int = 16 * 1024 * 1024
    """One segment takes at most so many rows and (unless one row is larger) bytes."""
    merge_count: int = 16
    """So many neighbouring segments become one."""
    merged_rows_max: int = 500_000
    merged_points_max: int = 20_000_000
    """A merged segment has at most so many rows and points."""
    merge_points_step: int = 250_000
    """Points of a merge in memory at once, or those of one key (80 bytes each)."""
    block_points_min: int = 2_048
    """Segments with fewer points get no blocks before they are merged."""
    parsed_points_max: int = 8_000_000
    """Points of parsed tails kept in memory (about 17 bytes each) for live charts."""
    block_cache_bytes_max: int = 64 * 1024 * 1024
    """Blocks of long series kept in memory: 60 charts of a million points."""
    runs_per_question_max: int = 2_000
    keys_per_question_max: int = 10_000
    series_per_question_max: int = 20_000
    buckets_max: int = 10_000
    history_rows_max: int = 100_000
    """Rows in one answer; beyond, they are sampled evenly."""
    row_index_bytes_max: int = 48 * 1024 * 1024
    """Indexes of row segments kept in memory (20 bytes per row)."""
    log_lines_max: int = 100_000
    page_runs_max: int = 1_000
    query_memory_mib: int = 128
    query_threads: int = 2
    garbage_age_s: float = 3600.0
    """Objects that were being written, or are of no use, for longer are deleted."""
    undo_grace_s: float = 20.0
    """So long a run that was deleted on the page can be brought back."""
    history_file_keep_s: float = 30 * 24 * 3600.0
    """Parquet of a history that nobody fetched for so long is deleted."""
    stray_interval_s: float = 24 * 3600.0
    """How often the store is searched for files that no table knows."""
    artifact_pending_age_s: float = 24 * 3600.0
    """A version that nobody adds to or commits for so long is removed."""
    lease_s: float = 120.0
    """A server that died while it moved rows is replaced by another after so long."""
    merge_retry_s: float = 3600.0
    """A run whose segments cannot be merged is left alone for so long."""

    def __post_init__(self) -> None:
        """Check every limit."""
        for name in self.__slots__:
            if getattr(self, name) < 1 and name != "garbage_age_s":
                raise SettingsError(name, getattr(self, name), "must be at least 1")
