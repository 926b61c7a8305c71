"""Rows, events, console lines and metric names of runs."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from sqlalchemy import Connection
from wandb_proto import json_codec

from wandb_server.errors import StorageDamaged
from wandb_server.ingest.console import read_console_line
from wandb_server.model.history import LogLine
from wandb_server.model.runs import Run
from wandb_server.operations.rows import RowQuestion, RowReader
from wandb_server.operations.stores import Operations
from wandb_server.storage import console, lines, runs

EXPORT_LINES_COUNT = 10_000


class History(Operations):
    """Reading back what runs sent."""

    async def history_rows(
        self,
        run: Run,
        *,
        min_step: int | None = None,
        max_step: int | None = None,
        keys: Sequence[str] = (),
        samples: int | None = None,
    ) -> Sequence[str]:
        """Rows as received, see `Archive.history_rows`."""
        question = RowQuestion(min_step, max_step, tuple(dict.fromkeys(keys)), samples)
        return await self._rows(run, lines.HISTORY, question)

    async def event_rows(self, run: Run, samples: int | None = None) -> Sequence[str]:
        """System metrics rows in order of arrival."""
        question = RowQuestion(samples=samples, by_step=False)
        return await self._rows(run, lines.EVENTS, question)

    async def export_rows(self, run: Run, file: str) -> AsyncIterator[str]:
        """All lines of one stream file, as received, in order of arrival."""
        if file == console.CONSOLE:
            number = 0
            while page := await self._console(run, number, EXPORT_LINES_COUNT):
                for _, text in page:
                    yield text
                number = page[-1][0] + 1
            return
        if file == "wandb-summary.json":
            _, summary = await self._stores.database.read(
                lambda db: runs.read_texts(db, run.id)
            )
            yield summary
            return
        async for line in RowReader(self._stores).all_lines(run.id, file):
            yield line

    async def tail_line(self, run: Run, file: str) -> str | None:
        """The newest line of a stream file; None if there is none."""
        if file == console.CONSOLE:
            last = await self._console(run, max(0, run.log_line_count - 1), 1)
            return last[0][1] if last else None
        try:
            return await RowReader(self._stores).last_line(run.id, file)
        except StorageDamaged:
            # Who resumes the run only wants to know where it was.
            if file != lines.HISTORY or run.last_step is None:
                return None
            return json_codec.dumps({"_step": run.last_step}).decode()

    async def log_lines(
        self, run: Run, *, first_line: int = 0, line_count: int = 1000
    ) -> Sequence[LogLine]:
        """Console lines by number, from `first_line` on."""
        count = max(0, min(line_count, self._stores.settings.log_lines_max))

        def question(db: Connection) -> tuple[list[tuple[int, str]], bool]:
            return (
                console.read_console(db, run.id, first_line, count),
                console.has_labels(db, run.id),
            )

        found, labelled = await self._stores.database.read(question)
        return [
            read_console_line(number, text, labelled=labelled) for number, text in found
        ]

    async def _rows(self, run: Run, file: str, question: RowQuestion) -> Sequence[str]:
        texts = await RowReader(self._stores).rows(run.id, file, question)
        if len(texts) < EXPORT_LINES_COUNT:
            return _decode(texts)
        return await asyncio.to_thread(_decode, texts)

    async def _console(
        self, run: Run, first_number: int, line_count: int
    ) -> list[tuple[int, str]]:
        return await self._stores.database.read(
            lambda db: console.read_console(db, run.id, first_number, line_count)
        )


def _decode(texts: Sequence[bytes]) -> list[str]:
    return [text.decode("utf-8", "surrogatepass") for text in texts]
