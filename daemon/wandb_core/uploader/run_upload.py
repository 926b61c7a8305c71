"""The tail of a log on its way to the server: chunks, files, config, and the end."""

import asyncio
import logging
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from wandb_core.artifacts import ArtifactTools, RunArtifacts
from wandb_core.errors import PermanentError
from wandb_core.server_client import ServerClient
from wandb_core.server_client.artifact_calls import ArtifactCalls
from wandb_core.uploader.announced_files import AnnouncedFiles
from wandb_core.uploader.chunk_sender import ChunkSender
from wandb_core.uploader.console_text import ConsoleText
from wandb_core.uploader.context import UploadContext
from wandb_core.uploader.cursor import HISTORY
from wandb_core.uploader.final_files import CONSOLE, OWNED_BY_PRIMARY, final_files
from wandb_core.uploader.fold_file import forget_fold, load_fold, save_fold
from wandb_core.uploader.log_folder import FIRST_OFFSET, FoldedChunk, LogFolder
from wandb_core.uploader.oversize import oversize_path, shorten
from wandb_core.uploader.resume import merge_summary
from wandb_core.uploader.run_files import RunFiles
from wandb_core.uploader.run_updates import RunUpdates
from wandb_core.uploader.start import StartedRun

_log = logging.getLogger(__name__)

EXIT_CODE_WITHOUT_EXIT = 1
WAIT_S_MAX = 30.0
SLOT_CHECK_S = 0.25
"""How soon `hurry` is noticed."""
MEDIA_PREFIX = "media/"


