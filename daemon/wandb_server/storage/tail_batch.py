"""Lines of one post as they wait in the tail: one row of the database, not one each.

```
content   u32 line count n │ i64[n] steps │ u32[n] sizes │ text text text …
```

Lines of a batch are consecutive: line and row number of the first one are known, so are
those of the others. Texts are byte for byte what was received. All numbers little
endian; the step of a line that is no JSON object is `NO_STEP`.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from wandb_server.errors import StorageDamaged
from wandb_server.storage.row_segment import NO_STEP

BATCH_BYTES = 1024 * 1024
"""More text begins another batch: compaction reads whole ones."""
_COUNT = struct.Struct("<I")

TailRow = tuple[int, int | None, bytes]
"""(row number, step, text)"""


@dataclass(frozen=True, slots=True)
class TailBatch:
    """Consecutive lines of one log's file, consecutive rows of the run."""

    log_id: str
    first_line: int
    first_row: int
    steps: tuple[int, ...]
    texts: Sequence[bytes]

    @property
    def end_row(self) -> int:
        """Behind the last row."""
        return self.first_row + len(self.texts)

    @property
    def end_line(self) -> int:
        """Behind the last line."""
        return self.first_line + len(self.texts)

    def rows(self) -> Iterator[TailRow]:
        """The lines one by one."""
        for row, step, text in zip(
            range(self.first_row, self.end_row), self.steps, self.texts, strict=True
        ):
            yield row, None if step == NO_STEP else step, text


def with_steps(rows: Iterable[TailRow]) -> list[tuple[int, int, bytes]]:
    """Those that are JSON objects."""
    return [(row, step, text) for row, step, text in rows if step is not None]


def pack(steps: Sequence[int | None], texts: Sequence[bytes]) -> bytes:
    """The content of a batch."""
    count = len(texts)
    numbers = [NO_STEP if step is None else step for step in steps]
    return b"".join(
        (
            struct.pack(f"<I{count}q", count, *numbers),
            struct.pack(f"<{count}I", *map(len, texts)),
            *texts,
        )
    )


def unpack(content: bytes) -> tuple[tuple[int, ...], list[bytes]]:
    """(steps, texts) of a batch.

    Raises:
        StorageDamaged: not what `pack` made.
    """
    try:
        (count,) = _COUNT.unpack_from(content)
        steps = struct.unpack_from(f"<{count}q", content, _COUNT.size)
        sizes = struct.unpack_from(f"<{count}I", content, _COUNT.size + 8 * count)
    except struct.error as error:
        raise StorageDamaged(str(error), place="tail_batches") from error
    at = _COUNT.size + 12 * count
    if at + sum(sizes) != len(content):
        raise StorageDamaged("a batch has the wrong length", place="tail_batches")
    texts = []
    for size in sizes:
        texts.append(content[at : at + size])
        at += size
    return steps, texts


def cut(lines: Sequence[tuple[int, bytes, int | None]]) -> Iterator[slice]:
    """Which of these (line, text, step) triples may share a batch."""
    start, size = 0, 0
    for at, (line, text, _) in enumerate(lines):
        follows = at == start or line == lines[at - 1][0] + 1
        if at > start and (not follows or size + len(text) > BATCH_BYTES):
            yield slice(start, at)
            start, size = at, 0
        size += len(text)
    if lines:
        yield slice(start, len(lines))
