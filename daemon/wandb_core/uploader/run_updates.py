"""Keep the run's own fields at the server up to date: config, name, tags, program."""

import asyncio

from wandb_core.errors import PermanentError
from wandb_core.run_state import RunState
from wandb_core.server_client import ServerClient
from wandb_core.uploader.context import UploadContext
from wandb_core.uploader.resume import merge_config
from wandb_core.uploader.run_fields import run_fields
from wandb_core.uploader.start import StartedRun

INTERVAL_S = 5.0
LIVE_INTERVAL_S = 1.0


class RunUpdates:
    """Debounced upserts of one run."""

    def __init__(
        self, context: UploadContext, client: ServerClient, started: StartedRun
    ) -> None:
        self._context = context
        self._client = client
        self._started = started
        self._interval_s = LIVE_INTERVAL_S if started.live else INTERVAL_S
        self._last_at = context.clock.monotonic()
        self._is_dirty = False

    def mark_dirty(self) -> None:
        """What the server has may be older than the fold."""
        self._is_dirty = True

    def due_in_s(self) -> float | None:
        """Seconds until an upsert is due; None if there is nothing to tell."""
        if not self._is_dirty:
            return None
        return max(
            0.0, self._last_at + self._interval_s - self._context.clock.monotonic()
        )

    def config_json(self, state: RunState) -> str:
        """The whole config of the run, that of an earlier life included."""
        return merge_config(self._started.earlier_config_json, state.config_json())

    async def send_if_due(self, state: RunState, *, now: bool = False) -> None:
        """Upsert if something changed and the last one was long enough ago, or `now`.

        A refusal is told and does not stop the upload of rows.
        """
        run_changed = state.take_run_changed()
        self._is_dirty |= state.take_config_changed() or run_changed
        due_in_s = self.due_in_s()
        if state.run is None or due_in_s is None or (due_in_s > 0 and not now):
            return
        self._is_dirty = False
        self._last_at = self._context.clock.monotonic()
        run = self._started.server_run
        fields = run_fields(
            state,
            self._context,
            entity=run.entity,
            project=run.project,
            config_json=await asyncio.to_thread(self.config_json, state),
        )
        try:
            await self._context.retries.call(
                lambda: self._client.upsert_run(fields, self._context.writer_headers)
            )
        except PermanentError as refusal:
            self._context.notifier.notify(
                "error", f"The server does not take the run's configuration: {refusal}"
            )
