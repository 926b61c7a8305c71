"""Which files of a run go up, and when: at once, while they change, or at its end."""

import asyncio
from fnmatch import fnmatchcase

from wandb_proto.v1.record_pb2 import FilesItem

from wandb_core.run_state import RunState
from wandb_core.uploader.context import UploadContext
from wandb_core.uploader.final_files import METADATA, user_files, write_metadata
from wandb_core.uploader.live_files import LiveFiles
from wandb_core.uploader.log_folder import AnnouncedFile, FoldedChunk
from wandb_core.uploader.run_files import RunFiles, is_run_file_name


class AnnouncedFiles:
    """Goes by the policies that the log announces; RunFiles does the sending."""

    def __init__(self, context: UploadContext, files: RunFiles) -> None:
        self._context = context
        self._files = files
        self._known_offset = files.done_offset
        """What was announced before it is on the server already."""
        self._folder = context.path.parent / "files"
        self._live = LiveFiles(
            self._folder,
            context.clock,
            files.upload,
            look_s=context.settings.live_file_look_s,
            pause_s=context.settings.live_file_pause_s,
        )
        self._has_metadata = False
        self._names: set[str] = set()
        self._at_end: dict[str, None] = {}

    async def watch(self) -> None:
        """Upload live files as they change, until cancelled."""
        await self._live.run()

    async def announce(self, chunk: FoldedChunk, state: RunState) -> None:
        """Take the chunk's files, each according to its policy."""
        for file in chunk.files:
            if not self.takes(file.name, state):
                continue
            self._names.add(file.name)
            if file.policy == FilesItem.LIVE and is_run_file_name(file.name):
                self._live.watch(file.name)
            else:
                self._live.forget(file.name)
            if file.policy != FilesItem.NOW:
                self._at_end[file.name] = None
            elif file.offset >= self._known_offset:
                await self._files.waiting.send(file)
        await self._announce_metadata(chunk, state)

    def takes(self, name: str, state: RunState) -> bool:
        """Whether a file is to be uploaded at all."""
        if any(fnmatchcase(name, glob) for glob in state.ignore_globs):
            return False
        return self._context.destination.takes_file(name)

    async def upload_rest(self, state: RunState, made: tuple[str, ...]) -> None:
        """The run has ended: what waited for that, and what else lies in `files/`.

        made: names that the log itself makes; those are not sent again.
        """
        written = await asyncio.to_thread(user_files, self._context.path)
        rest = [
            name
            for name in (*self._at_end, *written)
            if name not in made
            and self.takes(name, state)
            and (name in self._at_end or name not in self._names)
        ]
        unchanged = await self._live.unchanged(rest)
        await self._files.upload(name for name in rest if name not in unchanged)

    async def _announce_metadata(self, chunk: FoldedChunk, state: RunState) -> None:
        """As soon as it is whole: pages show it while the run runs."""
        environment = state.environment()
        is_whole = environment is not None and environment.cpu_count_logical
        if self._has_metadata or self._context.target.secondary or not is_whole:
            return
        self._has_metadata = True
        path = await asyncio.to_thread(write_metadata, state, self._folder)
        if path is not None and self.takes(METADATA, state):
            offset = chunk.next_offset - 1
            file = AnnouncedFile(offset, METADATA, FilesItem.NOW)
            await self._files.waiting.send(file)
