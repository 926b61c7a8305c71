"""Run a `LogUploader` against a `FakeServer`, with short intervals and known chance."""

import random
from collections.abc import Callable
from pathlib import Path

from wandb_core.clock import Clock, SystemClock
from wandb_core.server_client import ServerClient
from wandb_core.settings import CoreSettings
from wandb_core.uploader import LogUploader
from wandb_proto.v1.record_pb2 import UploadTarget

from tests.support.fake_server import API_KEY, FakeServer
from tests.support.logged_runs import LoggedRun
from tests.support.manual_clock import RecordingNotifier

QUICK = CoreSettings(
    live_interval_s=0.05,
    upload_interval_s=0.05,
    retry_delay_s_min=0.01,
    retry_delay_s_max=0.05,
    request_timeout_s=5.0,
)


def uploader(
    log: LoggedRun,
    server: FakeServer,
    notifier: RecordingNotifier | None = None,
    *,
    settings: CoreSettings = QUICK,
    resume: str = "",
    key: Callable[[], str | None] = lambda: API_KEY,
    client: type[ServerClient] = ServerClient,
    clock: Clock | None = None,
    target: UploadTarget | None = None,
    **more: object,
) -> LogUploader:
    """An uploader of this log to this server."""
    if target is None:
        target = UploadTarget(mode="online", base_url=server.base_url, resume=resume)
    return LogUploader(
        log,
        target,
        key,
        notifier or RecordingNotifier(),
        clock or SystemClock(),
        random.Random(1),
        settings,
        lambda target, key: client(
            target.base_url, key, request_timeout_s=settings.request_timeout_s
        ),
        **more,  # type: ignore[arg-type]
    )


def log_path(root: Path, run_id: str = "r1", folder: str = "run-1") -> Path:
    """Where the log of a run lies in a test's directory."""
    return root / folder / f"run-{run_id}.wandb"
