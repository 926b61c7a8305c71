"""Takes files of other hosts in, and then the records that name them.

```
 FilePart … ─► ArrivingFile ─► its place           (checked, durable)
 records ─► are their files there? ─► paths of this host ─► the log
                   └ no: nothing is logged, the sender is told which
```

The records have a stream of their own in the log, so that one that comes twice is
dropped like any other.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from wandb_proto.v1 import core_service_pb2 as service

from wandb_core.errors import StreamRefused
from wandb_core.model import IncomingBatch
from wandb_core.reception import CoreReception
from wandb_core.remote.carried_files import (
    PART_BYTES_MAX,
    ArrivingFile,
    CarriedFiles,
)
from wandb_core.remote.carried_records import CarriedRecords

STREAM_SUFFIX = "-carried"
RECORDS_MAX = 1_000


class Carrying:
    """What comes for one run."""

    def __init__(self, reception: CoreReception, run: service.RunRef) -> None:
        """run: with a path of this host."""
        self._reception = reception
        self._run = run
        self._files = CarriedFiles(Path(run.log_path).parent)

    async def find(self, file: service.CarriedFile) -> service.FindCarriedResponse:
        """What is here of the file already."""
        found = await asyncio.to_thread(self._files.found, self._run.run_id, file)
        return service.FindCarriedResponse(byte_count=found[0], sha256=found[1])

    async def take(
        self, first: service.FilePart, rest: AsyncIterator[service.FilePart]
    ) -> None:
        """Take one file.

        Raises:
            StreamRefused: it has no place here.
            CarryBroken: it is to be sent again.
            OSError: the disk is full, or fails.

        Cancelled: what came is kept, and need not come again.
        """
        arriving = await asyncio.to_thread(
            self._files.open, self._run.run_id, first.file, first.offset
        )
        try:
            await _add(arriving, first)
            async for part in rest:
                await _add(arriving, part)
        finally:
            arriving.close()

    async def log(
        self, request: service.CarryRecordsRequest
    ) -> service.CarryRecordsResponse:
        """Bring records into the log, whose files are here; returns once it is durable.

        Raises:
            StreamRefused: a record makes no sense.
            LinkLost: the log is just being closed.
            OSError: the disk fails.
        """
        count = len(request.records)
        if not (request.stream_id and request.first_sequence and count <= RECORDS_MAX):
            raise StreamRefused("records need a stream id and a sequence")
        stream_id = f"{request.stream_id}{STREAM_SUFFIX}"
        known = self._reception.next_sequence(self._run, stream_id)
        # Those are dropped; files of an artifact may be at the server and gone by now.
        known_count = max(0, known - request.first_sequence)
        checker = CarriedRecords(self._files)
        records, missing = await asyncio.to_thread(
            checker.checked, request.records[known_count:]
        )
        if missing:
            return service.CarryRecordsResponse(missing=missing[:RECORDS_MAX])
        if request.records:
            records = [*request.records[:known_count], *records]
            first = request.first_sequence
            batch = IncomingBatch(stream_id, first, tuple(records))
            await self._reception.deliver(self._run, batch)
        return service.CarryRecordsResponse()


async def _add(arriving: ArrivingFile, part: service.FilePart) -> None:
    if len(part.data) > PART_BYTES_MAX:
        raise StreamRefused(f"a piece of more than {PART_BYTES_MAX} bytes")
    await asyncio.to_thread(arriving.add, part.offset, part.data)
    if part.sha256:
        await asyncio.to_thread(arriving.finish, part.sha256)
