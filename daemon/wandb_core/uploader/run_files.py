"""Upload the files of a run: ask the server where, then put them there."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path, PurePosixPath

from wandb_core.channel import Channel
from wandb_core.errors import PermanentError
from wandb_core.model import Notifier, ServerRun
from wandb_core.server_client import ServerClient, UploadUrl
from wandb_core.uploader.log_folder import AnnouncedFile
from wandb_core.uploader.retries import Retries

_log = logging.getLogger(__name__)

BATCH_FILES_MAX = 50
PARALLEL_PUTS = 4
WAITING_FILES_MAX = 10_000

_ATTEMPTS_AT_REFUSAL = 2
"""A refused address may have expired: another is asked for once."""


class RunFiles:
    """The file uploads of one log, one batch after another."""

    def __init__(
        self,
        client: ServerClient,
        retries: Retries,
        notifier: Notifier,
        files_dir: Path,
        server_run: ServerRun,
        run_id: str,
        on_progress: Callable[[], None] | None = None,
    ) -> None:
        self.waiting: Channel[AnnouncedFile] = Channel(WAITING_FILES_MAX)
        self.uploaded: set[str] = set()
        """Names that the server has, from this object."""
        self.missing: list[str] = []
        """Names that were gone, unreadable, refused, or no names of run files."""
        self.done_offset = 0
        """Files announced below it in the log are uploaded."""
        self._client = client
        self._retries = retries
        self._notifier = notifier
        self._files_dir = files_dir
        self._server_run = server_run
        self._run_id = run_id
        self._on_progress = on_progress
        self._unreported: list[str] = []

    def take_uploaded(self) -> list[str]:
        """Names whose upload ended since the last take."""
        names, self._unreported = self._unreported, []
        return names

    async def run(self) -> None:
        """Upload what is announced through `waiting` until it is closed."""
        while batch := await self.waiting.receive_waiting(BATCH_FILES_MAX):
            await self.upload([file.name for file in batch])
            self.done_offset = batch[-1].offset + 1

    async def upload(self, names: Iterable[str]) -> None:
        """Upload files below the run's `files/`, each once per call.

        What cannot be uploaded is told, noted in `missing` and passed over.
        """
        sources = {}
        for name in dict.fromkeys(names):
            if is_run_file_name(name):
                sources[name] = self._files_dir / name
            else:
                self._miss(name, "it lies outside of the run's directory")
        await self.upload_from(sources)

    async def upload_from(self, sources: dict[str, Path]) -> None:
        """Upload these paths under these names."""
        present = await asyncio.to_thread(_existing, sources)
        for name in sources:
            if name not in present:
                self._miss(name, "it is not there")
        names = list(present)
        for first in range(0, len(names), BATCH_FILES_MAX):
            batch = names[first : first + BATCH_FILES_MAX]
            await self._upload_batch({name: sources[name] for name in batch})

    async def _upload_batch(self, sources: dict[str, Path]) -> None:
        try:
            urls = await self._retries.call(lambda: self._ask_urls(list(sources)))
        except PermanentError as refusal:
            for name in sources:
                self._miss(name, str(refusal))
            return
        by_name = {url.name: url for url in urls}
        places = asyncio.Semaphore(PARALLEL_PUTS)
        async with asyncio.TaskGroup() as tasks:
            for name, path in sources.items():
                url = by_name.get(name)
                tasks.create_task(self._upload_one(name, path, url, places))

    async def _upload_one(
        self, name: str, path: Path, url: UploadUrl | None, places: asyncio.Semaphore
    ) -> None:
        async with places:
            for attempt in range(_ATTEMPTS_AT_REFUSAL):
                try:
                    await self._put(name, path, url)
                    break
                except OSError as error:
                    self._miss(name, error.strerror or str(error))
                    return
                except PermanentError as refusal:
                    if attempt + 1 == _ATTEMPTS_AT_REFUSAL:
                        self._miss(name, str(refusal))
                        return
                    url = None
        self.uploaded.add(name)
        self._unreported.append(name)

    async def _put(self, name: str, path: Path, url: UploadUrl | None) -> None:
        """Put one file; each attempt after the first asks for a fresh address."""
        unused = [url] if url is not None else []

        async def attempt() -> None:
            if unused:
                fresh = unused.pop()
            else:
                found = {url.name: url for url in await self._ask_urls([name])}
                if name not in found:
                    raise PermanentError("the server names no place for it")
                fresh = found[name]
            await self._client.put_file(
                fresh.url, fresh.headers, path, self._on_progress
            )

        await self._retries.call(attempt)

    async def _ask_urls(self, names: Sequence[str]) -> list[UploadUrl]:
        run = self._server_run
        return await self._client.create_run_files(
            run.entity, run.project, self._run_id, list(names)
        )

    def _miss(self, name: str, reason: str) -> None:
        if name in self.missing:
            return
        self.missing.append(name)
        _log.warning("file_not_uploaded run=%s reason=%s", self._run_id, reason)
        self._notifier.notify("warning", f"{name} was not uploaded: {reason}")


def is_run_file_name(name: str) -> bool:
    """Whether the name stays below the run's `files/`, whoever wrote the log."""
    path = PurePosixPath(name)
    return (
        bool(path.parts)
        and not path.is_absolute()
        and ".." not in path.parts
        and "\0" not in name
    )


def _existing(sources: dict[str, Path]) -> list[str]:
    return [name for name, path in sources.items() if path.is_file()]
