"""`define_metric`: its checks, and the record that a definition becomes."""

from dataclasses import dataclass
from typing import Any

from wandb_proto.v1 import record_pb2 as pb

from wandb._terminal import termwarn
from wandb.errors import Error

SUMMARY_MODES = ("min", "max", "mean", "last", "first", "copy", "none")


@dataclass(frozen=True, slots=True)
class Metric:
    """A checked definition, as `define_metric` returns it."""

    name: str
    step_metric: str | None = None
    step_sync: bool | None = None
    hidden: bool | None = None
    summary: tuple[str, ...] = ()
    overwrite: bool | None = None

    @classmethod
    def checked(
        cls,
        name: Any,
        step_metric: Any = None,
        step_sync: Any = None,
        hidden: Any = None,
        summary: Any = None,
        overwrite: Any = None,
    ) -> "Metric":
        """The definition that the arguments of define_metric make.

        Raises:
            Error: an argument of the wrong type or value; the text names it.
        """
        if isinstance(name, str) and not name:
            raise Error("define_metric() requires non-empty name argument")
        if isinstance(step_metric, Metric):
            step_metric = step_metric.name
        _check("name", name, str)
        _check("step_metric", step_metric, str, optional=True)
        _check("step_sync", step_sync, bool, optional=True)
        _check("hidden", hidden, bool, optional=True)
        _check("summary", summary, str, optional=True)
        _check("overwrite", overwrite, bool, optional=True)
        if "*" in name[:-1]:
            raise Error(
                "Unhandled define_metric() arg: name (glob suffixes only): " + name
            )
        if step_sync is None and step_metric:
            step_sync = True
        modes = _summary_modes(summary)
        return cls(name, step_metric or None, step_sync, hidden, modes, overwrite)

    def to_record(self) -> pb.MetricRecord:
        """The definition as the format has it."""
        record = pb.MetricRecord()
        if self.name.endswith("*"):
            record.glob_name = self.name
        else:
            record.name = self.name
        if self.step_metric:
            record.step_metric = self.step_metric
        record.options.defined = not self.name.endswith("*")
        record.options.step_sync = bool(self.step_sync)
        record.options.hidden = bool(self.hidden)
        for mode in self.summary:
            setattr(record.summary, mode, True)
        if self.overwrite:
            record._control.overwrite = True
        return record


def _check(argument: str, value: Any, kind: type, optional: bool = False) -> None:
    if (optional and value is None) or isinstance(value, kind):
        return
    raise Error(f"Unhandled define_metric() arg: {argument}: {value!r}")


def _summary_modes(summary: str | None) -> tuple[str, ...]:
    if not summary:
        return ()
    modes = tuple(part.strip().lower() for part in summary.split(","))
    for mode in modes:
        if mode not in SUMMARY_MODES:
            raise Error(f"Unhandled define_metric() arg: summary op: {mode}")
    if "copy" in modes:
        termwarn("define_metric(summary='copy') is deprecated and does nothing.")
    return modes
