"""Brings the files of this host's run to a core on another host.

```
 ring ─► link ─ notes records that name files ─► Journal ─► carrier's thread
          │                                        │ files ══ CarryFile ══► core
          │ the run's end waits for the carrier    └ records ═ CarryRecords ═►
          └══ Publish ══► core: rows never wait
```

A record that names files goes to core a second time, after its files. Files of the
policy `live` are sent again whenever they changed, and at the end all that lies in the
run's directory: so it is after the death of a writer, too, when another process of its
host delivers what it left.
"""

import gzip
import json
import logging
import os
import shutil
import stat
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from wandb_proto.ring import RingReader
from wandb_proto.ring_reader import Batch

from wandb._core_calls import CoreCalls
from wandb._remote_journal import Journal, NotedRecord, files_of
from wandb._remote_sending import (
    CoreAway,
    FileRefused,
    FileSending,
    Line,
    State,
    ask,
    state_of,
)
from wandb._spool import Notify

_log = logging.getLogger(__name__)

LOOK_S = 1.0
"""How often live files are looked at."""
PAUSE_S = 5.0
"""The shortest time between two sendings of a live file."""
PAUSE_FACTOR = 10
"""A file whose sending took so long is not sent again before this many times that."""
RETRY_S_MIN, RETRY_S_MAX = 0.1, 5.0
FAILURES_MAX = 5
POLL_S = 0.02
RECORDS_MAX = 64
RECORD_BYTES_MAX = 8 << 20
FILES_MAX = 10_000
"""Of the run's directory, at the end; and live ones."""
FOLDER_CHARACTERS = 32
MANIFEST = "manifest"
_STAGING = ("artifacts", "staging")
_MEDIA_FOLDER = "media"


