"""The records of a run's streams in, the records of its log out.

```
 apply(record) …        open_run ► header, run        finish_batch
                        log      ► history rows  ─┐   ► rows and other records in
                        others   ► themselves     ├─►   order, one derived summary,
                        exit     ► last row, exit ┘     carrier
 replay(record) …       the same state again, from the log
```

Steps (current step C, 0 at first):

    log(step=S)   S < C   refused, counted      S > C   the open row is committed, C = S
    log()                 goes to the open row
    with the run's setting allow_out_of_order S < C is like S > C; after that row
    C is behind the highest step again
    commit                the open row becomes the row of step C, C = C + 1

A row that is still open at the end of a batch lives in the carriers: each holds the
parts that its batch added and that no row of the batch took.
"""

import math
from base64 import b64decode, b64encode
from typing import Any

from wandb_proto import json_codec
from wandb_proto.v1 import record_pb2 as pb

from wandb_core.console import ConsoleLine
from wandb_core.errors import RecordRejected
from wandb_core.processor.encoding import (
    history_bytes,
    item_bytes,
    path_prefix,
    summary_bytes,
)
from wandb_core.processor.explicit_summary import complete_update
from wandb_core.processor.leaf_values import LeafValues
from wandb_core.processor.open_row import OpenRow
from wandb_core.processor.row_builder import RowBuilder
from wandb_core.run_state import RunState, item_path

CHECKPOINT_VERSION = 1
_RUNTIME_PATHS = (("_wandb", "runtime"), ("_runtime",))


