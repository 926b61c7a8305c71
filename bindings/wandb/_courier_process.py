"""The process behind `_courier.Courier`: one ring, one link, questions on stdin."""

import base64
import json
import os
import sys
from pathlib import Path
from typing import Any, BinaryIO

from wandb_proto.places import Places
from wandb_proto.ring import RingReader

from wandb._launcher import CoreUnavailable
from wandb._link import Link
from wandb._publisher import Publisher
from wandb._remote_core import connector_for

NOTICES_MAX = 100
LAST_WAIT_S = 600.0
"""How long the courier of a dead child tries; then core takes the ring by itself."""


class CourierProcess:
    """Serves one child until its end."""

    def __init__(self, reader: RingReader, api_key: str) -> None:
        self._reader = reader
        self._notices: list[tuple[str, str]] = []
        publisher = Publisher.of(reader, api_key)
        connector = connector_for(Places.from_environment(os.environ), os.environ)
        self._link = Link(reader, publisher, connector, self._keep_notice)

    def run(self, questions: BinaryIO, answers: BinaryIO) -> None:
        """Return when the child is gone and core has its records (or after a while)."""
        self._link.start()
        for line in questions:
            question = json.loads(line)
            if question["method"] == "kick":
                self._link.kick()
                continue
            answer = self._answer(question)
            answers.write(json.dumps(answer).encode() + b"\n")
            answers.flush()
        ours = self._reader.hold_lock()  # else core would drain it beside us
        if self._link.close(LAST_WAIT_S) and ours:
            self._reader.discard()

    def _answer(self, question: dict[str, Any]) -> dict[str, Any]:
        from wandb_proto.v1 import core_service_pb2 as pb

        names: dict[str, Any] = {
            "start_run": pb.StartRunRequest,
            "get_summary": pb.GetSummaryRequest,
            "finish_run": pb.FinishRunRequest,
            "artifact_outcome": pb.ArtifactOutcomeRequest,
        }
        request = names[question["method"]].FromString(
            base64.b64decode(question["request"])
        )
        answer: dict[str, Any] = {}
        try:
            response = self._link.ask(
                question["method"], request, question["timeout_s"]
            )
            answer["response"] = base64.b64encode(response.SerializeToString()).decode()
        except CoreUnavailable as error:
            answer["error"] = str(error)
        answer["notices"], self._notices = self._notices, []
        answer["stop"] = self._link.stop_requested
        return answer

    def _keep_notice(self, level: str, text: str) -> None:
        if len(self._notices) < NOTICES_MAX:
            self._notices.append((level, text))


def main() -> None:
    """Serve the child whose ring is named in the first line of stdin."""
    first = json.loads(sys.stdin.buffer.readline())
    reader = RingReader.open(Path(first["ring"]))
    CourierProcess(reader, first["api_key"]).run(sys.stdin.buffer, sys.stdout.buffer)


if __name__ == "__main__":
    main()
