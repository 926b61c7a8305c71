"""Following a log that another process writes: `wandb sync --live`.

```
 poll ─► whole records behind the last ones ─► committed_end ─► uploader
   └► exit record and quiet, or (ours) nobody holds its lock ─► ended
```

In a log of ours only whole batches count: after a crash core may write the records
behind the last carrier anew.
"""

import asyncio
import time
from pathlib import Path

from wandb_core.model import LoggedRecord
from wandb_core.transaction_log import LogReader
from wandb_core.transaction_log.lock import is_locked

POLL_S = 0.25
QUIET_S = 2.0
"""After the exit record: so long nothing more was written."""
GONE_S = 15.0
"""Without one: so long nobody held the lock of a log of ours."""


class GrowingLog:
    """Implements `LogProgress` by looking at the file again and again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen = 0
        self._end = 0
        self._is_ours = False
        self._exited = False
        self._moved_at = time.monotonic()

    def committed_end(self) -> int:
        return self._end

    def ended(self) -> bool:
        quiet_s = time.monotonic() - self._moved_at
        if self._exited:
            return quiet_s >= QUIET_S
        return self._is_ours and quiet_s >= GONE_S

    async def changed(self, known_end: int, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        was_ended = self.ended()
        while True:
            await asyncio.to_thread(self._look)
            left_s = deadline - time.monotonic()
            if self._end != known_end or self.ended() != was_ended or left_s <= 0:
                return
            await asyncio.sleep(min(POLL_S, left_s))

    def _look(self) -> None:
        """Take in what is new; blocks."""
        with LogReader(self.path, self._seen) as reader:
            while logged := reader.read():
                self._moved_at = time.monotonic()
                for entry in logged:
                    self._take(entry)
            self._seen = reader.offset
        if self._is_ours and not self._exited and is_locked(self.path):
            self._moved_at = time.monotonic()

    def _take(self, entry: LoggedRecord) -> None:
        self._exited |= entry.record.HasField("exit")
        is_carrier = entry.record.summary.HasField("carrier")
        self._is_ours |= is_carrier
        if is_carrier or not self._is_ours:
            self._end = entry.next_offset
