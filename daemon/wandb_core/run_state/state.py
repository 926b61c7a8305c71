"""The fold: what a server should have of a run, after the records seen so far.

```
 run, config, metric, telemetry, environment ──► run, config_json
 summary ──────────────────────────────────────► summary_json
 history, stats ──► counted; the step of each row ► history_line, stats_line
 output_raw ───────────────────────────────────► console
 exit ─────────────────────────────────────────► exit
```
"""

from base64 import b64decode, b64encode
from typing import Any

from wandb_proto import json_codec
from wandb_proto.v1 import record_pb2 as pb

from wandb_core.console import ConsoleLines
from wandb_core.run_state import rows
from wandb_core.run_state.environment import environment_object, merge_environment
from wandb_core.run_state.json_tree import JsonTree, key_text, render
from wandb_core.run_state.metric_table import MetricTable
from wandb_core.run_state.telemetry import merge_telemetry
from wandb_core.run_state.yaml_text import yaml_text

ALLOW_OUT_OF_ORDER = "allow_out_of_order"
IGNORE_GLOBS = "ignore_globs"


CAN_BE_EMPTIED = ("tags", "notes")


class RunState:
    """Apply every record of a log once, in order; read at any time.

    Accepts the logs of official clients: either form of key, typed values, rows without
    steps, records that it does not know.
    """

    def __init__(self) -> None:
        self.run: pb.RunRecord | None = None
        """The last run record, with what only earlier ones said."""
        self.exit: pb.RunExitRecord | None = None
        self.preempting = False
        self.emptied: set[str] = set()
        """Fields of the run that the user has emptied: tags, notes."""
        self.next_step = 0
        self.keeps_low_steps = False
        """Rows below the current step keep theirs: a setting of the run."""
        self.ignore_globs: tuple[str, ...] = ()
        """Run files that match one stay on this machine: a setting of the run."""
        self.refused_rows = 0
        """Calls that came for a step gone by, as the last carrier counts them."""
        """Rows below it are raised to it; raise it yourself before a resumed run."""
        self.last_step: int | None = None
        """Step of the last row applied."""
        self.history_line_count = 0
        self.stats_line_count = 0
        self.console = ConsoleLines()
        self.summary = JsonTree()
        self.metrics = MetricTable()
        self._config = JsonTree(opens_leaves=True)
        self._telemetry: dict[str, Any] = {}
        self._environments: dict[str, pb.EnvironmentRecord] = {}
        self._changes: set[str] = set()
        self._start = 0.0

    def apply(self, record: pb.Record) -> None:
        """Fold one record. Unknown kinds change nothing."""
        kind = record.WhichOneof("record_type")
        if kind == "history":
            self.count_row(rows.recorded_step(record.history))
        elif kind == "summary":
            self._apply_summary(record.summary)
        elif kind == "output_raw":
            self._apply_output(record.output_raw)
        elif kind == "stats":
            self.stats_line_count += 1
        elif kind == "run":
            self._apply_run(record.run)
        elif kind == "config":
            self._apply_config(record.config)
        elif kind == "metric":
            self.metrics.define(record.metric)
            self._changes.add("config")
        elif kind == "telemetry":
            merge_telemetry(self._telemetry, record.telemetry)
            self._changes.add("config")
        elif kind == "environment":
            self._apply_environment(record.environment)
        elif kind == "output":
            self._apply_output(record.output)
        elif kind == "exit":
            self.exit = pb.RunExitRecord()
            self.exit.CopyFrom(record.exit)
        elif kind == "preempting":
            self.preempting = True

    def count_row(self, step: int | None) -> int:
        """Fold a row of which only the step matters; returns the step it gets."""
        if step is None or (step < self.next_step and not self.keeps_low_steps):
            step = self.next_step
        self.last_step = step
        self.next_step = max(self.next_step, step + 1)
        self.history_line_count += 1
        self._changes.add("summary")
        return step

    def history_line(self, history: pb.HistoryRecord) -> str:
        """The line of the row that was applied last."""
        return rows.history_line(history, self.last_step or 0)

    def stats_line(
        self, stats: pb.StatsRecord, start: float | None = None, label: str = ""
    ) -> str:
        """The line of a system metrics row; `start` is that of the run if not given."""
        return rows.stats_line(stats, self.start if start is None else start, label)

    @property
    def start(self) -> float:
        """Where `_runtime` is zero, in unix seconds."""
        return self._start

    def take_run_changed(self) -> bool:
        """Whether the run record changed since the last take."""
        return self._take("run")

    def take_config_changed(self) -> bool:
        """Whether `config_json` changed since the last take."""
        return self._take("config")

    def take_summary_changed(self) -> bool:
        """Whether `summary_json` changed since the last take."""
        return self._take("summary")

    def summary_json(self) -> str:
        """The whole summary, with the highest step of the rows."""
        if self.last_step is not None:
            self.summary.set(("_step",), str(self.next_step - 1))
        return self.summary.render()

    def config_json(self) -> str:
        """The whole config as the upsert call wants it, each value wrapped."""
        members = [
            f'{key_text(key)}:{{"value":{text}}}'
            for key, text in self._config.items()
            if key != "_wandb"
        ]
        own = json_codec.dumps(self._writer_config()).decode()
        members.append(f'"_wandb":{{"value":{own}}}')
        return "{" + ",".join(members) + "}"

    def config_value(self) -> dict[str, Any]:
        """The user's config as plain values, without wrapping and `_wandb`."""
        value = self._config.value()
        value.pop("_wandb", None)
        return value

    def config_yaml(self) -> str:
        """The text of `config.yaml`."""
        return yaml_text(json_codec.loads(self.config_json()))

    def metadata_json(self) -> str:
        """The text of `wandb-metadata.json`: the machine of the first writer."""
        first = next(iter(self._environments.values()), pb.EnvironmentRecord())
        return json_codec.dumps(environment_object(first)).decode()

    def environment(self) -> pb.EnvironmentRecord | None:
        """The first writer's machine and program, if the log says anything."""
        return next(iter(self._environments.values()), None)

    def to_bytes(self) -> bytes:
        """Everything but the untaken changes, for a checkpoint."""
        return json_codec.dumps(self.to_object())

    @classmethod
    def from_bytes(cls, data: bytes) -> "RunState":
        """The state that `to_bytes` gave; everything counts as changed.

        Raises:
            ValueError: it was written by another version.
        """
        return cls.from_object(json_codec.loads(data))

    @classmethod
    def from_checkpoint(cls, checkpoint: bytes) -> "RunState":
        """The state at a checkpoint carrier of the log, that carrier included.

        Raises:
            ValueError: it was written by another version.
        """
        return cls.from_object(json_codec.loads(checkpoint)["state"])

    def to_object(self) -> dict[str, Any]:
        """`to_bytes` as JSON-able values."""
        return {
            "version": 1,
            "run": _packed(self.run),
            "exit": _packed(self.exit),
            "preempting": self.preempting,
            "emptied": sorted(self.emptied),
            "next_step": self.next_step,
            "refused_rows": self.refused_rows,
            "last_step": self.last_step,
            "history_line_count": self.history_line_count,
            "stats_line_count": self.stats_line_count,
            "console": self.console.state(),
            "summary": self.summary.root(),
            "config": self._config.root(),
            "metrics": [_packed(metric) for metric in self.metrics],
            "telemetry": self._telemetry,
            "environments": {
                key: _packed(record) for key, record in self._environments.items()
            },
        }

    @classmethod
    def from_object(cls, state: dict[str, Any]) -> "RunState":
        """`from_bytes` for values that are parsed already; takes them over."""
        if state.get("version") != 1:
            raise ValueError(f"run state of version {state.get('version')}")
        self = cls()
        self.run = _unpacked(pb.RunRecord, state["run"])
        self._start = _start_of(self.run) if self.run else 0.0
        self.keeps_low_steps = _keeps_low_steps(self.run)
        self.ignore_globs = _ignore_globs(self.run)
        self.exit = _unpacked(pb.RunExitRecord, state["exit"])
        self.preempting = state["preempting"]
        self.emptied = set(state.get("emptied", ()))
        self.next_step = state["next_step"]
        self.refused_rows = state.get("refused_rows", 0)
        self.last_step = state["last_step"]
        self.history_line_count = state["history_line_count"]
        self.stats_line_count = state["stats_line_count"]
        self.console.restore(state["console"])
        self.summary.restore(state["summary"])
        self._config.restore(state["config"])
        self.metrics.restore(
            pb.MetricRecord.FromString(b64decode(packed)) for packed in state["metrics"]
        )
        self._telemetry = state["telemetry"]
        self._environments = {
            key: pb.EnvironmentRecord.FromString(b64decode(packed))
            for key, packed in state["environments"].items()
        }
        self._changes = {"run", "config", "summary"}
        return self

    def _take(self, what: str) -> bool:
        if what not in self._changes:
            return False
        self._changes.discard(what)
        return True

    def _apply_run(self, record: pb.RunRecord) -> None:
        run = pb.RunRecord()
        run.CopyFrom(record)
        if self.run is None:
            # Later run records repeat this config; what changed since is in between.
            self._apply_config(record.config)
        elif not record.HasField("start_time"):
            run.start_time.CopyFrom(self.run.start_time)
        if self.run is not None:
            # Empty and never set look alike in one record, but not in two.
            for name in CAN_BE_EMPTIED:
                if getattr(self.run, name) and not getattr(run, name):
                    self.emptied.add(name)
        if record.HasField("summary"):
            self._apply_summary(record.summary)
        if record.HasField("telemetry"):
            merge_telemetry(self._telemetry, record.telemetry)
        self.run = run
        self.keeps_low_steps = _keeps_low_steps(run)
        self.ignore_globs = _ignore_globs(run)
        self._start = _start_of(run)
        self.next_step = max(self.next_step, record.starting_step)
        self._changes |= {"run", "config"}

    def _apply_config(self, record: pb.ConfigRecord) -> None:
        for item in record.update:
            text = rows.checked_text(item.value_json or "null")
            self._config.set(rows.item_path(item), text)
        for item in record.remove:
            self._config.remove(rows.item_path(item))
        self._changes.add("config")

    def _apply_summary(self, record: pb.SummaryRecord) -> None:
        if record.HasField("carrier"):
            if record.carrier.refused_rows != self.refused_rows:
                self.refused_rows = record.carrier.refused_rows
                self._changes.add("config")
            return
        for item in record.update:
            path = rows.item_path(item)
            text = rows.checked_text(item.value_json or "null")
            if text == "null" and len(path) == 1:
                self.summary.remove(path)
            else:
                self.summary.set(path, text)
        for item in record.remove:
            self.summary.remove(rows.item_path(item))
        self._changes.add("summary")

    def _apply_output(self, output: pb.OutputRawRecord | pb.OutputRecord) -> None:
        moment = output.timestamp.seconds + output.timestamp.nanos / 1e9
        self.console.write(output.output_type == pb.STDERR, output.line, moment)

    def _apply_environment(self, record: pb.EnvironmentRecord) -> None:
        known = self._environments.setdefault(
            record.writer_id, pb.EnvironmentRecord(writer_id=record.writer_id)
        )
        merge_environment(known, record)
        self._changes.add("config")

    def _writer_config(self) -> dict[str, Any]:
        node = self._config.get(("_wandb",))
        given = {} if node is None else json_codec.loads(render(node))
        own = dict(given) if isinstance(given, dict) else {}
        python = self._telemetry.get("4") or self._python_version()
        own |= {
            "t": self._telemetry,
            "m": self.metrics.as_config(),
            "e": {
                key: environment_object(record)
                for key, record in self._environments.items()
            },
        }
        if self.refused_rows:
            own["refused_rows"] = self.refused_rows
        if "5" in self._telemetry:
            own["cli_version"] = self._telemetry["5"]
        if python:
            own["python_version"] = python
        return own

    def _python_version(self) -> str:
        environment = self.environment()
        return environment.python.rpartition(" ")[2] if environment else ""


def _start_of(run: pb.RunRecord) -> float:
    started = run.start_time
    return float(started.seconds + started.nanos / 1e9 - run.runtime)


def _ignore_globs(run: pb.RunRecord | None) -> tuple[str, ...]:
    for item in () if run is None else run.settings.item:
        if item.key == IGNORE_GLOBS:
            try:
                found = json_codec.loads(item.value_json)
            except ValueError:
                return ()
            return tuple(map(str, found)) if isinstance(found, list) else ()
    return ()


def _keeps_low_steps(run: pb.RunRecord | None) -> bool:
    items = run.settings.item if run is not None else ()
    return any(
        item.key == ALLOW_OUT_OF_ORDER and item.value_json == "true" for item in items
    )


def _packed(message: Any) -> str | None:
    if message is None:
        return None
    return b64encode(message.SerializeToString(deterministic=True)).decode()


def _unpacked(kind: Any, packed: str | None) -> Any:
    return None if packed is None else kind.FromString(b64decode(packed))
