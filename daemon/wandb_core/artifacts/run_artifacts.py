"""The artifacts of one log: queued, uploaded one after another, remembered."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from wandb_proto.v1.record_pb2 import Record

from wandb_core.artifacts.artifact_upload import ArtifactTools, ArtifactUpload
from wandb_core.artifacts.staged_files import remove_staged
from wandb_core.artifacts.state_file import (
    COMMITTED,
    FAILED,
    PENDING,
    Item,
    StateFile,
)
from wandb_core.channel import Channel
from wandb_core.errors import PermanentError
from wandb_core.model import Notifier
from wandb_core.transaction_log import LogReader

_log = logging.getLogger(__name__)

WAITING_MAX = 1_000_000
"""Only offsets wait: far more than a run logs."""


@dataclass(frozen=True, slots=True)
class AnnouncedArtifact:
    """A record of the log that names an artifact."""

    offset: int
    next_offset: int
    client_id: str
    """"" if it only says that a version was used."""


@dataclass(frozen=True, slots=True)
class ArtifactOutcome:
    """What became of an artifact."""

    state: str
    """pending | committed | failed"""
    artifact_id: str = ""
    error: str = ""


def known_outcome(log_path: Path, client_id: str) -> ArtifactOutcome | None:
    """What an earlier upload of the log noted about an artifact, wherever it went."""
    item = StateFile(log_path, None).of_client(client_id)
    if item is None:
        return None
    return ArtifactOutcome(item.state, item.artifact_id, item.error)


def has_failures(log_path: Path, destination: str) -> bool:
    """Whether an earlier upload of the log could not bring all artifacts there."""
    items = StateFile(log_path, destination).items.values()
    return any(item.state == FAILED for item in items)


class RunArtifacts:
    """Brings them to the server in the order of the log, which versions follow."""

    def __init__(
        self,
        log_path: Path,
        destination: str,
        tools: ArtifactTools,
        notifier: Notifier,
        on_progress: Callable[[], None],
    ) -> None:
        self._log_path = log_path
        self._tools = tools
        self._notifier = notifier
        self._on_progress = on_progress
        self._state = StateFile(log_path, destination)
        self._waiting: Channel[Item] = Channel(WAITING_MAX)
        self._upload: ArtifactUpload | None = None
        self._changed = asyncio.Event()
        self._waiting_count = 0
        self.failed_names: list[str] = []
        """Artifacts that will not come to the server by themselves."""

    @property
    def bytes_left(self) -> int:
        """Of the artifact that is on its way now."""
        return self._upload.bytes_left if self._upload else 0

    @property
    def count_left(self) -> int:
        """Artifacts that are not decided yet."""
        return self._waiting_count

    async def resume(self) -> None:
        """Take up what an earlier upload of the log left."""
        for item in self._state.pending():
            self._waiting_count += 1
            await self._waiting.send(replace(item, state=PENDING, error=""))

    def forget_offsets(self) -> None:
        """The log was written anew: its records are at other offsets now."""
        self._state.items.clear()
        self._state.seen = 0

    async def announce(self, announced: list[AnnouncedArtifact]) -> None:
        """Take up records; those that are known already are not taken twice.

        Raises:
            OSError: the state cannot be kept; nothing was taken.
        """
        new = [
            Item(found.offset, found.next_offset, found.client_id)
            for found in announced
            if found.offset >= self._state.seen
        ]
        if not new:
            return
        for item in new:
            self._state.put(item)
        await asyncio.to_thread(self._state.save)
        for item in new:
            self._waiting_count += 1
            await self._waiting.send(item)

    async def close(self) -> None:
        """No more will be announced."""
        await self._waiting.close()

    async def run(self) -> None:
        """Return when all that was announced is decided, after `close`.

        Cancelled: the state file says what is left.
        """
        async for item in self._waiting:
            await self._do(item)
            self._waiting_count -= 1

    async def outcome(self, client_id: str, wait_s: float) -> ArtifactOutcome:
        """What became of an artifact; pending if it is not decided within wait_s."""
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                while (found := self._decided(client_id)) is None:
                    self._changed.clear()
                    await self._changed.wait()
                return found
        return self._decided(client_id) or ArtifactOutcome(PENDING)

    def _decided(self, client_id: str) -> ArtifactOutcome | None:
        item = self._state.of_client(client_id)
        if item is None or item.state == PENDING:
            return None
        return ArtifactOutcome(item.state, item.artifact_id, item.error)

    async def _do(self, item: Item) -> None:
        name = "an artifact"
        try:
            record = await asyncio.to_thread(self._read, item)
            if record.WhichOneof("record_type") == "use_artifact":
                await self._use(record)
                done = replace(item, state=COMMITTED)
            else:
                name = f"artifact {record.artifact.name}"
                self._upload = ArtifactUpload(record.artifact, self._tools)
                artifact_id = await self._upload.run(self._on_progress)
                done = replace(item, state=COMMITTED, artifact_id=artifact_id)
        except (PermanentError, OSError) as error:
            done = replace(item, state=FAILED, error=str(error))
            self.failed_names.append(name)
            _log.warning("artifact_failed log=%s reason=%s", self._log_path, error)
            self._notifier.notify(
                "error",
                f"{name} was not uploaded: {error}. What it has staged is kept; once "
                "the cause is gone: wandb sync --include-synced "
                f"{self._log_path.parent}",
            )
        finally:
            self._upload = None
        await self._settle(done)
        if done.state == COMMITTED and done.client_id:
            await asyncio.to_thread(remove_staged, record.artifact)

    async def _settle(self, item: Item) -> None:
        self._state.put(item)
        try:
            await asyncio.to_thread(self._state.save)
        except OSError as error:  # it is done again then, which changes nothing
            _log.warning("artifact_state_not_kept reason=%s", error)
        self._changed.set()
        self._on_progress()

    async def _use(self, record: Record) -> None:
        tools, used = self._tools, record.use_artifact
        run = tools.server_run
        if used.id:
            await tools.attempts.call(
                lambda: tools.calls.use(used.id, run.entity, run.project, tools.run_id)
            )

    def _read(self, item: Item) -> Record:
        with LogReader(self._log_path, item.offset) as reader:
            found = reader.read(item.next_offset, 1)
        is_it = found and found[0].record.WhichOneof("record_type") in (
            "artifact",
            "use_artifact",
        )
        if not is_it:
            raise PermanentError(
                f"its record at offset {item.offset} of the log cannot be read"
            )
        return found[0].record
