"""Every limit and interval of core, read once at the process edge.

A field `fsync_interval_s` is set by the variable `WANDB_CORE_FSYNC_INTERVAL_S`.
"""

import difflib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from wandb_core.errors import SettingsError

_log = logging.getLogger(__name__)

PREFIX = "WANDB_CORE_"
MIB = 1 << 20


def _setting(default: Any, allowed: str, doc: str) -> Any:
    """A field with its range ("a|b|c" or "low..high") and its line of the README."""
    return field(default=default, metadata={"allowed": allowed, "doc": doc})


@dataclass(frozen=True, slots=True)
class CoreSettings:
    """Checked in the constructor; the field's metadata hold range and explanation."""

    transport: str = _setting(
        "auto", "auto|unix|tcp", "How bindings reach core: Unix socket or loopback TCP."
    )
    message_bytes_max: int = _setting(
        64 * MIB, "1048576..1073741824", "Largest gRPC message, both ways."
    )
    clients_max: int = _setting(
        256, "1..65536", "Processes that may share one core; more are refused."
    )
    waiting_batches_max: int = _setting(
        16,
        "1..1024",
        "Batches of one run that wait for its log; then the sender waits.",
    )
    fsync: str = _setting(
        "interval",
        "always|interval|never",
        "When the log is made safe against power loss: before every acknowledgement, "
        "every fsync_interval_s and at finish, or never.",
    )
    fsync_interval_s: float = _setting(
        1.0, "0.01..3600", "Longest time between fsyncs."
    )
    checkpoint_bytes: int = _setting(
        64 * MIB, "65536..17179869184", "Log bytes between two checkpoints."
    )
    log_read_bytes_max: int = _setting(
        4 * MIB, "65536..268435456", "Log bytes read at once."
    )
    write_retry_s: float = _setting(
        1.0, "0.01..3600", "Pause after the disk refused a write."
    )
    sample_timeout_s: float = _setting(
        5.0, "0.01..600", "A reading of the system that takes longer is left out."
    )
    orphan_check_s: float = _setting(
        2.0, "0.05..3600", "How often rings are looked at whose stream broke."
    )
    idle_timeout_s: float = _setting(
        60.0, "0.1..86400", "Core leaves when it had nothing to do for so long."
    )
    remote_ping_s: float = _setting(
        30.0, "0.1..3600", "How often a silent process on another host is asked for."
    )
    remote_gone_s: float = _setting(
        300.0, "0.1..86400", "A process on another host away for so long has crashed."
    )
    drain_timeout_s: float = _setting(
        10.0, "0.1..3600", "How long a stopping core goes on uploading."
    )
    backlog_uploads_max: int = _setting(
        4, "1..64", "Logs of earlier runs that are uploaded at the same time."
    )
    log_bytes_max: int = _setting(
        10 * MIB, "65536..1073741824", "core.log begins anew beyond this size."
    )
    live_interval_s: float = _setting(
        0.5, "0.05..3600", "Between two uploads, where the server asks for live data."
    )
    upload_interval_s: float = _setting(
        15.0, "0.05..3600", "Between two uploads, to other servers."
    )
    heartbeat_s: float = _setting(
        30.0, "0.05..3600", "The server hears of a silent run this often."
    )
    chunk_bytes_max: int = _setting(
        4 * MIB, "65536..67108864", "Lines of one upload request together."
    )
    live_file_look_s: float = _setting(
        2.0, "0.05..3600", "How often files saved with policy live are looked at."
    )
    live_file_pause_s: float = _setting(
        15.0, "0.05..3600", "Between two uploads of one such file."
    )
    row_bytes_max: int = _setting(
        8 * MIB, "1024..67108864", "A longer row goes up as a file, marked in the row."
    )
    request_timeout_s: float = _setting(
        60.0, "0.1..3600", "One request to the server, whole."
    )
    connect_timeout_s: float = _setting(10.0, "0.1..600", "Connecting to the server.")
    retry_delay_s_min: float = _setting(
        1.0, "0.01..600", "First pause after a failed request; doubles, full jitter."
    )
    retry_delay_s_max: float = _setting(60.0, "0.01..3600", "Longest such pause.")
    local_server_check_s: float = _setting(
        5.0, "0.05..600", "How often a crashed embedded server is looked for."
    )
    local_server_start_s: float = _setting(
        30.0, "1..600", "How long the embedded server may take to start."
    )

    def __post_init__(self) -> None:
        for spec in fields(self):
            value = getattr(self, spec.name)
            if not _is_allowed(value, spec.metadata["allowed"]):
                raise SettingsError(
                    spec.name, value, spec.metadata["allowed"], "settings"
                )

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "CoreSettings":
        """Defaults overridden by `WANDB_CORE_*`; unknown names are a debug line.

        Raises:
            SettingsError: a value that is no number or out of range.
        """
        specs = {PREFIX + spec.name.upper(): spec for spec in fields(cls)}
        chosen: dict[str, Any] = {}
        for name, text in environ.items():
            if not name.startswith(PREFIX) or not text:
                continue
            if (spec := specs.get(name)) is None:
                near = difflib.get_close_matches(name, specs, 1)
                _log.debug("unknown_setting name=%s nearest=%s", name, near)
                continue
            allowed = spec.metadata["allowed"]
            try:
                value = _parse(text, spec.default)
            except ValueError:
                raise SettingsError(spec.name, text, allowed, name) from None
            if not _is_allowed(value, allowed):
                raise SettingsError(spec.name, text, allowed, name)
            chosen[spec.name] = value
        return cls(**chosen)


def _parse(text: str, default: object) -> object:
    """The text as a value of the default's type."""
    if isinstance(default, int):
        return int(text)
    return float(text) if isinstance(default, float) else text


def _is_allowed(value: object, allowed: str) -> bool:
    if isinstance(value, str):
        return value in allowed.split("|")
    low, _, high = allowed.partition("..")
    return isinstance(value, int | float) and float(low) <= value <= float(high)
