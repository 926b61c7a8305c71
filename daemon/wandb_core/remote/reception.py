"""What processes on other hosts may do: write runs and ask about their own."""

import hashlib
import re
from collections.abc import AsyncIterator
from pathlib import Path

from wandb_proto.remote_token import is_log_name
from wandb_proto.v1 import core_service_pb2 as service

from wandb_core.errors import StreamRefused
from wandb_core.model import PublishedStream
from wandb_core.reception import CoreReception
from wandb_core.remote.carrying import Carrying
from wandb_core.remote.remote_stream import RemoteStream

_PLAIN_RUN_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}")


class RemoteReception:
    """Implements `Reception`: puts our paths where they gave names."""

    def __init__(self, reception: CoreReception, log_dir: Path) -> None:
        self._reception = reception
        self._log_dir = log_dir

    def open_stream(self, opening: service.StreamOpening) -> PublishedStream:
        ours = service.StreamOpening()
        ours.CopyFrom(opening)
        ours.log_path = str(self._place_of(opening.run_id, opening.log_path))
        ours.ring_path = ""  # it lies on their host
        ours.pid = 0
        return RemoteStream(self._reception.open_stream(ours, is_remote=True))

    async def start_run(
        self, request: service.StartRunRequest
    ) -> service.StartRunResponse:
        """See `Reception`."""
        run = self._translated(request.run)
        return await self._reception.start_run(
            service.StartRunRequest(run=run, wait_s=request.wait_s)
        )

    async def get_summary(
        self, request: service.GetSummaryRequest
    ) -> service.GetSummaryResponse:
        """See `Reception`."""
        run = self._translated(request.run)
        return await self._reception.get_summary(service.GetSummaryRequest(run=run))

    async def finish_run(
        self, request: service.FinishRunRequest
    ) -> service.FinishRunResponse:
        """See `Reception`."""
        run = self._translated(request.run)
        return await self._reception.finish_run(
            service.FinishRunRequest(run=run, wait_s=request.wait_s)
        )

    async def artifact_outcome(
        self, request: service.ArtifactOutcomeRequest
    ) -> service.ArtifactOutcomeResponse:
        """See `Reception`."""
        return await self._reception.artifact_outcome(
            service.ArtifactOutcomeRequest(
                run=self._translated(request.run),
                client_id=request.client_id,
                wait_s=request.wait_s,
            )
        )

    async def find_carried(
        self, request: service.FindCarriedRequest
    ) -> service.FindCarriedResponse:
        """See `Reception`."""
        return await self._carrying(request.run).find(request.file)

    async def carry_file(
        self, first: service.FilePart, rest: AsyncIterator[service.FilePart]
    ) -> None:
        """See `Reception`."""
        await self._carrying(first.run).take(first, rest)

    async def carry_records(
        self, request: service.CarryRecordsRequest
    ) -> service.CarryRecordsResponse:
        """See `Reception`."""
        return await self._carrying(request.run).log(request)

    async def status_json(self) -> str:
        """Nothing about other runs."""
        return "{}"

    def stop(self, *, abort: bool) -> None:
        """Not from there."""

    async def listen(self, request: service.ListenRequest) -> service.ListenResponse:
        """Not from there."""
        return service.ListenResponse(error="not from another host")

    def _translated(self, run: service.RunRef) -> service.RunRef:
        """A name that makes no sense becomes a log that is not there."""
        try:
            path = self._place_of(run.run_id, run.log_path)
        except StreamRefused:
            path = self._log_dir / "unknown"
        return service.RunRef(run_id=run.run_id, log_path=str(path))

    def _carrying(self, run: service.RunRef) -> Carrying:
        path = self._place_of(run.run_id, run.log_path)
        ours = service.RunRef(run_id=run.run_id, log_path=str(path))
        return Carrying(self._reception, ours)

    def _place_of(self, run_id: str, log_name: str) -> Path:
        if not is_log_name(log_name):
            raise StreamRefused("a process on another host gives its log no path")
        readable = run_id
        if not _PLAIN_RUN_ID.fullmatch(run_id):
            readable = hashlib.sha256(run_id.encode()).hexdigest()[:16]
        directory = self._log_dir / f"run-{readable}-{log_name}"
        return directory / f"run-{readable}.wandb"
