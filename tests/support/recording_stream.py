"""A stream that keeps what a run writes, and answers as core would."""

from typing import Any

from wandb._encode import encode_log_data
from wandb_proto import json_codec
from wandb_proto.v1 import core_service_pb2 as service
from wandb_proto.v1 import record_pb2 as pb


class RecordingStream:
    """Takes records like a spool; `answers` maps a question's name to its answers.

    An answer that is an exception is raised; the last answer of a list stays.
    """

    def __init__(self, **answers: list[Any]) -> None:
        self.records: list[pb.Record] = []
        self.asked: list[tuple[str, Any]] = []
        self.answers = answers
        self.flushes = True
        self.step = 0
        self.acknowledged = 0
        self.moved = 0
        self.appended = 0
        self.closed = False

    def take_rich(self, take: Any) -> None:
        """Remember who takes media."""
        self.rich = take

    def append(self, record_bytes: bytes, *, ordered: bool = True) -> None:
        """Keep the record."""
        self.records.append(pb.Record.FromString(record_bytes))

    def log(
        self, data: Any, step: int | None = None, commit: bool | None = None
    ) -> None:
        """Keep the call as the record it becomes."""
        record = pb.Record()
        log = record.request.log
        log.data_json = encode_log_data(data)
        log.commit = commit if commit is not None else step is None
        if step is not None:
            log.step = step
        self.records.append(record)

    def flush(self, timeout_s: float) -> bool:
        """Say whether core has everything."""
        return self.flushes

    def ask(self, method: str, request: Any, timeout_s: float | None = None) -> Any:
        """The next answer to this question."""
        self.asked.append((method, request))
        answers = self.answers.get(method)
        if not answers:
            raise ConnectionError("nobody answers")
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        """Remember it."""
        self.closed = True

    def of(self, kind: str) -> list[Any]:
        """The records of one type, in order."""
        return [
            getattr(record, kind)
            for record in self.records
            if record.WhichOneof("record_type") == kind
        ]

    def logged(self) -> list[tuple[dict[str, Any], int | None, bool]]:
        """(data, step, commit) of the log() calls."""
        return [
            (
                json_codec.loads(request.log.data_json),
                request.log.step if request.log.HasField("step") else None,
                request.log.commit,
            )
            for request in self.of("request")
            if request.HasField("log")
        ]


def uploaded(**more: Any) -> service.FinishRunResponse:
    """The answer that everything is on the server."""
    fields = {"durable": True, "uploaded": True} | more
    return service.FinishRunResponse(**fields)
