"""The methods of `CoreService`, as coroutines of the daemon's loop."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import grpc
from wandb_proto import PROTOCOL_VERSION, VERSION
from wandb_proto.build import build_id
from wandb_proto.ring_format import RingDamaged, split_frames
from wandb_proto.v1 import core_service_pb2 as service
from wandb_proto.v1 import core_service_pb2_grpc as service_grpc

from wandb_core.errors import LinkLost, PermanentError, TransientError
from wandb_core.model import (
    Acknowledgement,
    IncomingBatch,
    PublishedStream,
    Reception,
)

_LEVELS: dict[str, service.Notice.Level] = {
    "info": service.Notice.INFO,
    "warning": service.Notice.WARNING,
    "error": service.Notice.ERROR,
    "fatal": service.Notice.FATAL,
}


class CoreServicer(service_grpc.CoreServiceServicer):
    """Turns calls into questions to the reception; holds no state of its own."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception

    async def Handshake(
        self, request: service.HandshakeRequest, context: Any
    ) -> service.HandshakeResponse:
        return service.HandshakeResponse(
            protocol=PROTOCOL_VERSION,
            version=VERSION,
            build=build_id(),
            pid=os.getpid(),
        )

    async def Publish(
        self, requests: AsyncIterator[service.RecordBatch], context: Any
    ) -> None:
        """Batches in, acknowledgements out, until either side ends the stream."""
        first = await anext(aiter(requests), None)
        if first is None:
            return
        try:
            stream = self._reception.open_stream(first.opening)
        except LinkLost as error:
            await context.abort(grpc.StatusCode.UNAVAILABLE, str(error))
        except PermanentError as error:
            await context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
        try:
            await _carry(stream, first, requests, context)
        except* LinkLost as group:
            reason = str(group.exceptions[0])
            await context.abort(grpc.StatusCode.UNAVAILABLE, reason)
        except* RingDamaged as group:
            await context.abort(grpc.StatusCode.DATA_LOSS, str(group.exceptions[0]))
        finally:
            stream.detach()

    async def StartRun(
        self, request: service.StartRunRequest, context: Any
    ) -> service.StartRunResponse:
        return await self._reception.start_run(request)

    async def GetSummary(
        self, request: service.GetSummaryRequest, context: Any
    ) -> service.GetSummaryResponse:
        return await self._reception.get_summary(request)

    async def FinishRun(
        self, request: service.FinishRunRequest, context: Any
    ) -> service.FinishRunResponse:
        return await self._reception.finish_run(request)

    async def ArtifactOutcome(
        self, request: service.ArtifactOutcomeRequest, context: Any
    ) -> service.ArtifactOutcomeResponse:
        return await self._reception.artifact_outcome(request)

    async def FindCarried(
        self, request: service.FindCarriedRequest, context: Any
    ) -> service.FindCarriedResponse:
        async with _carry_errors(context):
            return await self._reception.find_carried(request)

    async def CarryFile(
        self, requests: AsyncIterator[service.FilePart], context: Any
    ) -> service.FileCarried:
        """The parts of one file, checked and in its place when this is answered."""
        parts = aiter(requests)
        first = await anext(parts, None)
        async with _carry_errors(context):
            if first is not None:
                await self._reception.carry_file(first, parts)
        return service.FileCarried()

    async def CarryRecords(
        self, request: service.CarryRecordsRequest, context: Any
    ) -> service.CarryRecordsResponse:
        async with _carry_errors(context):
            return await self._reception.carry_records(request)

    async def GetStatus(
        self, request: service.GetStatusRequest, context: Any
    ) -> service.GetStatusResponse:
        return service.GetStatusResponse(
            status_json=await self._reception.status_json()
        )

    async def Stop(
        self, request: service.StopRequest, context: Any
    ) -> service.StopResponse:
        self._reception.stop(abort=request.abort)
        return service.StopResponse()

    async def Listen(
        self, request: service.ListenRequest, context: Any
    ) -> service.ListenResponse:
        return await self._reception.listen(request)


@asynccontextmanager
async def _carry_errors(context: Any) -> AsyncIterator[None]:
    """Tells the sender whether sending again helps, and what stands in the way."""
    try:
        yield
    except LinkLost as error:
        await context.abort(grpc.StatusCode.UNAVAILABLE, str(error))
    except TransientError as error:
        await context.abort(grpc.StatusCode.ABORTED, str(error))
    except PermanentError as error:
        await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
    except OSError as error:
        text = error.strerror or str(error)
        await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, text)


async def _carry(
    stream: PublishedStream,
    first: service.RecordBatch,
    requests: AsyncIterator[service.RecordBatch],
    context: Any,
) -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_write_answers(stream, context))
        stream_id = first.opening.stream_id
        if first.records or first.frames:
            await stream.send(_batch_of(stream_id, first))
        async for message in requests:
            if message.records or message.frames:
                await stream.send(_batch_of(stream_id, message))
            else:
                stream.ask()
        stream.half_close()


async def _write_answers(stream: PublishedStream, context: Any) -> None:
    while (answer := await stream.next_answer()) is not None:
        await context.write(_message_of(answer))


def _batch_of(stream_id: str, message: service.RecordBatch) -> IncomingBatch:
    records: Iterable[bytes] = message.records
    if message.frames:
        records = split_frames(message.frames, message.first_sequence)
    return IncomingBatch(stream_id, message.first_sequence, tuple(records))


def _message_of(answer: Acknowledgement) -> service.BatchAck:
    return service.BatchAck(
        next_sequence=answer.next_sequence,
        stop_requested=answer.stop_requested,
        notices=[
            service.Notice(level=_LEVELS[notice.level], text=notice.text)
            for notice in answer.notices
        ],
    )
