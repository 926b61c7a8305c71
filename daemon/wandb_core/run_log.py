"""The writing side of one run: recover the log, apply batches, append.

```
 open ──► recover ──► stage(batches) ──► write_staged() ──► acknowledged
            │                                │ full disk: nothing was written,
            └ replay from the last           └ staged records stay, try again
              checkpoint
```

Everything here blocks and belongs to one thread at a time; `sync` alone may run beside
an append. A crash between two lines leaves either a batch whose carrier is in the log
(it counts) or records without a carrier at the end: `open` cuts them if a ring is there
to deliver them again, and keeps them if they exist nowhere else.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from google.protobuf.message import DecodeError
from wandb_proto import VERSION
from wandb_proto.v1.record_pb2 import Record, UploadTarget

from wandb_core import owner_mark
from wandb_core.console import ConsoleLine
from wandb_core.errors import (
    LogDamaged,
    LogLocked,
    LogOwnedElsewhere,
    RecordRejected,
)
from wandb_core.model import OWN_RECORDS, IncomingBatch, LoggedRecord
from wandb_core.owner_mark import Machine
from wandb_core.processor import RunProcessor
from wandb_core.settings import CoreSettings
from wandb_core.transaction_log import (
    FILE_HEADER,
    Files,
    LogReader,
    LogWriter,
    find_last_checkpoint,
)
from wandb_core.transaction_log.recovery import is_carrier


@dataclass(frozen=True, slots=True)
class StagedBatches:
    """What became of some batches that were applied."""

    next_sequences: dict[str, int]
    """By stream: to be acknowledged once the staged records are written."""
    record_count: int
    rejections: tuple[RecordRejected, ...] = ()


@dataclass(slots=True)
class _Replayed:
    tail: list[LoggedRecord] = field(default_factory=list)
    damages: list[LogDamaged] = field(default_factory=list)
    checkpoint_end: int = 0


class RunLog:
    """One log and the processor that turns records into it."""

    def __init__(
        self,
        path: Path,
        run_id: str,
        processor: RunProcessor,
        writer: LogWriter,
        settings: CoreSettings,
    ) -> None:
        self.path = path
        self.processor = processor
        self.new_processor = RunProcessor
        """What makes a processor; another one in tests."""
        self.last_words: Callable[[], Record | None] = lambda: None
        """Asked for what is to stand before the exit record."""
        self.on_console: Callable[[list[ConsoleLine]], None] = lambda _: None
        """Told which console lines are new or changed, once they are in the log."""
        self._run_id = run_id
        self.damages: list[LogDamaged] = []
        """Found when the log was opened; for the user."""
        self.cut_records = 0
        self._writer = writer
        self._settings = settings
        self._staged: list[bytes] = []
        self._checkpoint_end = writer.end

    @classmethod
    def open(
        cls,
        path: Path,
        run_id: str,
        machine: Machine,
        settings: CoreSettings,
        *,
        will_be_resent: bool,
        files: Files | None = None,
    ) -> "RunLog":
        """Create the log, or lock it and restore the state that it had.

        Args:
            will_be_resent: a ring of this log exists, so that records without their
                carrier come again and may be cut.

        Raises:
            LogOwnedElsewhere, LogLocked: somebody else appends to it.
            LogWriteFailed, OSError: it cannot be created or read.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        owner_mark.claim(path, machine)
        processor = RunProcessor(run_id, VERSION)
        if not path.exists():
            return cls(path, run_id, processor, LogWriter.create(path, files), settings)
        writer, recovery = LogWriter.append_to(path, files)
        try:
            log = cls(path, run_id, processor, writer, settings)
            log._recover(will_be_resent=will_be_resent)
            log.damages[:0] = [
                LogDamaged(path, damage.offset, damage.byte_count, damage.reason)
                for damage in recovery.damages
            ]
        except BaseException:
            writer.close()
            raise
        return log

    @property
    def end(self) -> int:
        return self._writer.end

    @property
    def exited(self) -> bool:
        """The exit record was applied (and is in the log once written)."""
        return bool(self.processor.exited)

    @property
    def target(self) -> UploadTarget | None:
        return self.processor.target

    def stage(self, batches: Sequence[IncomingBatch]) -> StagedBatches:
        """Apply batches in order; their log records wait for `write_staged`.

        Records that the log has already are dropped. A record that makes no sense is
        counted as rejected and passed over.
        """
        rejections: list[RecordRejected] = []
        next_sequences: dict[str, int] = {}
        record_count = 0
        for index, batch in enumerate(batches):
            if batch.stream_id == OWN_RECORDS:
                self._stage_own(batch)
                continue
            known = self.processor.next_sequence(batch.stream_id)
            end = batch.first_sequence + len(batch.records)
            next_sequences[batch.stream_id] = max(known, end)
            if end <= known:
                continue
            for sequence, data in enumerate(batch.records, batch.first_sequence):
                if sequence < known:
                    continue
                record_count += 1
                if (
                    rejection := self._apply(batch.stream_id, sequence, data)
                ) is not None:
                    rejections.append(rejection)
                if self.processor.has_new_target:
                    # Early in the log, where readers look: batches may be large.
                    self._stage_records(batch.stream_id, sequence + 1, checkpoint=False)
            last = index == len(batches) - 1
            self._stage_records(
                batch.stream_id, end, checkpoint=last and self._is_due()
            )
        return StagedBatches(next_sequences, record_count, tuple(rejections))

    def stage_sound(self, batches: Sequence[IncomingBatch]) -> StagedBatches:
        """After `stage` failed: find the records at fault, and stage all others.

        Slow: the log is replayed once for each record at fault.
        """
        faulty: dict[tuple[str, int], RecordRejected] = {}
        while True:
            self._staged.clear()
            self.processor = self.new_processor(self._run_id, VERSION)
            self._recover(will_be_resent=False)
            fault = self._stage_singly(batches, faulty.keys())
            if fault is None:
                break
            faulty[fault.stream_id, fault.sequence] = fault
        staged = self.stage(batches)  # all there already: only what to acknowledge
        return StagedBatches(
            staged.next_sequences,
            sum(len(batch.records) for batch in batches),
            tuple(faulty.values()),
        )

    def write_staged(self) -> int:
        """Append all that is staged in one write; returns the log's new end.

        Raises:
            LogWriteFailed: nothing was written, everything is still staged.
        """
        if self._staged:
            self._writer.append(self._staged)
            self._staged.clear()
        if lines := self.processor.take_console():
            self.on_console(lines)
        return self._writer.end

    def settle(self) -> bool:
        """Commit and append the row that is still open; False if there is none.

        For logs whose writers are all gone: what they left with `commit=False` or
        `step=` belongs to the run like everything else. Idempotent.

        Raises:
            LogWriteFailed: nothing was written; call it again.
        """
        if self.processor.known_streams and self.processor.close_open_row():
            self._stage_carrier()
        if not self._staged:
            return False
        self.write_staged()
        return True

    def sync(self) -> None:
        """Make what was written so far safe against power loss."""
        self._writer.sync()

    def summary(self) -> dict[str, object]:
        return dict(self.processor.summary())

    def close(self) -> None:
        """Unlock the log. What is still staged is not written: its ring has it."""
        self._writer.close()

    def _apply(
        self, stream_id: str, sequence: int, data: bytes
    ) -> RecordRejected | None:
        try:
            record = Record.FromString(data)
            if record.HasField("exit") and not self.exited:
                self._speak_last_words()
            self.processor.apply(stream_id, sequence, record)
        except RecordRejected as rejection:
            return rejection
        except DecodeError as error:
            return RecordRejected(stream_id, sequence, f"cannot be decoded: {error}")
        except Exception as error:  # the boundary of a run: whatever bindings may send
            return RecordRejected(stream_id, sequence, repr(error))
        return None

    def _speak_last_words(self) -> None:
        words = self.last_words()
        if words is not None and self.processor.run is not None:
            self.processor.add(words)

    def _stage_own(self, batch: IncomingBatch) -> None:
        """Core's own records: dropped where there is no run (any more) to add to."""
        if not self.processor.known_streams or self.exited:
            return
        for data in batch.records:
            self.processor.add(Record.FromString(data))
        self._stage_carrier()

    def _stage_carrier(self) -> None:
        """End a batch of which no stream sent anything."""
        stream_id = self.processor.known_streams[0]
        self._stage_records(
            stream_id, self.processor.next_sequence(stream_id), checkpoint=False
        )

    def _stage_singly(
        self, batches: Sequence[IncomingBatch], faulty: Collection[tuple[str, int]]
    ) -> RecordRejected | None:
        """Stage record by record; returns the first one at fault that is not known."""
        for batch in batches:
            if batch.stream_id == OWN_RECORDS:
                continue
            for sequence, data in enumerate(batch.records, batch.first_sequence):
                if sequence < self.processor.next_sequence(batch.stream_id):
                    continue
                if (batch.stream_id, sequence) not in faulty:
                    self._apply(batch.stream_id, sequence, data)
                try:
                    self._stage_records(batch.stream_id, sequence + 1, checkpoint=False)
                except Exception as error:  # the boundary of a run
                    return RecordRejected(batch.stream_id, sequence, repr(error))
        return None

    def _stage_records(
        self, stream_id: str, next_sequence: int, *, checkpoint: bool
    ) -> None:
        records = self.processor.finish_batch(
            stream_id, next_sequence, checkpoint=checkpoint
        )
        self._staged += records
        if checkpoint:
            self._checkpoint_end = self._writer.end

    def _is_due(self) -> bool:
        return (
            self._writer.end - self._checkpoint_end >= self._settings.checkpoint_bytes
        )

    def _recover(self, *, will_be_resent: bool) -> None:
        """Bring the processor to the state it had when the log was last written."""
        replayed = self._replay()
        self.damages += replayed.damages
        self._checkpoint_end = replayed.checkpoint_end
        if replayed.tail and will_be_resent:
            self.cut_records = len(replayed.tail)
            self._writer.truncate(replayed.tail[0].offset)
            return
        for logged in replayed.tail:
            self.processor.replay(logged.record)

    def _replay(self) -> _Replayed:
        """Replay batch by batch; the records after the last carrier are handed back."""
        result = _Replayed()
        start = len(FILE_HEADER)
        end = self._writer.end
        checkpoint = find_last_checkpoint(self.path, end)
        if checkpoint is not None:
            self.processor.restore(checkpoint.record.summary.carrier.checkpoint)
            start = result.checkpoint_end = checkpoint.next_offset
        with LogReader(self.path, start) as reader:
            while records := reader.read(end, self._settings.log_read_bytes_max):
                for logged in records:
                    self._replay_record(logged, result.tail)
        result.damages = [
            LogDamaged(self.path, damage.offset, damage.byte_count, damage.reason)
            for damage in reader.damages
        ]
        return result

    def _replay_record(self, logged: LoggedRecord, tail: list[LoggedRecord]) -> None:
        tail.append(logged)
        if not is_carrier(logged.record):
            return
        for committed in tail:
            self.processor.replay(committed.record)
        tail.clear()


def settle_log(
    path: Path, run_id: str, machine: Machine, settings: CoreSettings
) -> None:
    """`RunLog.settle` for a log of ours that lies there without any writer.

    Somebody who writes it after all is left alone; so is a log that cannot be opened.

    Raises:
        LogWriteFailed, OSError: the row could not be written.
    """
    try:
        log = RunLog.open(path, run_id, machine, settings, will_be_resent=False)
    except (LogLocked, LogOwnedElsewhere):
        return
    try:
        if log.settle():
            log.sync()
    finally:
        log.close()
