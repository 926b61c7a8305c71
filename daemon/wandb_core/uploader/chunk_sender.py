"""Send chunks and keep the cursor: the one place where lines leave this machine.

```
 save cursor (pending_end) ──► post, post, … ──► acknowledged: offset = pending_end
        │ crash here: nothing was sent         │ crash here: sent again, line for line
```
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from wandb_core.clock import Clock
from wandb_core.console import ConsoleLine
from wandb_core.model import Notifier, ServerRun, UploadChunk
from wandb_core.server_client import ServerClient
from wandb_core.uploader.cursor import EVENTS, HISTORY, OUTPUT, Cursor, save_cursor
from wandb_core.uploader.log_folder import FoldedChunk
from wandb_core.uploader.requests import request_body, split_chunks, summary_chunk
from wandb_core.uploader.retries import Retries

_log = logging.getLogger(__name__)


class ChunkSender:
    """Posts to the file stream of one run."""

    def __init__(
        self,
        client: ServerClient,
        retries: Retries,
        notifier: Notifier,
        clock: Clock,
        *,
        log_path: Path,
        cursor: Cursor,
        server_run: ServerRun,
        run_id: str,
        live: bool,
        bytes_max: int,
        label: str = "",
        headers: Mapping[str, str] | None = None,
        take_uploaded: Callable[[], list[str]] = list,
        on_stop: Callable[[], None] | None = None,
    ) -> None:
        self.cursor = cursor
        self.rows_uploaded = 0
        self.stop_requested = False
        self.last_post_at = clock.monotonic()
        self.last_progress_at = 0.0
        self._client = client
        self._retries = retries
        self._notifier = notifier
        self._clock = clock
        self._log_path = log_path
        self._server_run = server_run
        self._run_id = run_id
        self._log_id = cursor.log_id if live else None
        self._bytes_max = bytes_max
        self._label = label
        self._headers = headers or {}
        self._take_uploaded = take_uploaded
        self._on_stop = on_stop

    async def send(self, chunk: FoldedChunk, summary: str | None) -> None:
        """Return when the server has acknowledged all of the chunk.

        Raises:
            PermanentError: it refuses; the cursor still names the chunk as pending.

        Cancelled: likewise.
        """
        self.save_cursor(pending_end=chunk.next_offset)
        chunks = self._numbered(chunk)
        if summary is not None:
            chunks.append(summary_chunk(summary))
        for request in split_chunks(chunks, self._bytes_max):
            await self._post(request_body(request, **self._extra()))
        if chunk.preempting:
            await self._post(request_body((), preempting=True, **self._extra()))
        self.cursor = self.cursor.advanced()
        self.rows_uploaded = chunk.first_row + len(chunk.rows)
        self.last_progress_at = self._clock.now()

    async def send_summary(self, summary: str) -> None:
        """Send only the summary."""
        await self._post(request_body([summary_chunk(summary)], **self._extra()))

    async def beat(self) -> None:
        """A sign of life, with the names of uploaded files."""
        await self._post(request_body((), **self._extra()))

    async def complete(self, exit_code: int, *, crashed: bool) -> None:
        """The run's last request."""
        state = "crashed" if crashed and self._log_id else None
        await self._post(
            request_body(
                (), complete=True, exitcode=exit_code, state=state, **self._extra()
            )
        )

    def note_files_offset(self, offset: int) -> None:
        """Files announced below it are uploaded; written with the next cursor."""
        self.cursor = replace(self.cursor, files_offset=offset)

    def save_cursor(
        self, *, pending_end: int = 0, done: bool = False, durable: bool = False
    ) -> None:
        """Write the cursor. A full or read-only disk is told, not raised: the upload
        goes on, and after a crash more is sent again.
        """
        self.cursor = replace(self.cursor, pending_end=pending_end, done=done)
        try:
            save_cursor(self._log_path, self.cursor, durable=durable)
        except OSError as error:
            _log.warning("cursor_not_saved log=%s reason=%s", self._log_path, error)
            self._notifier.notify(
                "warning", f"cannot write beside {self._log_path}: {error.strerror}"
            )

    def _numbered(self, chunk: FoldedChunk) -> list[UploadChunk]:
        base = self.cursor.base
        chunks = []
        for file, first, lines in (
            (HISTORY, chunk.first_row, chunk.rows),
            (EVENTS, chunk.first_stats, chunk.stats),
        ):
            if lines:
                first_line = base.get(file, 0) + first
                chunks.append(UploadChunk(file, first_line, tuple(lines)))
        return chunks + self._console_ranges(chunk.console)

    def _console_ranges(self, lines: Sequence[ConsoleLine]) -> list[UploadChunk]:
        """Contiguous ranges: a request can hold one."""
        ranges: list[list[ConsoleLine]] = []
        for line in lines:
            if ranges and ranges[-1][-1].number + 1 == line.number:
                ranges[-1].append(line)
            else:
                ranges.append([line])
        base = self.cursor.base.get(OUTPUT, 0)
        return [
            UploadChunk(
                OUTPUT,
                base + found[0].number,
                tuple(line.plain(self._label) for line in found),
            )
            for found in ranges
        ]

    def _extra(self) -> dict[str, object]:
        return {"uploaded": self._take_uploaded(), "log_id": self._log_id}

    async def _post(self, body: bytes) -> None:
        run = self._server_run
        answer = await self._retries.call(
            lambda: self._client.post_file_stream(
                run.entity, run.project, self._run_id, body, self._headers
            )
        )
        self.last_post_at = self._clock.monotonic()
        if answer.stopped and not self.stop_requested:
            self.stop_requested = True
            if self._on_stop is not None:
                self._on_stop()
