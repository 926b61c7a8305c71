"""What core is doing, as plain data and as a table for people.

```json
{"pid", "version", "build", "protocol", "address", "started_at", "uptime_s",
 "memory_bytes", "draining",
 "clients": [{"pid", "run_id", "stream_id", "primary"}],
 "runs":    [{"run_id", "log_path", "log_bytes", "records", "rejected", "exited",
              "problem"}],
 "uploads": [{"run_id", "log_path", "base_url", "run_url", "rows_total",
              "rows_uploaded", "bytes_left",
              "artifacts_left", "problem", "failed", "waiting_for_key"}],
 "backlog": {"logs", "rows", "bytes", "waiting_for_key", "failed",
             "damaged": [{"path", "reason"}]},
 "rates":   {"records_per_s", "log_bytes_per_s", "rows_uploaded_per_s"},
 "totals":  {"records", "batches", "rejected"}}
```
"""

import os
import resource
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wandb_proto import PROTOCOL_VERSION, VERSION
from wandb_proto.build import build_id

from wandb_core.clock import Clock
from wandb_core.runs import Runs

RATE_WINDOW_S = 10.0


@dataclass(frozen=True, slots=True)
class _Sample:
    at: float
    records: int
    log_bytes: int
    rows: int


class StatusReport:
    """Collects snapshots; `sample` is called now and then for the rates."""

    def __init__(self, runs: Runs, clock: Clock) -> None:
        self.address = ""
        self.draining = False
        self._runs = runs
        self._clock = clock
        self._began_at = clock.now()
        self._samples: list[_Sample] = []

    def sample(self) -> None:
        """Remember the counts of now; keeps the last seconds of them."""
        now = self._sample()
        self._samples.append(now)
        while len(self._samples) > 2 and now.at - self._samples[1].at >= RATE_WINDOW_S:
            self._samples.pop(0)

    def snapshot(self) -> dict[str, object]:
        """Plain data for JSON, see above."""
        uploads = [
            _upload_of(upload)
            for upload in self._runs.uploads.values()
            if upload.end is None
        ]
        return {
            "pid": os.getpid(),
            "version": VERSION,
            "build": build_id(),
            "protocol": PROTOCOL_VERSION,
            "address": self.address,
            "started_at": self._began_at,
            "uptime_s": round(self._clock.now() - self._began_at, 3),
            "memory_bytes": _memory_bytes(),
            "draining": self.draining,
            "clients": [
                {
                    "pid": writer.pid,
                    "run_id": pipeline.run_id,
                    "stream_id": writer.stream_id,
                    "primary": writer.primary,
                    "remote": writer.is_remote,
                }
                for pipeline, writer in self._runs.links()
            ],
            "runs": [_run_of(run) for run in self._runs.pipelines.values()],
            "uploads": uploads,
            "backlog": {
                "logs": len(uploads),
                "rows": sum(up["rows_total"] - up["rows_uploaded"] for up in uploads),
                "bytes": sum(up["bytes_left"] for up in uploads),
                "waiting_for_key": sum(up["waiting_for_key"] for up in uploads),
                "failed": sum(up["failed"] for up in uploads),
                "damaged": [
                    {"path": str(damage.path), "reason": damage.reason}
                    for damage in self._runs.backlog_damages()
                ],
            },
            "rates": self._rates(),
            "totals": self._totals(),
        }

    def _totals(self) -> dict[str, int]:
        totals = self._runs.totals
        return {
            "records": totals.records,
            "batches": totals.batches,
            "rejected": totals.rejected,
        }

    def _rates(self) -> dict[str, float]:
        now = self._sample()
        first = self._samples[0] if self._samples else now
        seconds = max(now.at - first.at, 1e-3)
        return {
            "records_per_s": round((now.records - first.records) / seconds, 1),
            "log_bytes_per_s": round((now.log_bytes - first.log_bytes) / seconds, 1),
            "rows_uploaded_per_s": round((now.rows - first.rows) / seconds, 1),
        }

    def _sample(self) -> _Sample:
        totals = self._runs.totals
        return _Sample(
            at=self._clock.monotonic(),
            records=totals.records,
            log_bytes=totals.log_bytes,
            rows=sum(
                upload.status.rows_uploaded for upload in self._runs.uploads.values()
            ),
        )


def as_table(snapshot: Mapping[str, Any]) -> str:
    """The snapshot for a terminal."""
    backlog, rates = snapshot["backlog"], snapshot["rates"]
    lines = [
        f"core {snapshot['version']} (pid {snapshot['pid']}, "
        f"up {_duration(snapshot['uptime_s'])}, "
        f"{snapshot['memory_bytes'] / 2**20:.0f} MiB)",
        f"clients  {len(snapshot['clients'])}",
        f"rates    {rates['records_per_s']:,} records/s, "
        f"{rates['rows_uploaded_per_s']:,} rows/s uploaded",
        f"backlog  {backlog['logs']} logs, {backlog['rows']:,} rows, "
        f"{backlog['bytes']:,} bytes",
    ]
    if backlog["waiting_for_key"]:
        lines.append(
            f"         {backlog['waiting_for_key']} logs wait for an API key: "
            "run `wandb login`"
        )
    lines += [
        f"         {damage['path']} is damaged ({damage['reason']}): upload its run "
        "with `wandb sync DIRECTORY`, then remove it"
        for damage in backlog["damaged"]
    ]
    for run in snapshot["runs"]:
        problem = f"  {run['problem']}" if run["problem"] else ""
        lines.append(f"run      {run['run_id']}  {run['log_bytes']:,} bytes{problem}")
    for upload in snapshot["uploads"]:
        state = upload["problem"] or upload["run_url"] or upload["base_url"]
        artifacts = ""
        if upload.get("artifacts_left"):  # an older core says nothing
            artifacts = (
                f", {upload['artifacts_left']} artifacts to go "
                f"({upload['bytes_left']:,} bytes)"
            )
        lines.append(
            f"upload   {upload['run_id']}  {upload['rows_uploaded']:,} of "
            f"{upload['rows_total']:,} rows{artifacts}  {state}"
        )
    return "\n".join(lines)


def _run_of(run: Any) -> dict[str, Any]:
    return {
        "run_id": run.run_id,
        "log_path": str(run.path),
        "log_bytes": run.written.committed_end(),
        "records": run.counts.records,
        "rejected": run.counts.rejected,
        "exited": run.written.exited,
        "problem": run.problem,
    }


def _upload_of(upload: Any) -> dict[str, Any]:
    status = upload.status
    return {
        "run_id": upload.run_id,
        "log_path": str(upload.path),
        "base_url": upload.target.base_url,
        "run_url": status.run_url,
        "rows_total": status.rows_total,
        "rows_uploaded": status.rows_uploaded,
        "bytes_left": status.bytes_left,
        "artifacts_left": status.artifacts_left,
        "problem": status.problem,
        "failed": status.failed,
        "waiting_for_key": status.waiting_for_key,
    }


def _memory_bytes() -> int:
    """What this process occupies now; its peak where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, ValueError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return pages * resource.getpagesize()


def _duration(seconds: float) -> str:
    minutes, whole = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02}m" if hours else f"{minutes}m{whole:02}s"
