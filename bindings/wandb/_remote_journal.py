"""Which files of this host a core on another one is still to get, beside the ring.

```
<spool directory>/<stream id>.carry      JSON lines, appended
    {"noted": n, "logged": m, "open": [[name, policy], …]}   first line
    {"number": k, "sequence": s, "record": base64}   a record that names files
    {"logged": m}                        core has these records up to number m
```

A record is noted before it leaves the ring, so at any point it is in one of both. The
next process of this host finds the journal beside a dead writer's ring.
"""

import base64
import json
import os
from collections import deque
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from wandb_proto.ring import RingReader

COMPACT_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class NotedRecord:
    """A record that names files."""

    sequence: int
    """In its ring."""
    data: bytes
    number: int = 0
    """Among those that name files, from 1; set when it is noted."""


class Journal:
    """Of one stream. One thread at a time; a full disk only makes it forgetful."""

    def __init__(self, path: Path | None) -> None:
        """path: None keeps it in memory alone."""
        self.waiting: deque[NotedRecord] = deque()
        """What core has not logged yet, in order."""
        self.logged = 0
        """Core has the records up to this number."""
        self.noted = 0
        """Records of the ring up to this sequence are known."""
        self.open: dict[str, int] = {}
        """Policy of files that are to be sent again until the end."""
        self._path = path
        self._bytes = 0
        self._last = 0
        self._is_cut = False
        self._load()

    @classmethod
    def beside(cls, reader: RingReader) -> "Journal":
        """The journal of the ring's stream; what an earlier process left is there."""
        if reader.path is None:
            return cls(None)
        name = f"{reader.header.stream_id}.carry"
        return cls(reader.path.with_name(name))

    def note(self, record: NotedRecord) -> None:
        """Remember a record; one that is known already is not noted twice."""
        if record.sequence <= self.noted:
            return
        self._last += 1
        self.noted = record.sequence
        self.waiting.append(replace(record, number=self._last))
        text = base64.b64encode(record.data).decode()
        self._append(
            {"number": self._last, "sequence": record.sequence, "record": text}
        )

    def forget(self, count: int) -> None:
        """Core has logged the first so many that waited."""
        for _ in range(count):
            self.logged = self.waiting.popleft().number
        self._append({"logged": self.logged})
        if not self.waiting and self._bytes > COMPACT_BYTES:
            self._compact()

    def keep_open(self, name: str, policy: int) -> None:
        """Remember a file of the run for later; follows from its record, too."""
        self.open[name] = policy

    def remove(self) -> None:
        """Core has everything."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    # ---- the file --------------------------------------------------------------------

    def _load(self) -> None:
        try:
            content = self._path.read_bytes() if self._path else b""
        except OSError:
            return
        self._bytes = len(content)
        self._is_cut = bool(content) and not content.endswith(b"\n")
        records: list[NotedRecord] = []
        for line in content.splitlines():
            try:
                found: dict[str, Any] = json.loads(line)
            except ValueError:  # cut where its writer was killed
                continue
            if "open" in found:
                self.logged = self._last = found["logged"]
                self.noted, self.open = found["noted"], dict(found["open"])
            elif "sequence" in found:
                data = base64.b64decode(found["record"])
                self._last, self.noted = found["number"], found["sequence"]
                records.append(NotedRecord(self.noted, data, self._last))
            else:
                self.logged = found["logged"]
        self._last = max(self._last, self.logged)
        for record in records:
            if record.number > self.logged:
                self.waiting.append(record)
            else:
                self.open.update(files_of(record.data))

    def _append(self, fields: dict[str, Any]) -> None:
        if self._path is None:
            return
        line = b"\n" * self._is_cut + json.dumps(fields).encode() + b"\n"
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        try:
            descriptor = os.open(self._path, flags, 0o600)
            try:
                os.write(descriptor, line)
            finally:
                os.close(descriptor)
        except OSError:
            return  # it is known as long as this process lives
        self._is_cut = False
        self._bytes += len(line)

    def _compact(self) -> None:
        assert self._path is not None
        state = {
            "noted": self.noted,
            "logged": self.logged,
            "open": list(self.open.items()),
        }
        text = json.dumps(state).encode() + b"\n"
        partial = self._path.with_suffix(".carry-new")
        try:
            partial.write_bytes(text)
            os.replace(partial, self._path)
        except OSError:
            return
        self._bytes = len(text)


def files_of(data: bytes) -> list[tuple[str, int]]:
    """Names and policies of files that are to be looked at again: live and end."""
    from wandb_proto.v1 import record_pb2 as pb

    record = pb.Record.FromString(data)
    return [
        (item.path, int(item.policy))
        for item in record.files.files
        if item.policy != pb.FilesItem.NOW
    ]