class Carrier:
    """The files of one stream. `note` and `end` are the link's, the rest its own."""

    def __init__(
        self,
        reader: RingReader,
        run: Any,
        notify: Notify,
        on_thread: Callable[[], None] = lambda: None,
    ) -> None:
        """run: RunRef with the log's name."""
        self._reader = reader
        self._run = run
        self._notify = notify
        self._on_thread = on_thread
        self._files_dir = Path(reader.header.log_path).parent / "files"
        self._journal = Journal.beside(reader)
        self._sending = FileSending()
        self._sent: dict[tuple[str, str], State] = {}
        self._live: dict[str, _Live] = {}
        self._told: set[str] = set()
        self._acknowledged = reader.tail_sequence
        """Records below it are in core's log; the ring lets go of whole batches."""
        self._line: Line | None = None
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._ending = False
        self._ended = False
        self._stopped = False
        self._given_up = False
        """We are at fault: the run must be able to end without its files."""
        self._thread: threading.Thread | None = None

    @property
    def moved(self) -> int:
        """Grows while it gets on."""
        return self._sending.sent_bytes + self._journal.logged

    def is_done(self, *, closing: bool) -> bool:
        """Whether core has all that it is to get so far; closing: at the end."""
        with self._lock:
            is_there = not self._journal.waiting and (self._ended or not closing)
            return is_there or self._given_up

    def note(self, batch: Batch) -> int:
        """Remember what names files; returns how many records come before the exit."""
        from wandb_proto.v1 import record_pb2 as pb

        for index, data in enumerate(batch.records):
            try:
                kind = pb.Record.FromString(data).WhichOneof("record_type")
            except ValueError:
                continue  # core says so
            if kind in ("files", "artifact"):
                with self._lock:
                    record = NotedRecord(batch.first_sequence + index, data)
                    self._journal.note(record)
                self._go_on()
            elif kind == "exit":
                return index
        return len(batch.records)

    def note_acknowledged(self, sequence: int) -> None:
        """Everything below is in core's log."""
        self._acknowledged = max(self._acknowledged, sequence)

    def end(self) -> None:
        """No more files come: send what is left, and live ones as they are now."""
        if not self._ending:
            self._ending = True
            self._go_on()

    def connect(self, calls: CoreCalls) -> None:
        """Core can be reached, until `disconnect`."""
        self._line = Line(calls, self._run)
        if self._thread is not None or not self.is_done(closing=False):
            self._go_on()

    def disconnect(self) -> None:
        """Its calls fail from now on."""
        self._line = None

    def stop(self, *, is_done: bool) -> None:
        """Give up, or forget all if core has everything."""
        self._stopped = True
        self._wake.set()
        if is_done:
            self._journal.remove()

    # ---- the carrier's thread --------------------------------------------------------

    def _go_on(self) -> None:
        self._wake.set()
        if self._thread is None and not self._stopped:
            name = f"wandb-carry-{self._reader.header.stream_id[:8]}"
            self._thread = threading.Thread(target=self._work, name=name, daemon=True)
            self._thread.start()

    def _work(self) -> None:
        self._on_thread()
        for name, policy in self._journal.open.items():
            self._keep(name, policy)
        delay_s, failures = RETRY_S_MIN, 0
        while not (self._stopped or self._given_up):
            self._wake.clear()
            line = self._line
            try:
                is_idle = line is None or self._step(line)
                delay_s, failures = RETRY_S_MIN, 0
                if is_idle:
                    self._wake.wait(LOOK_S)
            except CoreAway as problem:
                if problem.is_news:
                    self._tell(f"Files of the run wait on this machine: {problem}.")
                delay_s = min(2 * delay_s, RETRY_S_MAX)
                self._wake.wait(delay_s)
            except Exception as problem:  # a run's boundary: its rows go on
                _log.warning("carrier_failed", exc_info=True)
                failures += 1
                self._given_up = failures == FAILURES_MAX
                self._tell(f"Files of the run stay in {self._files_dir}: {problem!r}.")
                self._wake.wait(delay_s)

    def _step(self, line: Line) -> bool:
        """Do what is due; True if nothing was. Raises CoreAway."""
        with self._lock:
            records = _first(self._journal.waiting)
        if records:
            self._carry(line, records)
            return False
        if self._ending and not self._ended:
            self._carry_the_rest(line)
            with self._lock:
                self._ended = True
            return False
        if not self._ended:
            self._look(line)
        return True

    # ---- records and their files -----------------------------------------------------

    def _carry(self, line: Line, records: list[NotedRecord]) -> None:
        """Their files, then they themselves, once what stands before is in the log."""
        from wandb_proto.v1 import core_service_pb2 as service
        from wandb_proto.v1 import record_pb2 as pb

        made = [pb.Record.FromString(record.data) for record in records]
        for record in made:
            if record.WhichOneof("record_type") == "artifact":
                self._send_artifact(line, record.artifact)
            else:
                self._send_files(line, record.files)
        while self._acknowledged <= records[-1].sequence:
            if self._stopped or self._line is not line:
                raise CoreAway("the connection was lost")
            time.sleep(POLL_S)
        request = service.CarryRecordsRequest(
            run=self._run,
            stream_id=self._reader.header.stream_id,
            first_sequence=records[0].number,
            records=[record.SerializeToString() for record in made],
        )
        try:
            answer = ask(line, "CarryRecords", (request,))
        except FileRefused as problem:
            self._notify("error", f"Core refuses files of this run: {problem}.")
            answer = service.CarryRecordsResponse()
        if answer.missing:
            self._sent.clear()
            raise CoreAway(f"it lost {answer.missing[0]}")
        self._note_logged(records)

    def _note_logged(self, records: list[NotedRecord]) -> None:
        with self._lock:
            for record in records:
                for name, policy in files_of(record.data):
                    self._journal.keep_open(name, policy)
                    self._keep(name, policy)
            self._journal.forget(len(records))
        for key in [key for key in self._sent if key[0]]:
            del self._sent[key]
        for record in records:
            _remove_staged(record.data)

    def _send_files(self, line: Line, record: Any) -> None:
        """Leaves out of the record what cannot be sent."""
        from wandb_proto.v1 import record_pb2 as pb

        kept = [
            item
            for item in record.files
            if item.policy == pb.FilesItem.END or self._send_one(line, item.path)
        ]
        if len(kept) != len(record.files):
            record.CopyFrom(pb.FilesRecord(files=kept))

    def _send_one(self, line: Line, name: str) -> bool:
        """False, and told, if it cannot be sent."""
        path = self._files_dir / name
        try:
            self._send(line, path, "", name)
        except FileRefused as problem:
            self._tell(f"{name} was not uploaded: {problem}")
            return False
        return True

    def _send(self, line: Line, path: Path, artifact: str, name: str) -> None:
        """Unless core has it as it is now."""
        try:
            found = os.stat(path)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", "") or str(error)
            raise FileRefused(reason) from error
        if not stat.S_ISREG(found.st_mode):
            raise FileRefused("it is no regular file")
        state = state_of(found)
        if self._sent.get((artifact, name)) != state:
            sent = self._sending.send(line, path, artifact, name)
            self._sent[artifact, name] = sent

    # ---- artifacts -------------------------------------------------------------------

    def _send_artifact(self, line: Line, record: Any) -> None:
        """Puts numbers where paths were. A file that is gone keeps its path: core then
        says in the artifact's outcome which one misses.
        """
        artifact = record.client_id[:FOLDER_CHARACTERS]
        manifest = record.manifest
        for number, entry in enumerate(manifest.contents):
            if entry.local_path and not entry.ref:
                entry.local_path = self._send_entry(
                    line, entry.local_path, artifact, number
                )
        if manifest.manifest_file_path:
            manifest.manifest_file_path = self._send_manifest(
                line, Path(manifest.manifest_file_path), artifact
            )

    def _send_entry(self, line: Line, path: str, artifact: str, number: int) -> str:
        try:
            self._send(line, Path(path), artifact, str(number))
        except FileRefused:
            return path
        return str(number)

    def _send_manifest(self, line: Line, path: Path, artifact: str) -> str:
        target = path.with_name(f"{path.name}.carried")
        try:
            with (
                gzip.open(path, "rb") as read,
                gzip.open(target, "wb", compresslevel=1) as write,
            ):
                for number, text in enumerate(read):
                    entry = json.loads(text)
                    local = entry.get("local_path")
                    if local and not entry.get("ref"):
                        entry["local_path"] = self._send_entry(
                            line, local, artifact, number
                        )
                    write.write(json.dumps(entry).encode() + b"\n")
            self._send(line, target, artifact, MANIFEST)
        except (OSError, ValueError, FileRefused):
            return str(path)
        return MANIFEST

    # ---- files that are sent again ---------------------------------------------------

    def _keep(self, name: str, policy: int) -> None:
        from wandb_proto.v1 import record_pb2 as pb

        if policy == pb.FilesItem.LIVE and len(self._live) < FILES_MAX:
            self._live.setdefault(name, _Live())

    def _look(self, line: Line) -> None:
        """Send live files that changed and are not being written just now."""
        now = time.monotonic()
        for name, live in list(self._live.items()):
            try:
                state = state_of(os.stat(self._files_dir / name))
            except (OSError, ValueError):
                continue
            is_stable, live.seen = state == live.seen, state
            is_news = state != self._sent.get(("", name))
            if is_news and is_stable and now >= live.not_before:
                began = time.monotonic()
                self._send_one(line, name)
                ended = time.monotonic()
                pause_s = max(PAUSE_S, PAUSE_FACTOR * (ended - began))
                live.not_before = ended + pause_s

    def _carry_the_rest(self, line: Line) -> None:
        names = dict.fromkeys(self._journal.open)
        if self._reader.header.primary:
            names |= dict.fromkeys(_user_files(self._files_dir))
        for name in names:
            if self._stopped:
                raise CoreAway("the process ends")
            self._send_one(line, name)

    def _tell(self, text: str) -> None:
        """Once each."""
        if text not in self._told:
            self._told.add(text)
            self._notify("warning", text)


