"""The content of a file on its way into a request."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO

PIECE_BYTES = 256 << 10


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[BinaryIO]:
    """A file opened in a thread; closed also when cancelled before it is open.

    Raises:
        OSError: it cannot be opened.
    """
    found: list[BinaryIO] = []
    is_over = False

    def work() -> BinaryIO:
        file = path.open("rb")
        found.append(file)
        if is_over:  # nobody waits any more
            file.close()
        return file

    try:
        yield await asyncio.to_thread(work)
    finally:
        is_over = True
        for file in found:
            file.close()


class FileContent:
    """Reads exactly so many bytes in a thread, piece by piece."""

    def __init__(
        self, file: BinaryIO, size: int, on_progress: Callable[[], None] | None = None
    ) -> None:
        self.failure: OSError | None = None
        """Why reading ended early, if it did: the HTTP library hides it."""
        self._file = file
        self._left = size
        self._on_progress = on_progress

    async def pieces(self) -> AsyncIterator[bytes]:
        """The bytes; ends early if the file has become shorter."""
        while self._left > 0:
            try:
                piece = await asyncio.to_thread(
                    self._file.read, min(PIECE_BYTES, self._left)
                )
            except OSError as error:
                self.failure = error
                raise
            if not piece:
                return
            self._left -= len(piece)
            yield piece
            if self._on_progress is not None:
                self._on_progress()
