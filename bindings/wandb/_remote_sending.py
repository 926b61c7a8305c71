"""One file on its way to a core on another host.

```
 open ─► large? ask what core has ─► same beginning? go on behind it
      └► pieces of 1 MiB ─► unchanged meanwhile? the last one, with SHA-256
                            └ changed: the call ends without it, from the beginning
```
"""

import hashlib
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from wandb._core_calls import CallError, Code, CoreCalls

PART_BYTES = 1 << 20
BYTES_PER_S_MAX = 256 << 20
"""One process's share of the network and of its host's memory bandwidth."""
ATTEMPTS = 3
"""A file that always changes is sent as it is at last."""

State = tuple[int, int, int]
"""Bytes, time of change in ns, inode."""


class FileRefused(Exception):
    """The file cannot be sent, now or later; the message says why."""


class CoreAway(Exception):
    """Core cannot take it just now; the message says why."""

    is_news = False
    """The user should know: it is not the connection, which the link tells of."""


@dataclass(frozen=True, slots=True)
class Line:
    """The connection to core, for as long as it holds."""

    calls: CoreCalls
    run: Any
    """RunRef with the log's name."""


class _Changed(Exception):
    """The file is not what it was when its sending began."""


class FileSending:
    """Sends files one after another, at a limited speed. For one thread."""

    def __init__(self) -> None:
        self.sent_bytes = 0
        """In all, to show that it moves."""

    def send(self, line: Line, path: Path, artifact: str, name: str) -> State:
        """Return when core has the file; what it was then.

        Raises:
            FileRefused: it is not there, or core takes no such file.
            CoreAway: try again later.
        """
        for attempt in range(ATTEMPTS):
            try:
                with path.open("rb") as file:
                    state = state_of(os.fstat(file.fileno()))
                    must_last = attempt + 1 < ATTEMPTS
                    self._send(line, file, state, (artifact, name), must_last)
                return state
            except OSError as error:
                raise FileRefused(error.strerror or str(error)) from error
            except _Changed:
                continue
        raise AssertionError("the last attempt does not ask for changes")

    def _send(
        self,
        line: Line,
        file: BinaryIO,
        state: State,
        place: tuple[str, str],
        must_last: bool,
    ) -> None:
        from wandb_proto.v1 import core_service_pb2 as pb

        carried = pb.CarriedFile(artifact=place[0], name=place[1], byte_count=state[0])
        offset, sha256 = 0, hashlib.sha256()
        if state[0] > PART_BYTES:
            offset, sha256 = self._known(line, file, carried)
        file.seek(offset)
        parts = _Parts(self, line.run, carried, file, (offset, sha256), state)
        parts.must_last = must_last
        try:
            ask(line, "CarryFile", parts.generate())
        finally:
            if parts.failure is not None:
                raise parts.failure

    def _known(
        self, line: Line, file: BinaryIO, carried: Any
    ) -> tuple[int, "hashlib._Hash"]:
        """How much core has of just this file, and the hash over it."""
        from wandb_proto.v1 import core_service_pb2 as pb

        request = pb.FindCarriedRequest(run=line.run, file=carried)
        found = ask(line, "FindCarried", (request,))
        sha256, left = hashlib.sha256(), found.byte_count
        while left and (data := file.read(min(left, PART_BYTES))):
            sha256.update(data)
            left -= len(data)
        if left or found.byte_count > carried.byte_count:
            return 0, hashlib.sha256()
        if sha256.digest() != found.sha256:
            return 0, hashlib.sha256()
        return found.byte_count, sha256

    def pace(self, began: float, byte_count: int) -> None:
        """Count what was sent; wait where it goes too fast."""
        self.sent_bytes += byte_count
        ahead_s = began + byte_count / BYTES_PER_S_MAX - time.monotonic()
        if ahead_s > 0:
            time.sleep(ahead_s)


class _Parts:
    """The messages of one call."""

    def __init__(
        self,
        sending: FileSending,
        run: Any,
        carried: Any,
        file: BinaryIO,
        known: tuple[int, "hashlib._Hash"],
        state: State,
    ) -> None:
        self.failure: Exception | None = None
        self.must_last = True
        self._sending = sending
        self._run = run
        self._carried = carried
        self._file = file
        self._offset, self._sha256 = known
        self._state = state

    def generate(self) -> Iterator[Any]:
        """Ends without the last part if the file changed; `failure` says so then."""
        try:
            yield from self._parts()
        except (OSError, _Changed) as error:
            self.failure = error  # the call ends as it should: core keeps what it has

    def _parts(self) -> Iterator[Any]:
        from wandb_proto.v1 import core_service_pb2 as pb

        size, is_first = self._state[0], True
        while is_first or self._offset < size:
            began = time.monotonic()
            data = self._file.read(min(PART_BYTES, size - self._offset))
            if not data and self._offset < size:
                raise _Changed  # it was cut
            self._sha256.update(data)
            part = pb.FilePart(offset=self._offset, data=data)
            if is_first:
                part.run.CopyFrom(self._run)
                part.file.CopyFrom(self._carried)
            self._offset += len(data)
            if self._offset == size:
                self._check()
                part.sha256 = self._sha256.digest()
            is_first = False
            yield part
            self._sending.pace(began, len(data))

    def _check(self) -> None:
        if self.must_last and state_of(os.fstat(self._file.fileno())) != self._state:
            raise _Changed


def state_of(found: os.stat_result) -> State:
    """What a file is recognised by."""
    return found.st_size, found.st_mtime_ns, found.st_ino


def ask(line: Line, method: str, requests: Iterable[Any]) -> Any:
    """One question to core, with one message or several.

    Raises:
        FileRefused: core refuses it for good.
        CoreAway: try again later.
    """
    try:
        return line.calls.ask_in_parts(method, requests)
    except CallError as error:
        refusals = (
            *(Code.INVALID_ARGUMENT, Code.UNIMPLEMENTED, Code.PERMISSION_DENIED),
            Code.UNKNOWN,  # an error of core's own must not hold up the run's end
        )
        if error.code in refusals:
            raise FileRefused(str(error)) from error
        away = CoreAway(str(error))
        away.is_news = error.code == Code.RESOURCE_EXHAUSTED
        raise away from error
