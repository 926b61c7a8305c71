"""Answers the calls of the bindings, from what the runs know."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from wandb_proto import json_codec
from wandb_proto.v1 import core_service_pb2 as service

from wandb_core.channel import ChannelClosed
from wandb_core.clock import Clock
from wandb_core.errors import CoreError, LinkLost, StreamRefused
from wandb_core.history_sample import sample_history
from wandb_core.model import IncomingBatch, PublishedStream
from wandb_core.pending_upload import ONLINE_MODES, PendingUpload
from wandb_core.pipeline import RunPipeline
from wandb_core.runs import Runs

_log = logging.getLogger(__name__)

POLL_S = 0.02
"""Uploads do not announce what they do: this is how fast an answer sees it."""

WAIT_S_MAX = 60.0

SUMMARY_BYTES_MAX = 48 << 20
"""A larger summary is not shown: it would not fit into a message."""


_NOT_CARRIED = "core sees the files of its own host"


class CoreReception:
    """Implements `Reception`."""

    def __init__(
        self,
        runs: Runs,
        clock: Clock,
        *,
        snapshot: Callable[[], dict[str, object]],
        on_call: Callable[[], None],
        on_stop: Callable[[bool], None],
        on_listen: Callable[[service.ListenRequest], Awaitable[service.ListenResponse]],
    ) -> None:
        self._runs = runs
        self._clock = clock
        self._snapshot = snapshot
        self._on_call = on_call
        self._on_stop = on_stop
        self._on_listen = on_listen

    def open_stream(
        self, opening: service.StreamOpening, *, is_remote: bool = False
    ) -> PublishedStream:
        """is_remote: its writer is on another host, and its ring too."""
        self._on_call()
        return self._runs.open_stream(opening, is_remote=is_remote)

    async def start_run(
        self, request: service.StartRunRequest
    ) -> service.StartRunResponse:
        """Wait for the server's word on the run, at most so long."""
        self._on_call()
        deadline = self._deadline(request.wait_s)
        pipeline = self._find(request.run)
        if pipeline is None:
            return service.StartRunResponse()
        while pipeline.target is None and self._clock.monotonic() < deadline:
            await self._clock.sleep(POLL_S)
        upload = self._runs.uploads.get(pipeline.path)
        if upload is None:
            return service.StartRunResponse()
        while (outcome := await upload.start_outcome(POLL_S * 5)) is None:
            status = upload.status
            if status.failed:
                return service.StartRunResponse(
                    error=status.problem, error_kind="communication"
                )
            # Only a resumed run needs the server's answer before it can go on.
            hopeless = bool(status.problem) and not upload.target.resume
            if hopeless or self._clock.monotonic() >= deadline:
                return service.StartRunResponse(run_url=status.run_url)
        run = outcome.server_run
        return service.StartRunResponse(
            server_known=run is not None,
            entity=run.entity if run else "",
            project=run.project if run else "",
            display_name=run.display_name if run else "",
            storage_id=run.storage_id if run else "",
            run_url=outcome.run_url,
            project_url=outcome.project_url,
            resumed=outcome.resumed,
            starting_step=outcome.starting_step,
            config_json=outcome.config_json,
            summary_json=outcome.summary_json,
            error=outcome.error,
            error_kind=outcome.error_kind,
        )

    async def get_summary(
        self, request: service.GetSummaryRequest
    ) -> service.GetSummaryResponse:
        """The summary over everything that was acknowledged."""
        self._on_call()
        pipeline = self._find(request.run)
        summary = await pipeline.summary() if pipeline is not None else None
        if summary is None:
            return service.GetSummaryResponse()
        text = await asyncio.to_thread(json_codec.dumps, summary)
        if len(text) > SUMMARY_BYTES_MAX:
            _log.warning(
                "summary_too_large run=%s bytes=%d", request.run.run_id, len(text)
            )
            return service.GetSummaryResponse()
        return service.GetSummaryResponse(found=True, summary_json=text.decode())

    async def finish_run(
        self, request: service.FinishRunRequest
    ) -> service.FinishRunResponse:
        """Answer when all is uploaded, nothing will be any more, or the time is up."""
        self._on_call()
        deadline = self._deadline(request.wait_s)
        pipeline = self._find(request.run)
        if pipeline is None:
            return service.FinishRunResponse(
                problem=f"there is no log at {request.run.log_path}", failed=True
            )
        await pipeline.written.wait_durable(deadline - self._clock.monotonic())
        while True:
            answer = self._finish_answer(pipeline)
            is_over = answer.durable and (
                answer.uploaded or answer.offline or answer.failed or answer.needs_key
            )
            if is_over or self._clock.monotonic() >= deadline:
                break
            await self._clock.sleep(POLL_S)
        if answer.durable:
            summary = await pipeline.summary()
            text = await asyncio.to_thread(json_codec.dumps, summary or {})
            if len(text) <= SUMMARY_BYTES_MAX:
                answer.summary_json = text.decode()
            if is_over:
                answer.history_json = await asyncio.to_thread(_history_json, pipeline)
        self._on_call()
        return answer

    async def artifact_outcome(
        self, request: service.ArtifactOutcomeRequest
    ) -> service.ArtifactOutcomeResponse:
        """Answer when the artifact is decided, or the time is up."""
        self._on_call()
        deadline = self._deadline(request.wait_s)
        pipeline = self._find(request.run)
        if pipeline is None:
            return service.ArtifactOutcomeResponse(
                state="failed", error=f"there is no log at {request.run.log_path}"
            )
        while pipeline.target is None and self._clock.monotonic() < deadline:
            await self._clock.sleep(POLL_S)
        if pipeline.target is not None and pipeline.target.mode not in ONLINE_MODES:
            return service.ArtifactOutcomeResponse(state="offline")
        upload = self._runs.uploads.get(pipeline.path)
        if upload is None:
            return service.ArtifactOutcomeResponse(state="pending")
        left_s = max(0.0, deadline - self._clock.monotonic())
        outcome = await upload.artifact_outcome(request.client_id, left_s)
        status = upload.status
        answer = service.ArtifactOutcomeResponse(
            state=outcome.state, artifact_id=outcome.artifact_id, error=outcome.error
        )
        if outcome.state == "pending":
            answer.error = status.problem
            if status.failed:
                answer.state = "failed"
        self._on_call()
        return answer

    def next_sequence(self, run: service.RunRef, stream_id: str) -> int:
        """What a run's log has of a stream already: everything below."""
        pipeline = self._find(run)
        return pipeline.next_sequence(stream_id) if pipeline is not None else 1

    async def deliver(self, run: service.RunRef, batch: IncomingBatch) -> None:
        """Bring records into a run's log beside its streams; durable on return.

        Raises:
            LinkLost: the log is not there (yet), or just being closed.
        """
        self._on_call()
        pipeline = self._find(run)
        if pipeline is None:
            raise LinkLost("there is no such log yet")
        try:
            await pipeline.deliver(batch)
        except ChannelClosed as error:
            raise LinkLost("the log is just being closed; connect again") from error
        end = batch.first_sequence + len(batch.records)
        if not await pipeline.wait_logged(batch.stream_id, end):
            raise LinkLost("core is stopping")

    async def find_carried(
        self, request: service.FindCarriedRequest
    ) -> service.FindCarriedResponse:
        """Processes of this host carry nothing: core sees their files."""
        raise StreamRefused(_NOT_CARRIED)

    async def carry_file(
        self, first: service.FilePart, rest: AsyncIterator[service.FilePart]
    ) -> None:
        """As above."""
        raise StreamRefused(_NOT_CARRIED)

    async def carry_records(
        self, request: service.CarryRecordsRequest
    ) -> service.CarryRecordsResponse:
        """As above."""
        raise StreamRefused(_NOT_CARRIED)

    async def status_json(self) -> str:
        return json.dumps(self._snapshot())

    def stop(self, *, abort: bool) -> None:
        self._on_stop(abort)

    async def listen(self, request: service.ListenRequest) -> service.ListenResponse:
        self._on_call()
        return await self._on_listen(request)

    def _finish_answer(self, pipeline: RunPipeline) -> service.FinishRunResponse:
        answer = service.FinishRunResponse(
            durable=pipeline.written.exit_is_durable,
            refused_rows=pipeline.refused_rows,
            problem=pipeline.problem,
        )
        target = pipeline.target
        answer.offline = target is not None and target.mode not in ONLINE_MODES
        upload = self._runs.uploads.get(pipeline.path)
        if upload is not None:
            self._add_upload(answer, upload)
        return answer

    def _add_upload(
        self, answer: service.FinishRunResponse, upload: PendingUpload
    ) -> None:
        status = upload.status
        answer.uploaded = upload.end is not None and upload.end.uploaded
        answer.failed = status.failed or (
            upload.end is not None and not upload.end.uploaded
        )
        answer.rows_total = status.rows_total
        answer.rows_uploaded = status.rows_uploaded
        answer.bytes_left = status.bytes_left
        answer.problem = answer.problem or status.problem
        answer.run_url = status.run_url
        answer.media_files, answer.other_files = status.files
        answer.needs_key = status.waiting_for_key
        since = status.last_progress_at or upload.began_at
        answer.idle_s = max(0.0, self._clock.now() - since)

    def _find(self, run: service.RunRef) -> RunPipeline | None:
        try:
            return self._runs.find(run.run_id, Path(run.log_path))
        except CoreError:
            return None

    def _deadline(self, wait_s: float) -> float:
        return self._clock.monotonic() + min(max(wait_s, 0.0), WAIT_S_MAX)


def _history_json(pipeline: RunPipeline) -> str:
    """For a look at the end; nothing that a run's end may fail for."""
    try:
        sample = sample_history(pipeline.path, pipeline.written.committed_end())
    except (OSError, ValueError) as error:
        _log.warning("history_not_sampled path=%s reason=%s", pipeline.path, error)
        return ""
    return json_codec.dumps(sample).decode()
