"""The settings whose names begin with `x_`: internal, or likely to change."""

from dataclasses import dataclass
from typing import Any

from wandb.sdk.settings_fields import (
    anything,
    names,
    number,
    setting,
    switch,
    text,
    whole,
)

_LATER = "No effect yet."


def _numbers(value: Any) -> tuple[int, ...]:
    """`[0, 1]` as a list or as text with or without brackets."""
    words = value.strip("[] ").split(",") if isinstance(value, str) else value
    try:
        return tuple(int(word) for word in words if str(word).strip())
    except (TypeError, ValueError):
        raise ValueError("whole numbers, such as 0,1") from None


@dataclass(frozen=True, init=False)
class WriterFields:
    """Which writer of a run this is, and what it records."""

    x_label: str | None = setting(
        None, text, "Name of this writer among several of one run."
    )
    x_primary: bool = setting(
        True, switch, "Whether this writer ends the run and owns its files."
    )
    x_update_finish_state: bool = setting(
        True, switch, "Whether the end of this writer ends the run."
    )
    x_disable_meta: bool = setting(False, switch, "Record no environment.")
    x_disable_machine_info: bool = setting(
        False, switch, "Record nothing about the machine."
    )
    x_start_time: float | None = setting(
        None, number, "Start of the run in unix seconds; default: now."
    )
    x_executable: str | None = setting(None, text, "Interpreter recorded with the run.")
    x_save_requirements: bool = setting(
        True, switch, "Record which packages are installed."
    )
    x_service_wait: float = setting(30.0, number, _LATER)
    x_service_transport: str | None = setting(None, text, _LATER, "SERVICE_TRANSPORT")
    x_sync: bool = setting(False, switch, _LATER)
    x_runqueue_item_id: str | None = setting(None, text, _LATER)
    x_disable_viewer: bool = setting(False, switch, _LATER)
    x_skip_transaction_log: bool = setting(
        False, switch, "No effect: the log is the run."
    )
    x_transaction_log_flush_interval: float = setting(
        15.0, number, "No effect: records are in the log at once."
    )
    x_history_value_encoding: str = setting("json", text, _LATER)
    x_server_side_derived_summary: bool = setting(False, switch, _LATER)
    x_server_side_expand_glob_metrics: bool = setting(True, switch, _LATER)
    x_extra_http_headers: Any = setting(None, anything, _LATER)  # noqa: RUF009
    x_proxies: Any = setting(None, anything, _LATER)  # noqa: RUF009
    x_require_legacy_service: bool = setting(False, switch, _LATER)


@dataclass(frozen=True, init=False)
class MonitorFields:
    """System metrics."""

    x_disable_stats: bool = setting(False, switch, "Record no system metrics.")
    x_stats_sampling_interval: float = setting(
        15.0, number, "Seconds between two samples of system metrics, at least 0.1."
    )
    x_stats_pid: int | None = setting(
        None, whole, "Process whose figures are recorded; default: this one."
    )
    x_stats_gpu_device_ids: tuple[int, ...] | None = setting(
        None, _numbers, "GPUs that are recorded, such as 0,1; default: all."
    )
    x_stats_gpu_count: int | None = setting(
        None, whole, "Recorded instead of how many GPUs are found."
    )
    x_stats_gpu_type: str | None = setting(
        None, text, "Recorded instead of the GPU's name."
    )
    x_stats_cpu_count: int | None = setting(
        None, whole, "Recorded instead of the cores that are found."
    )
    x_stats_cpu_logical_count: int | None = setting(
        None, whole, "Recorded instead of the logical cores that are found."
    )
    x_stats_disk_paths: tuple[str, ...] = setting(
        ("/",), names, "Paths whose file systems are recorded."
    )
    x_stats_open_metrics_endpoints: Any = setting(None, anything, _LATER)  # noqa: RUF009
    x_stats_open_metrics_filters: Any = setting(None, anything, _LATER)  # noqa: RUF009
    x_stats_open_metrics_http_headers: Any = setting(None, anything, _LATER)  # noqa: RUF009
    x_stats_dcgm_exporter: str | None = setting(None, text, _LATER)
    x_stats_buffer_size: int = setting(0, whole, _LATER)
    x_stats_track_process_tree: bool | None = setting(
        None, switch, "Whether figures of the process count its children; default: yes."
    )
    x_stats_self_usage: bool = setting(False, switch, _LATER)


@dataclass(frozen=True, init=False)
class TransferFields:
    """Uploads; core has its own."""

    x_file_stream_transmit_interval: float = setting(15.0, number, _LATER)
    x_file_stream_max_bytes: int | None = setting(None, whole, _LATER)
    x_file_stream_max_line_bytes: int | None = setting(None, whole, _LATER)
    x_file_stream_no_gzip: bool = setting(True, switch, _LATER)
    x_file_stream_retry_max: int | None = setting(None, whole, _LATER)
    x_file_stream_retry_wait_min_seconds: float | None = setting(None, number, _LATER)
    x_file_stream_retry_wait_max_seconds: float | None = setting(None, number, _LATER)
    x_file_stream_timeout_seconds: float | None = setting(None, number, _LATER)
    x_file_transfer_retry_max: int | None = setting(None, whole, _LATER)
    x_file_transfer_retry_wait_min_seconds: float | None = setting(None, number, _LATER)
    x_file_transfer_retry_wait_max_seconds: float | None = setting(None, number, _LATER)
    x_file_transfer_timeout_seconds: float | None = setting(
        None, number, _LATER, "FILE_PUSHER_TIMEOUT"
    )
    x_graphql_retry_max: int | None = setting(None, whole, _LATER)
    x_graphql_retry_wait_min_seconds: float | None = setting(None, number, _LATER)
    x_graphql_retry_wait_max_seconds: float | None = setting(None, number, _LATER)
    x_graphql_timeout_seconds: float | None = setting(
        None, number, "Seconds that wandb.Api waits; default: 20.", "HTTP_TIMEOUT"
    )