class _Live:
    """What is known of a live file."""

    def __init__(self) -> None:
        self.seen: State | None = None
        self.not_before = 0.0


def _first(records: Iterable[NotedRecord]) -> list[NotedRecord]:
    """As many as go at once; at least one, if there is any."""
    found: list[NotedRecord] = []
    byte_count = 0
    for record in records:
        byte_count += len(record.data)
        is_full = len(found) == RECORDS_MAX or byte_count > RECORD_BYTES_MAX
        if found and (is_full or record.number != found[-1].number + 1):
            break
        found.append(record)
    return found


def _user_files(folder: Path) -> Iterator[str]:
    """What lies in the run's directory, media excepted: their records name those."""
    count = 0
    for parent, folders, files in os.walk(folder):
        relative = Path(parent).relative_to(folder)
        if relative == Path():
            folders[:] = [name for name in folders if name != _MEDIA_FOLDER]
        for name in files:
            count += 1
            if count > FILES_MAX:
                return
            yield (relative / name).as_posix()


def _remove_staged(data: bytes) -> None:
    """The staging folder of an artifact that core has; nothing else."""
    from wandb_proto.v1 import record_pb2 as pb

    record = pb.Record.FromString(data).artifact
    name = record.client_id[:FOLDER_CHARACTERS]
    if len(name) < FOLDER_CHARACTERS or not name.isalnum():
        return
    paths = [entry.local_path for entry in record.manifest.contents]
    paths.append(record.manifest.manifest_file_path)
    for text in filter(None, paths):
        folder = Path(text).parent
        if folder.name == name and folder.parts[-3:-1] == _STAGING:
            shutil.rmtree(folder, ignore_errors=True)
            return
