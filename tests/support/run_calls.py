"""A run as its calls, through the processor, to the rows and records of its log."""

import math
from dataclasses import dataclass, field
from typing import Any

from wandb_core.processor import RunProcessor
from wandb_core.run_state import RunState
from wandb_proto import json_codec
from wandb_proto.v1 import record_pb2 as pb

START = 1000


def log_call(
    data: dict[str, Any],
    step: int | None = None,
    commit: bool | None = None,
    *,
    timestamp: float = START + 0.5,
) -> pb.Record:
    """One `run.log`; the default of `commit` is that of the bindings."""
    record = pb.Record()
    call = record.request.log
    call.timestamp = timestamp
    call.data_json = json_codec.dumps(data)
    if step is not None:
        call.step = step
    call.commit = step is None if commit is None else commit
    return record


def opening(**run_fields: Any) -> pb.Record:
    """The first record of a run."""
    record = pb.Record()
    record.request.open_run.run.start_time.seconds = START
    for name, value in run_fields.items():
        setattr(record.request.open_run.run, name, value)
    return record


def exiting(exit_code: int = 0) -> pb.Record:
    record = pb.Record()
    record.exit.exit_code = exit_code
    return record


def define(
    name: str,
    step_metric: str = "",
    summary: str = "",
    *,
    step_sync: bool | None = None,
    overwrite: bool = False,
) -> pb.Record:
    """One `define_metric`, as the bindings send it."""
    record = pb.Record()
    metric = record.metric
    if name.endswith("*"):
        metric.glob_name = name
    else:
        metric.name = name
    metric.step_metric = step_metric
    metric.options.step_sync = bool(step_metric) if step_sync is None else step_sync
    metric.options.defined = True
    for mode in filter(None, summary.split(",")):
        setattr(metric.summary, mode, True)
    metric._control.overwrite = overwrite
    return record


def set_summary(*path: str, value: Any = None, remove: bool = False) -> pb.Record:
    """One assignment to `run.summary`."""
    record = pb.Record()
    target = record.summary.remove if remove else record.summary.update
    item = target.add()
    if len(path) == 1:
        item.key = path[0]
    else:
        item.nested_key.extend(path)
    if not remove:
        item.value_json = json_codec.dumps(value).decode()
    return record


@dataclass
class Played:
    """A processor after some records, with all that it wrote."""

    processor: RunProcessor
    log: list[pb.Record] = field(default_factory=list)

    @property
    def state(self) -> RunState:
        state = RunState()
        for record in self.log:
            state.apply(record)
        return state

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Every row of the log as nested values, as a server gets it."""
        state, found = RunState(), []
        for record in self.log:
            state.apply(record)
            if record.WhichOneof("record_type") == "history":
                found.append(json_codec.loads(state.history_line(record.history)))
        return found

    @property
    def user_rows(self) -> list[tuple[int, dict[str, Any]]]:
        """(step, data) without what every row has."""
        return [(row["_step"], without_reserved(row)) for row in self.rows]

    @property
    def summary(self) -> dict[str, Any]:
        """The summary of the log, without what every summary has."""
        return without_reserved(json_codec.loads(self.state.summary_json()))

    def play(self, *records: pb.Record, checkpoint: bool = False) -> "Played":
        """Send the records as one batch of one stream."""
        first = self.processor.next_sequence("s")
        for sequence, record in enumerate(records, first):
            self.processor.apply("s", sequence, copy(record))
        written = self.processor.finish_batch(
            "s", first + len(records), checkpoint=checkpoint
        )
        self.log += [pb.Record.FromString(data) for data in written]
        return self


def play(*records: pb.Record) -> Played:
    """A run that was opened and got the records, in one batch."""
    return Played(RunProcessor("abc", "1.0.0")).play(opening(), *records)


def play_each(*records: pb.Record) -> Played:
    """The same with every record in a batch of its own."""
    played = Played(RunProcessor("abc", "1.0.0")).play(opening())
    for record in records:
        played.play(record)
    return played


def without_reserved(values: dict[str, Any]) -> dict[str, Any]:
    reserved = ("_step", "_timestamp", "_runtime", "_wandb")
    return {key: value for key, value in values.items() if key not in reserved}


def copy(record: pb.Record) -> pb.Record:
    return pb.Record.FromString(record.SerializeToString())


def comparable(value: Any) -> Any:
    """The value with NaN made equal to itself."""
    if isinstance(value, float) and math.isnan(value):
        return "NaN"
    if isinstance(value, dict):
        return {key: comparable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [comparable(item) for item in value]
    return value
