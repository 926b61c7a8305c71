"""A stream from another host: its paths mean nothing here.

A record that names files of the sender's host must not make core look for files of its
own at the same paths, nor for any file before it was carried over. So these records are
logged empty, and come again after their files: see `carried_records`.
"""

from google.protobuf.message import DecodeError
from wandb_proto.v1.record_pb2 import FilesRecord, Record

from wandb_core.model import Acknowledgement, IncomingBatch, PublishedStream

_EMPTY = Record(files=FilesRecord()).SerializeToString()


class RemoteStream:
    """Implements `PublishedStream` over the stream of a writer on another host."""

    def __init__(self, stream: PublishedStream) -> None:
        self._stream = stream

    async def send(self, batch: IncomingBatch) -> None:
        """See `PublishedStream`."""
        records = tuple(map(without_files, batch.records))
        await self._stream.send(
            IncomingBatch(batch.stream_id, batch.first_sequence, records)
        )

    async def next_answer(self) -> Acknowledgement | None:
        """See `PublishedStream`."""
        return await self._stream.next_answer()

    def ask(self) -> None:
        """See `PublishedStream`."""
        self._stream.ask()

    def half_close(self) -> None:
        """See `PublishedStream`."""
        self._stream.half_close()

    def detach(self) -> None:
        """See `PublishedStream`."""
        self._stream.detach()


def without_files(data: bytes) -> bytes:
    """The record, naming no file; an empty one if it does nothing else."""
    try:
        record = Record.FromString(data)
    except DecodeError:
        return data  # the processor refuses it
    kind = record.WhichOneof("record_type")
    if kind in ("files", "artifact"):
        return _EMPTY
    if kind == "request" and record.request.log.files:
        record.request.log.ClearField("files")
        return record.SerializeToString()
    return data
