"""Files of a running run that are uploaded again whenever they changed.

```
 look, every few seconds ─► same as uploaded?           leave it
                          ─► same as at the last look?  no: it is being written, wait
                          ─► uploaded long enough ago?  upload, remember what it was
```

A file is recognised by size, time of change and inode; what it is before an upload
begins is what counts as uploaded, so a change during it is seen later.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from wandb_core.clock import Clock

State = tuple[int, int, int]
"""Bytes, time of change in ns, inode."""

FILES_MAX = 10_000
PAUSE_FACTOR = 10
"""An upload that took so long is not repeated before this many times as long."""


@dataclass(slots=True)
class _Watched:
    uploaded: State | None = None
    seen: State | None = None
    next_upload_at: float = 0.0


class LiveFiles:
    """Looks at files below the run's `files/` while the run runs."""

    def __init__(
        self,
        files_dir: Path,
        clock: Clock,
        upload: Callable[[Iterable[str]], Awaitable[None]],
        *,
        look_s: float,
        pause_s: float,
    ) -> None:
        """look_s: between two looks. pause_s: between two uploads of one file."""
        self._files_dir = files_dir
        self._clock = clock
        self._upload = upload
        self._look_s = look_s
        self._pause_s = pause_s
        self._watched: dict[str, _Watched] = {}
        self._watching = asyncio.Event()

    def watch(self, name: str) -> None:
        """Upload this file now and whenever it changed; beyond a limit at the end only.

        Idempotent. Not by looking if the file is uploaded otherwise: see `forget`.
        """
        if len(self._watched) < FILES_MAX:
            self._watched.setdefault(name, _Watched())
            self._watching.set()

    def forget(self, name: str) -> None:
        """Its policy is another one now."""
        self._watched.pop(name, None)
        if not self._watched:
            self._watching.clear()

    async def run(self) -> None:
        """Look until cancelled. Cancelled: a file may be uploaded in part, which the
        server then does not know of.
        """
        while True:
            await self._watching.wait()
            await self._clock.sleep(self._look_s)
            await self.look()

    async def look(self) -> None:
        """Upload what changed and is not being written just now."""
        states = await asyncio.to_thread(self._states, list(self._watched))
        now = self._clock.monotonic()
        due = {}
        for name, state in states.items():
            known = self._watched.get(name)
            if known is None or state is None:
                continue
            is_stable, known.seen = state == known.seen, state
            if state != known.uploaded and is_stable and now >= known.next_upload_at:
                due[name] = state
        for name, state in due.items():
            began = self._clock.monotonic()
            await self._upload([name])
            ended = self._clock.monotonic()
            if (known := self._watched.get(name)) is not None:
                known.uploaded = state
                pause_s = max(self._pause_s, PAUSE_FACTOR * (ended - began))
                known.next_upload_at = ended + pause_s

    async def unchanged(self, names: Collection[str]) -> frozenset[str]:
        """Those that are uploaded as they are now: the end need not send them again."""
        states = await asyncio.to_thread(
            self._states, [name for name in names if name in self._watched]
        )
        return frozenset(
            name
            for name, state in states.items()
            if state is not None and state == self._watched[name].uploaded
        )

    def _states(self, names: Iterable[str]) -> dict[str, State | None]:
        return {name: _state_of(self._files_dir / name) for name in names}


def _state_of(path: Path) -> State | None:
    """None if there is no such file."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_size, found.st_mtime_ns, found.st_ino
