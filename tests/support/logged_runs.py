"""Write logs as the official client does, and follow them as core's pipeline would."""

import asyncio
from contextlib import suppress
from pathlib import Path

from wandb_core.transaction_log import LogReader, LogWriter
from wandb_proto import json_codec
from wandb_proto.v1 import record_pb2 as pb

STARTED_AT = 1_760_000_000


class LoggedRun:
    """A log under construction. Its own LogProgress: what was appended is committed."""

    def __init__(
        self,
        path: Path,
        run_id: str = "r1",
        *,
        project: str = "p",
        ours: bool = True,
        stream_id: str = "s1",
        target: pb.UploadTarget | None = None,
        **fields: object,
    ) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.run_id = run_id
        self._writer = LogWriter.create(path)
        self._ended = False
        self._changed = asyncio.Condition()
        self._step = 0
        run = pb.RunRecord(run_id=run_id, project=project, **fields)  # type: ignore[arg-type]
        run.start_time.seconds = STARTED_AT
        carrier = pb.Carrier(stream_id=stream_id, next_sequence=2, target=target)
        records = [pb.Record(run=run)]
        if ours:
            records.append(pb.Record(summary=pb.SummaryRecord(carrier=carrier)))
        self.append(*records)

    def append(self, *records: pb.Record) -> None:
        """One batch."""
        self._writer.append([record.SerializeToString() for record in records])

    def rows(self, count: int, **values: object) -> None:
        """Append rows of consecutive steps with the summary that goes with them."""
        for _ in range(count):
            self.append(*row_records(self._step, {"loss": self._step / 7, **values}))
            self._step += 1

    def config(self, **values: object) -> None:
        update = [
            pb.ConfigItem(key=key, value_json=_text(value))
            for key, value in values.items()
        ]
        self.append(pb.Record(config=pb.ConfigRecord(update=update)))

    def prints(self, text: str, *, is_stderr: bool = False, at: float = 0.0) -> None:
        output = pb.OutputRawRecord(
            output_type=pb.STDERR if is_stderr else pb.STDOUT, line=text
        )
        output.timestamp.FromNanoseconds(int((STARTED_AT + at) * 1e9))
        self.append(pb.Record(output_raw=output))

    def system_metrics(self, at: float = 1.0, **values: float) -> None:
        stats = pb.StatsRecord(
            item=[pb.StatsItem(key=k, value_json=_text(v)) for k, v in values.items()]
        )
        stats.timestamp.FromNanoseconds(int((STARTED_AT + at) * 1e9))
        self.append(pb.Record(stats=stats))

    def file(self, name: str, policy: int = pb.FilesItem.NOW) -> None:
        item = pb.FilesItem(path=name, policy=policy)  # type: ignore[arg-type]
        self.append(pb.Record(files=pb.FilesRecord(files=[item])))

    def exit(self, code: int = 0) -> None:
        self.append(pb.Record(exit=pb.RunExitRecord(exit_code=code)))
        self._ended = True

    def die(self) -> None:
        """The writer is gone without an exit record."""
        self._ended = True

    def revive(self) -> None:
        """More is written after all."""
        self._ended = False

    def close(self) -> None:
        self._writer.close()

    async def announce(self) -> None:
        """Wake whoever waits in `changed`."""
        async with self._changed:
            self._changed.notify_all()

    def committed_end(self) -> int:
        return self._writer.end

    def ended(self) -> bool:
        return self._ended

    async def changed(self, known_end: int, timeout_s: float) -> None:
        ended = self._ended
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s), self._changed:
                await self._changed.wait_for(
                    lambda: self._writer.end != known_end or self._ended != ended
                )


def row_records(step: int, values: dict[str, object]) -> list[pb.Record]:
    """A history record and its summary record."""
    full = {
        **values,
        "_step": step,
        "_timestamp": STARTED_AT + step,
        "_runtime": float(step),
    }
    texts = {key: _text(value) for key, value in full.items()}
    history = pb.HistoryRecord(
        item=[pb.HistoryItem(nested_key=[k], value_json=t) for k, t in texts.items()],
        step=pb.HistoryStep(num=step),
    )
    summary = pb.SummaryRecord(
        update=[pb.SummaryItem(nested_key=[k], value_json=t) for k, t in texts.items()]
    )
    return [pb.Record(summary=summary), pb.Record(history=history)]


def record_ends(path: Path) -> list[int]:
    """Offsets at which the records of a log end."""
    with LogReader(path) as reader:
        return [logged.next_offset for logged in reader.read()]


def _text(value: object) -> str:
    return json_codec.dumps(value).decode()