class RunUpload:
    """Everything between the start of a run at the server and its last request."""

    def __init__(
        self,
        context: UploadContext,
        client: ServerClient,
        started: StartedRun,
        on_stop: Callable[[], None] | None = None,
    ) -> None:
        self._context = context
        self._client = client
        self._started = started
        settings = context.settings
        self._files = RunFiles(
            client,
            context.retries,
            context.notifier,
            context.path.parent / "files",
            started.server_run,
            context.run_id,
            self._note_progress,
        )
        self._files.done_offset = started.cursor.files_offset
        self._announced = AnnouncedFiles(context, self._files)
        self.sender = ChunkSender(
            client,
            context.retries,
            context.notifier,
            context.clock,
            log_path=context.path,
            cursor=started.cursor,
            server_run=started.server_run,
            run_id=context.run_id,
            live=started.live,
            bytes_max=settings.chunk_bytes_max,
            label=context.target.label,
            headers=context.line_headers,
            take_uploaded=self._files.take_uploaded,
            on_stop=on_stop,
        )
        self.artifacts = RunArtifacts(
            context.path,
            context.destination_text,
            ArtifactTools(
                client,
                ArtifactCalls(client),
                context.retries,
                started.server_run,
                context.run_id,
            ),
            context.notifier,
            self._note_progress,
        )
        self._updates = RunUpdates(context, client, started)
        self._folder = self._new_folder()
        self._console = ConsoleText(context.path)
        self._interval_s = (
            settings.live_interval_s if started.live else settings.upload_interval_s
        )
        self._next_post_at = 0.0
        self._told_damages = 0
        self._fold_offset = 0

    def _note_progress(self) -> None:
        self.sender.last_progress_at = self._context.clock.now()

    def _new_folder(self) -> LogFolder:
        settings, cursor = self._context.settings, self._started.cursor
        return LogFolder(
            self._context.path,
            starting_step=cursor.starting_step,
            read_bytes_max=settings.log_read_bytes_max,
            row_bytes_max=settings.row_bytes_max,
            label=self._context.target.label,
            first_line=cursor.base.get(HISTORY, 0),
            earlier_runtime_s=self._started.earlier_runtime_s,
        )

    @property
    def rows_total(self) -> int:
        """Rows read from the log so far."""
        return self._folder.state.history_line_count

    @property
    def files_sent(self) -> tuple[int, int]:
        """How many media and how many other files of the run."""
        names = self._files.uploaded
        media = sum(name.startswith(MEDIA_PREFIX) for name in names)
        return media, len(names) - media

    @property
    def missing_files(self) -> tuple[str, ...]:
        return (*self._files.missing, *self.artifacts.failed_names)

    async def run(self) -> None:
        """Return when the ended log is acknowledged as a whole.

        Raises:
            PermanentError: the server refuses for good.
            OSError: the log cannot be read.

        Cancelled: the cursor is valid.
        """
        failure: PermanentError | OSError | None = None
        try:
            async with asyncio.TaskGroup() as tasks:
                files_task = tasks.create_task(self._files.run())
                artifacts_task = tasks.create_task(self.artifacts.run())
                await self.artifacts.resume()
                await self._catch_up()
                live_task = tasks.create_task(self._announced.watch())
                await self._follow()
                live_task.cancel()
                await self._files.waiting.close()
                await self.artifacts.close()
                await files_task
                await self._wait_for_artifacts(artifacts_task)
                await self._finish()
        except* (PermanentError, OSError) as group:
            failure = _first_error(group)
        finally:
            self._folder.close()
        if failure is not None:
            raise failure

    async def _wait_for_artifacts(self, task: asyncio.Task[None]) -> None:
        """Large ones take long: the server hears meanwhile that the run is there."""
        while not task.done():
            await asyncio.wait({task}, timeout=self._context.settings.heartbeat_s)
            if not task.done():
                await self.sender.beat()
        await task

    # ---- from the start to where an earlier upload was ------------------------------

    async def _catch_up(self) -> None:
        """Fold what the server has; then send the chunk that it maybe has again."""
        if self.sender.cursor.offset > FIRST_OFFSET:
            await asyncio.to_thread(self._restore_fold)
        if not await self._skip_acknowledged():
            await self._begin_anew()
        self.sender.rows_uploaded = self._folder.state.history_line_count
        self._updates.mark_dirty()
        pending_end = self.sender.cursor.pending_end
        if pending_end > self._folder.offset:
            pending = await asyncio.to_thread(self._folder.chunk_until, pending_end)
            if self._ends_in_damage(pending_end):
                await self._begin_anew()
            elif pending is not None:
                await self._send(pending)

    async def _skip_acknowledged(self) -> bool:
        """Fold up to the cursor; False if no record of this log ends there."""
        offset = self.sender.cursor.offset
        while self._folder.offset < offset:
            chunk = await asyncio.to_thread(self._folder.skip, offset)
            if chunk is None:
                break
            await self._announced.announce(chunk, self._folder.state)
            await self.artifacts.announce(chunk.artifacts)
            await asyncio.to_thread(self._console.apply, chunk.console)
        return not self._ends_in_damage(offset)

    def _ends_in_damage(self, offset: int) -> bool:
        """After a loss of power the log may have been written anew, with the same rows
        at other offsets: then the cursor points into the middle of a record.
        """
        return any(
            damage.offset < offset <= damage.offset + damage.byte_count
            for damage in self._folder.damages
        )

    async def _begin_anew(self) -> None:
        """Send everything again: lines keep their numbers, so nothing is doubled."""
        _log.warning("cursor_off_record log=%s", self._context.path)
        self._folder.close()
        self._folder = self._new_folder()
        self._console = ConsoleText(self._context.path)
        self.artifacts.forget_offsets()
        self._fold_offset = 0
        self.sender.cursor = replace(self.sender.cursor, offset=0, pending_end=0)

    def _restore_fold(self) -> None:
        cursor = self.sender.cursor
        found = load_fold(self._context.path, cursor.log_id, cursor.offset)
        if found is None:
            return
        state, offset = found
        self._console.restore(state.console.count)
        if self._console.is_broken:
            self._console = ConsoleText(self._context.path)
            return
        self._folder.restore(state, offset)
        self._fold_offset = offset

    # ---- following the log -----------------------------------------------------------

    async def _follow(self) -> None:
        """Send chunks until the log has ended and all of it is acknowledged."""
        progress = self._context.progress
        while True:
            ended = progress.ended()
            end = progress.committed_end()
            if self._folder.offset >= end:
                if ended:
                    return
                await self._idle(end)
                continue
            await self._wait_for_slot()
            end = progress.committed_end()
            chunk = await asyncio.to_thread(self._folder.next_chunk, end)
            if chunk is not None:
                await self._send(chunk)
                await self._updates.send_if_due(self._folder.state)

    async def _idle(self, known_end: int) -> None:
        """Wait for the log to grow; meanwhile say what else there is to say."""
        now = self._context.clock.monotonic()
        await self._updates.send_if_due(self._folder.state)
        beat_in_s = self.sender.last_post_at + self._context.settings.heartbeat_s - now
        if beat_in_s <= 0:
            await self.sender.beat()
            return
        waits = [beat_in_s, WAIT_S_MAX]
        if (due_in_s := self._updates.due_in_s()) is not None:
            waits.append(due_in_s)
        await self._context.progress.changed(known_end, max(0.01, min(waits)))

    async def _wait_for_slot(self) -> None:
        """Let lines gather, unless there are plenty already or no more come."""
        progress = self._context.progress
        while not progress.ended():
            left_s = self._next_post_at - self._context.clock.monotonic()
            end = progress.committed_end()
            waiting = end - self._folder.offset
            if left_s <= 0 or waiting >= self._context.settings.log_read_bytes_max:
                return
            await self._updates.send_if_due(self._folder.state)
            await progress.changed(end, min(left_s, SLOT_CHECK_S))

    def hurry(self) -> None:
        """Somebody waits for what the log says next: let no more lines gather."""
        self._next_post_at = 0.0

    async def _send(self, chunk: FoldedChunk) -> None:
        self._tell_damages()
        if self._context.destination.leaves_console:
            chunk.console.clear()
        await self._announced.announce(chunk, self._folder.state)
        await self.artifacts.announce(chunk.artifacts)
        await self._upload_oversize(chunk)
        summary = None
        if chunk.summary_changed:
            summary = await asyncio.to_thread(self._summary)
        if chunk.console:
            await asyncio.to_thread(self._console.apply, chunk.console)
        self._next_post_at = self._context.clock.monotonic() + self._interval_s
        self.sender.note_files_offset(self._files.done_offset)
        await self.sender.send(chunk, summary)
        await self._send_alerts(chunk)
        await self._save_fold()

    async def _upload_oversize(self, chunk: FoldedChunk) -> None:
        first_line = self._started.cursor.base.get(HISTORY, 0)
        for ordinal, text in chunk.oversize_rows:
            name = oversize_path(first_line + ordinal)
            with tempfile.TemporaryDirectory(prefix="wandb-oversize-") as folder:
                path = Path(folder) / "row.json"
                await asyncio.to_thread(path.write_text, text, "utf-8")
                await self._files.upload_from({name: path})
            self._context.notifier.notify(
                "warning",
                f"A row of more than {self._context.settings.row_bytes_max} bytes was "
                f"uploaded as the file {name}; log large values as files or media.",
            )

    async def _send_alerts(self, chunk: FoldedChunk) -> None:
        run = self._started.server_run
        for alert in chunk.alerts:
            variables = {
                "entityName": run.entity,
                "projectName": run.project,
                "runName": self._context.run_id,
                "title": alert.title,
                "text": alert.text,
                "severity": alert.level or None,
                "waitDuration": alert.wait_duration or None,
            }
            try:
                await self._context.retries.call(
                    lambda variables=variables: self._client.alert(variables)  # type: ignore[misc]
                )
            except PermanentError as refusal:
                self._context.notifier.notify("warning", f"alert not sent: {refusal}")

    def _summary(self) -> str:
        text = merge_summary(
            self._started.earlier_summary_json, self._folder.state.summary_json()
        )
        limit = self._context.settings.row_bytes_max
        return shorten(text, limit) if len(text) * 4 > limit else text

    def _tell_damages(self) -> None:
        damages = self._folder.damages
        for damage in damages[self._told_damages :]:
            self._context.notifier.notify(
                "warning",
                f"{self._context.path}: {damage.byte_count} bytes from offset "
                f"{damage.offset} cannot be read: {damage.reason}",
            )
        self._told_damages = len(damages)

    async def _save_fold(self) -> None:
        """Now and then keep the fold, so that a restart need not read all again."""
        offset = self._folder.offset
        if offset - self._fold_offset >= self._context.settings.checkpoint_bytes:
            self._fold_offset = offset
            await asyncio.to_thread(self._keep_fold, offset)

    def _keep_fold(self, offset: int) -> None:
        self._console.flush()
        log_id = self.sender.cursor.log_id
        save_fold(self._context.path, log_id, self._folder.state, offset)

    # ---- the end ---------------------------------------------------------------------

    async def _finish(self) -> None:
        await self._updates.send_if_due(self._folder.state, now=True)
        made: tuple[str, ...] = OWNED_BY_PRIMARY
        if not self._context.target.secondary:
            made = await self._upload_made_files()
        await self._announced.upload_rest(self._folder.state, made)
        await self._complete()
        self.sender.note_files_offset(self._files.done_offset)
        self.sender.save_cursor(done=True, durable=True)
        forget_fold(self._context.path)
        self._console.forget()

    async def _upload_made_files(self) -> tuple[str, ...]:
        """The files that the log itself makes; their names."""
        state = self._folder.state
        with tempfile.TemporaryDirectory(prefix="wandb-final-") as folder:
            made = await asyncio.to_thread(
                final_files,
                state,
                self._context.path,
                Path(folder),
                config_json=self._updates.config_json(state),
                summary_json=merge_summary(
                    self._started.earlier_summary_json, state.summary_json()
                ),
            )
            if console := await asyncio.to_thread(self._console.publish):
                made[CONSOLE] = console
            await self._files.upload_from(
                {
                    name: path
                    for name, path in made.items()
                    if self._announced.takes(name, state)
                }
            )
        return tuple(made)

    async def _complete(self) -> None:
        found = self._folder.state.exit
        if self._context.target.leaves_run_open or (found and found.not_complete):
            await self.sender.beat()
        elif found is None:
            await self.sender.complete(EXIT_CODE_WITHOUT_EXIT, crashed=True)
        else:
            await self.sender.complete(found.exit_code, crashed=False)


def _first_error(
    group: BaseExceptionGroup[PermanentError | OSError],
) -> PermanentError | OSError:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, PermanentError | OSError)
    return error
