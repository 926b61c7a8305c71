"""A stream from another host: its paths mean nothing here.

A record that names files of the sender's host must not make core upload files of its
own that happen to lie at the same paths.
"""

from google.protobuf.message import DecodeError
from wandb_proto.v1.record_pb2 import Record

from wandb_core.model import Acknowledgement, IncomingBatch, PublishedStream

ELSEWHERE = "another host:"
"""In front of a path: names no file here, and says why in the error about it."""


class RemoteStream:
    """Implements `PublishedStream` over the stream of a writer on another host."""

    def __init__(self, stream: PublishedStream) -> None:
        self._stream = stream

    async def send(self, batch: IncomingBatch) -> None:
        """See `PublishedStream`."""
        records = tuple(map(without_local_paths, batch.records))
        await self._stream.send(
            IncomingBatch(batch.stream_id, batch.first_sequence, records)
        )

    async def next_answer(self) -> Acknowledgement | None:
        """See `PublishedStream`."""
        return await self._stream.next_answer()

    def half_close(self) -> None:
        """See `PublishedStream`."""
        self._stream.half_close()

    def detach(self) -> None:
        """See `PublishedStream`."""
        self._stream.detach()


def without_local_paths(data: bytes) -> bytes:
    """The record with every path of an artifact's content marked as elsewhere."""
    try:
        record = Record.FromString(data)
    except DecodeError:
        return data  # the processor refuses it
    if record.WhichOneof("record_type") != "artifact":
        return data
    manifest = record.artifact.manifest
    if manifest.manifest_file_path:
        manifest.manifest_file_path = f"{ELSEWHERE}{manifest.manifest_file_path}"
    for entry in manifest.contents:
        if entry.local_path:
            entry.local_path = f"{ELSEWHERE}{entry.local_path}"
    return record.SerializeToString()