class RunProcessor:
    """All streams of one run. Not thread-safe; deterministic.

    `apply` several records, then `finish_batch`: until then nothing of them is to be
    relied on by others, and reading the state shows them already.
    """

    def __init__(self, run_id: str, version: str) -> None:
        self._run_id = run_id
        self._version = version
        self._state = RunState()
        self._step = 0
        self._row = OpenRow()
        self._parts: list[pb.OpenPart] = []
        self._runtime = 0.0
        self._leaves = LeafValues()
        self._builder = RowBuilder(self._leaves)
        self._next_sequences: dict[str, int] = {}
        self._seen_sequences: dict[str, int] = {}
        self._num = 0
        self._out: list[bytes] = []
        self._refused_rows = 0
        self._gap_records = 0
        self._gap_reason = ""
        self._target: pb.UploadTarget | None = None
        self._target_is_new = False

    # ---- reading ---------------------------------------------------------------------

    @property
    def step(self) -> int:
        """The step that the next commit gets."""
        return self._step

    @property
    def refused_rows(self) -> int:
        """Log calls that came for a step gone by."""
        return self._refused_rows

    @property
    def metric_count(self) -> int:
        """Distinct keys of all rows so far."""
        return len(self._leaves)

    @property
    def gap_records(self) -> int:
        """Records that were lost before they reached core."""
        return self._gap_records

    @property
    def run(self) -> pb.RunRecord | None:
        """The last run record."""
        return self._state.run

    @property
    def environment(self) -> pb.EnvironmentRecord | None:
        """The machine of the first writer, as far as it was told."""
        return self._state.environment()

    @property
    def exited(self) -> bool:
        """Whether the exit record was applied."""
        return self._state.exit is not None

    @property
    def target(self) -> pb.UploadTarget | None:
        """Where the log goes, if the bindings said it."""
        return self._target

    @property
    def has_new_target(self) -> bool:
        """The next `finish_batch` says where the log goes."""
        return self._target_is_new

    def take_console(self) -> list[ConsoleLine]:
        """Console lines that are new or changed since the last take, by number."""
        return self._state.console.take_lines()

    def next_sequence(self, stream_id: str) -> int:
        """Everything of the stream below it is in finished batches; 1 at first."""
        return self._next_sequences.get(stream_id, 1)

    def summary(self) -> dict[str, Any]:
        """Derived and explicit values, merged; floats may be NaN or infinite."""
        for leaf in self._leaves.changes():
            self._state.summary.set(leaf.path, leaf.summary_text.decode())
        summary: dict[str, Any] = json_codec.loads(self._state.summary_json())
        return summary

    # ---- records of the bindings -----------------------------------------------------

    def apply(self, stream_id: str, sequence: int, record: pb.Record) -> None:
        """Take the next record of a stream; it may be changed and is not kept.

        Raises:
            RecordRejected: it makes no sense; nothing has changed but its sequence.
        """
        expected = self._seen_sequences.get(stream_id, self.next_sequence(stream_id))
        if sequence > expected:
            self._add_gap(sequence - expected, "sequence numbers are missing")
        self._seen_sequences[stream_id] = sequence + 1
        kind = record.WhichOneof("record_type")
        if kind == "request":
            self._apply_request(stream_id, sequence, record.request)
        elif kind is None:
            raise RecordRejected(stream_id, sequence, "it has no known type")
        elif kind == "summary":
            if record.summary.HasField("carrier"):
                raise RecordRejected(stream_id, sequence, "carriers are core's own")
            self._apply_summary(record)
        elif kind == "exit":
            self._finish_run(record)
        else:
            self._pass_on(record)

    def add(self, record: pb.Record) -> None:
        """Take a record that core made itself; it may be changed and is not kept."""
        self._pass_on(record)

    def close_open_row(self) -> bool:
        """Commit the row that is still open, for no writer is left to do it.

        False: none is open. Follow with `finish_batch`.
        """
        if not self._row:
            return False
        self._commit()
        return True

    @property
    def known_streams(self) -> tuple[str, ...]:
        """The streams of finished batches, in the order of their first ones."""
        return tuple(self._next_sequences)

    def finish_batch(
        self, stream_id: str, next_sequence: int, *, checkpoint: bool = False
    ) -> list[bytes]:
        """The serialised log records of the records applied since the last call.

        In order and numbered; the carrier comes last and says that everything of the
        stream below `next_sequence` is in. With a checkpoint it holds the whole state.
        """
        self._write_derived()
        self._next_sequences[stream_id] = next_sequence
        self._seen_sequences.pop(stream_id, None)
        self._num += 1
        record = pb.Record(num=self._num)
        carrier = record.summary.carrier
        carrier.stream_id = stream_id
        carrier.next_sequence = next_sequence
        carrier.open_part.extend(self._parts)
        carrier.refused_rows = self._refused_rows
        carrier.gap_records = self._gap_records
        carrier.gap_reason = self._gap_reason
        if self._target_is_new and self._target is not None:
            carrier.target.CopyFrom(self._target)
        self._target_is_new = False
        self._parts.clear()
        if checkpoint:
            carrier.checkpoint = self.checkpoint()
        out, self._out = self._out, []
        out.append(record.SerializeToString())
        return out

    # ---- records of the log ----------------------------------------------------------

    def replay(self, record: pb.Record) -> None:
        """Fold a record of the log: after all of them the state is the one it had."""
        self._num = max(self._num + 1, record.num)
        kind = record.WhichOneof("record_type")
        if kind == "history":
            self._replay_row(record)
        elif kind == "summary":
            self._replay_summary(record)
        elif kind is not None and kind != "request":
            self._fold(record, kind)

    def checkpoint(self) -> bytes:
        """The state between two batches, for `restore`."""
        return json_codec.dumps(
            {
                "version": CHECKPOINT_VERSION,
                "state": self._state.to_object(),
                "num": self._num,
                "step": self._step,
                "row": [
                    self._row.data,
                    self._row.call_timestamp,
                    self._row.user_timestamp,
                ],
                "runtime": self._runtime,
                "leaves": self._leaves.state(),
                "next_sequences": self._next_sequences,
                "refused_rows": self._refused_rows,
                "gap": [self._gap_records, self._gap_reason],
                "target": _packed(self._target),
            }
        )

    def restore(self, checkpoint: bytes) -> None:
        """Take over the state of a checkpoint; replay what follows its carrier.

        Raises:
            ValueError: another version wrote it; replay the whole log instead.
        """
        saved = json_codec.loads(checkpoint)
        if saved.get("version") != CHECKPOINT_VERSION:
            raise ValueError(f"checkpoint of version {saved.get('version')}")
        state = RunState.from_object(saved["state"])
        self.__init__(self._run_id, self._version)  # type: ignore[misc]
        self._state = state
        self._num = saved["num"]
        self._step = saved["step"]
        row = self._row
        row.data, row.call_timestamp, row.user_timestamp = saved["row"]
        self._runtime = saved["runtime"]
        self._leaves.restore(saved["leaves"])
        self._builder.forget_rules()
        self._next_sequences = saved["next_sequences"]
        self._refused_rows = saved["refused_rows"]
        self._gap_records, self._gap_reason = saved["gap"]
        if saved["target"] is not None:
            self._target = pb.UploadTarget.FromString(b64decode(saved["target"]))

    # ---- requests --------------------------------------------------------------------

    def _apply_request(
        self, stream_id: str, sequence: int, request: pb.Request
    ) -> None:
        kind = request.WhichOneof("request_type")
        if kind == "log":
            self._log(stream_id, sequence, request.log)
        elif kind == "open_run":
            self._open_run(request.open_run)
        elif kind == "gap":
            self._add_gap(request.gap.record_count, request.gap.reason)
        else:
            raise RecordRejected(stream_id, sequence, "a request of unknown type")

    def _open_run(self, request: pb.OpenRunRequest) -> None:
        if self._num == 0:
            header = pb.Record()
            header.header.version_info.producer = self._version
            self._pass_on(header)
        if request.HasField("target"):
            self._target = pb.UploadTarget()
            self._target.CopyFrom(request.target)
            self._target_is_new = True
        record = pb.Record(run=request.run)
        record.run.run_id = record.run.run_id or self._run_id
        self._pass_on(record)

    def _log(self, stream_id: str, sequence: int, request: pb.LogRequest) -> None:
        try:
            data = json_codec.loads(request.data_json)
        except (ValueError, RecursionError) as error:
            raise RecordRejected(stream_id, sequence, f"no JSON: {error}") from None
        if type(data) is not dict:
            raise RecordRejected(stream_id, sequence, "not a JSON object")
        if request.HasField("step"):
            if request.step < (0 if self._state.keeps_low_steps else self._step):
                self._refused_rows += 1
                return
            self._move_to(request.step)
        if request.files:
            self._pass_on(pb.Record(files=pb.FilesRecord(files=request.files)))
        timestamp = request.timestamp
        if not math.isfinite(timestamp):
            timestamp = self._state.start
        self._row.add(data, timestamp)
        if request.commit:
            self._commit()
            return
        part = pb.OpenPart(step=self._step, timestamp=timestamp)
        part.data_json = request.data_json
        self._parts.append(part)

    def _move_to(self, step: int) -> None:
        """Go on with another step; an open row with data is committed before."""
        if step != self._step:
            if self._row:
                self._commit()
            self._start_row(step)

    def _start_row(self, step: int) -> None:
        self._row = OpenRow()
        self._parts.clear()
        self._step = step

    # ---- rows ------------------------------------------------------------------------

    def _commit(self) -> None:
        """Write the open row as that of the current step."""
        row, step = self._row, self._step
        runtime = round(row.call_timestamp - self._state.start, 6)
        self._builder.refresh_rules(self._state.metrics)
        items = self._builder.build(row, step, runtime)
        self._num += 1
        self._out.append(history_bytes(self._num, items, step))
        self._state.count_row(step)
        self._runtime = max(self._runtime, runtime)
        self._start_row(self._step_after(step))

    def _step_after(self, step: int) -> int:
        """Of a row that was counted: behind all rows, even if it was not the last."""
        low = self._state.keeps_low_steps
        return max(step + 1, self._state.next_step) if low else step + 1

    def _replay_row(self, record: pb.Record) -> None:
        self._builder.refresh_rules(self._state.metrics)
        runtime = self._builder.replay(record.history)
        self._state.apply(record)
        self._runtime = max(self._runtime, runtime)
        self._start_row(self._step_after(self._state.last_step or 0))

    # ---- summary ---------------------------------------------------------------------

    def _write_derived(self) -> None:
        """One summary record with all that the rows since the last one changed."""
        changes = self._leaves.take_changes()
        if not changes:
            return
        items = [leaf.summary_item for leaf in changes]
        for leaf in changes:
            self._state.summary.set(leaf.path, leaf.summary_text.decode())
        runtime = b"%d" % self._builder.last_runtime
        items.append(item_bytes(path_prefix(_RUNTIME_PATHS[0]), runtime))
        self._state.summary.set(_RUNTIME_PATHS[0], runtime.decode())
        self._num += 1
        self._out.append(summary_bytes(self._num, items))

    def _apply_summary(self, record: pb.Record) -> None:
        """A summary set by the user; what rows derived before it must not win."""
        summary = record.summary
        paths = [item_path(item) for item in (*summary.update, *summary.remove)]
        if self._leaves.touches({path[0] for path in paths}):
            self._write_derived()
        complete_update(summary, self._state.summary)
        for path in paths:
            self._leaves.end_aggregates(path)
        self._pass_on(record)

    def _replay_summary(self, record: pb.Record) -> None:
        summary = record.summary
        if summary.HasField("carrier"):
            self._replay_carrier(summary.carrier)
            return
        if record._info.stream_id:  # set by the user: derived ones have none
            for item in (*summary.update, *summary.remove):
                self._leaves.end_aggregates(item_path(item))
        self._state.apply(record)

    def _replay_carrier(self, carrier: pb.Carrier) -> None:
        self._next_sequences[carrier.stream_id] = carrier.next_sequence
        self._refused_rows = carrier.refused_rows
        self._gap_records = carrier.gap_records
        self._gap_reason = carrier.gap_reason
        if carrier.HasField("target"):
            self._target = pb.UploadTarget()
            self._target.CopyFrom(carrier.target)
        for part in carrier.open_part:
            low = self._state.keeps_low_steps and part.step != self._step
            if part.step > self._step or low:
                self._start_row(part.step)
            self._row.add(json_codec.loads(part.data_json), part.timestamp)

    # ---- everything else -------------------------------------------------------------

    def _pass_on(self, record: pb.Record) -> None:
        """Into the log as it is, and into the state."""
        self._num += 1
        record.num = self._num
        record._info.stream_id = self._run_id
        record.ClearField("control")
        self._fold(record, record.WhichOneof("record_type") or "")
        self._out.append(record.SerializeToString())

    def _fold(self, record: pb.Record, kind: str) -> None:
        self._state.apply(record)
        if kind == "metric":
            self._builder.forget_rules()
        elif kind == "run":
            # A resumed run goes on where the server says; an open row moves along.
            self._step = max(self._step, record.run.starting_step)
        elif kind in ("output_raw", "stats"):
            moment = getattr(record, kind).timestamp
            runtime = moment.seconds + moment.nanos / 1e9 - self._state.start
            self._runtime = max(self._runtime, runtime)

    def _finish_run(self, record: pb.Record) -> None:
        if self._row:
            self._commit()
        self._write_derived()
        runtime = str(int(max(self._runtime, record.exit.runtime)))
        last = pb.Record()
        for path in _RUNTIME_PATHS:
            last.summary.update.add(nested_key=path, value_json=runtime)
            self._state.summary.set(path, runtime)
        self._num += 1
        last.num = self._num
        self._out.append(last.SerializeToString())
        self._pass_on(record)

    def _add_gap(self, record_count: int, reason: str) -> None:
        self._gap_records += record_count
        self._gap_reason = reason


def _packed(message: Any) -> str | None:
    if message is None:
        return None
    return b64encode(message.SerializeToString(deterministic=True)).decode()
