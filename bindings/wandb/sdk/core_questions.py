"""The questions that a run asks core, with plain answers. None: core does not answer.

The first question of a run goes out after its first records were acknowledged
(`stream.flush`), because core knows the run only then.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from wandb_proto import json_codec
from wandb_proto.v1 import core_service_pb2 as pb

_logger = logging.getLogger(__name__)


LOOK_WAIT_S = 1.0


class RecordStream(Protocol):
    """A run's way to core: the spool of this process. Never raises because of core."""

    step: int
    """The step that the next commit gets; set once, when a run is resumed."""

    @property
    def log(self) -> Callable[..., None]:
        """log(data, step=None, commit=None): spool one run.log() call; microseconds."""
        ...

    @property
    def acknowledged(self) -> int:
        """How far core has come; grows while it takes records."""
        ...

    @property
    def moved(self) -> int:
        """Grows while records or files get to core: whoever waits goes on waiting."""
        ...

    @property
    def appended(self) -> int:
        """Number of the next record, comparable to `acknowledged`."""
        ...

    def take_rich(
        self, take: Callable[[Any, int], tuple[dict[str, Any], bytes]]
    ) -> None:
        """Set who turns calls of `log` with media into plain data (see `_log_call`)."""
        ...

    def append(self, record_bytes: bytes, *, ordered: bool = True) -> None:
        """Spool one serialised Record; it survives the process on return.

        ordered: False where it need not stand behind rows whose values an accelerator
            is still to deliver.
        """
        ...

    def flush(self, timeout_s: float) -> bool:
        """Wait until core has acknowledged everything; False after the timeout."""
        ...

    def ask(self, method: str, request: Any, timeout_s: float | None = None) -> Any:
        """One unary call to core; raises where there is no answer."""
        ...

    def close(self) -> Any:
        """Give the spool up; what core has not taken yet, it drains by itself."""
        ...


@dataclass(frozen=True, slots=True)
class StartAnswer:
    """What is known of a run on the server after it was started."""

    server_known: bool = False
    entity: str = ""
    project: str = ""
    display_name: str = ""
    run_url: str = ""
    project_url: str = ""
    resumed: bool = False
    starting_step: int = 0
    config_json: str = ""
    summary_json: str = ""
    error: str = ""
    error_kind: str = ""


@dataclass(frozen=True, slots=True)
class FinishAnswer:
    """How far the data of an ended run have come."""

    durable: bool
    uploaded: bool
    offline: bool
    failed: bool
    rows_total: int
    rows_uploaded: int
    bytes_left: int
    idle_s: float
    problem: str
    run_url: str
    summary: dict[str, Any]
    refused_rows: int
    needs_key: bool = False
    """It waits for an API key, which only the user can bring."""
    history: dict[str, Any] = field(default_factory=dict)
    """A few values per key, in their order."""
    media_files: int = 0
    other_files: int = 0
    """Files of the run that were sent."""


@dataclass(frozen=True, slots=True)
class ArtifactAnswer:
    """What became of an artifact that the run logged."""

    state: str
    """pending | committed | failed | offline"""
    artifact_id: str
    error: str


@dataclass(frozen=True, slots=True)
class RunQuestions:
    """The questions about one run over its stream."""

    stream: RecordStream
    run_id: str
    log_path: str

    def start(self, wait_s: float) -> StartAnswer | None:
        """Ask what the server made of the run, waiting up to `wait_s` for it."""
        request = pb.StartRunRequest(run=self._ref(), wait_s=wait_s)
        answer = self._ask("start_run", request)
        if answer is None:
            return None
        fields = StartAnswer.__dataclass_fields__
        return StartAnswer(**{name: getattr(answer, name) for name in fields})

    def summary(self) -> dict[str, Any] | None:
        """The merged summary as core has it now."""
        answer = self._ask("get_summary", pb.GetSummaryRequest(run=self._ref()))
        if answer is None or not answer.found:
            return None
        return _object(answer.summary_json)

    def look(self) -> FinishAnswer | None:
        """`finish`, without waiting for anything but the answer."""
        return self.finish(0.0, LOOK_WAIT_S)

    def finish(
        self, wait_s: float, timeout_s: float | None = None
    ) -> FinishAnswer | None:
        """Ask how far the ended run has come; core answers after `wait_s` at most."""
        request = pb.FinishRunRequest(run=self._ref(), wait_s=wait_s)
        answer = self._ask("finish_run", request, timeout_s)
        if answer is None:
            return None
        return FinishAnswer(
            durable=answer.durable,
            uploaded=answer.uploaded,
            offline=answer.offline,
            failed=answer.failed,
            rows_total=answer.rows_total,
            rows_uploaded=answer.rows_uploaded,
            bytes_left=answer.bytes_left,
            idle_s=answer.idle_s,
            problem=answer.problem,
            run_url=answer.run_url,
            summary=_object(answer.summary_json),
            refused_rows=answer.refused_rows,
            needs_key=answer.needs_key,
            history=_object(answer.history_json),
            media_files=answer.media_files,
            other_files=answer.other_files,
        )

    def artifact_outcome(self, client_id: str, wait_s: float) -> ArtifactAnswer | None:
        """Ask what became of an artifact; core answers after `wait_s` at most."""
        request = pb.ArtifactOutcomeRequest(
            run=self._ref(), client_id=client_id, wait_s=wait_s
        )
        answer = self._ask("artifact_outcome", request)
        if answer is None:
            return None
        return ArtifactAnswer(answer.state, answer.artifact_id, answer.error)

    def _ref(self) -> pb.RunRef:
        return pb.RunRef(run_id=self.run_id, log_path=self.log_path)

    def _ask(self, method: str, request: Any, timeout_s: float | None = None) -> Any:
        try:
            return self.stream.ask(method, request, timeout_s)
        except Exception as problem:  # a run's boundary: whatever the link meets
            _logger.debug("no answer method=%s problem=%s", method, problem)
            return None


def _object(text: str) -> dict[str, Any]:
    try:
        value = json_codec.loads(text) if text else {}
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
