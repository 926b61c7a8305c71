"""`wandb.Run`: one run of a training, as users see it.

Every call becomes a record in the run's stream and returns; nothing here waits for a
server but `finish`, and reading the summary waits for core on this machine.
"""

import os
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from time import time
from types import TracebackType
from typing import TYPE_CHECKING, Any

from wandb import _later
from wandb._terminal import termwarn
from wandb.errors import Error, UsageError
from wandb.sdk import records
from wandb.sdk.alerts import AlertLimit
from wandb.sdk.core_questions import (
    FinishAnswer,
    RecordStream,
    RunQuestions,
    StartAnswer,
)
from wandb.sdk.run_actions import RunActions, RunStatus
from wandb.sdk.run_artifacts import RunArtifacts
from wandb.sdk.run_files import RunFiles
from wandb.sdk.run_settings import tag_problem
from wandb.sdk.wandb_config import Config, warn_of_large_config
from wandb.sdk.wandb_metric import Metric
from wandb.sdk.wandb_settings import Settings
from wandb.sdk.wandb_summary import RecordedSummary, Summary
from wandb.sdk.watch import RunWatching, Watches

if TYPE_CHECKING:
    from wandb.sdk.wandb_setup import Session

__all__ = ["Run", "RunParts", "RunStatus"]

URL_RETRY_S = 1.0


@dataclass(frozen=True, slots=True)
class RunParts:
    """What `init` has put together for a run."""

    settings: Settings
    facts: records.RunFacts
    stream: RecordStream
    questions: RunQuestions
    session: "Session"


class Run(RunActions, RunArtifacts, RunFiles, RunWatching):
    """A run; made by `wandb.init`, which also makes it `wandb.run`."""

    def __init__(self, parts: RunParts) -> None:
        self._settings = parts.settings
        self._facts = parts.facts
        self._session = parts.session
        self._stream: RecordStream = parts.stream
        self._questions = parts.questions
        self._owner_pid = os.getpid()
        """The process whose finish ends the run."""
        self._answer = StartAnswer()
        self._asked_at = 0.0
        self._finished = False
        shared = parts.settings._shared
        self._log_data = self._log_shared if shared else parts.stream.log
        self._final_summary: dict[str, Any] | None = None
        self._finish_lock = threading.RLock()
        self._alert_limit = AlertLimit()
        self._at_finish: list[Callable[[], None]] = []
        self._watches = Watches()
        self._config_callback: Callable[..., None] | None = None
        self._config = Config(
            self._publish_config, allow_val_change=parts.settings.allow_val_change
        )
        self._summary = Summary(
            RecordedSummary(
                self._publish_summary, self._ask_summary, self._summary_value
            )
        )

    # ---- logging

    def log(
        self,
        data: Mapping[str, Any],
        step: int | None = None,
        commit: bool | None = None,
    ) -> None:
        """Add data to the current step; without `step`, close it (`commit`).

        With `step`, the data join that step and it stays open; a step that has gone by
        is refused with a warning. Microseconds; never waits for a server.

        Raises:
            TypeError: data is not a mapping with string keys, step is not an integer.
            UsageError: the run is finished.
        """
        if self._finished:
            raise self._over()
        self._log_data(data, step, commit)

    def _log_shared(self, data: Any, step: Any = None, commit: Any = None) -> None:
        if step is not None:
            termwarn("In shared mode log(step=…) is ignored.", repeat=False)
        self._stream.log(data, None, commit)

    def _log(
        self,
        data: Mapping[str, Any],
        step: int | None = None,
        commit: bool | None = None,
    ) -> None:
        self.log(data, step, commit)

    def define_metric(
        self,
        name: str,
        step_metric: str | Metric | None = None,
        step_sync: bool | None = None,
        hidden: bool | None = None,
        summary: str | None = None,
        overwrite: bool | None = None,
    ) -> Metric:
        """Say which x-axis a metric has and how it is summarised.

        Raises:
            Error: an argument that cannot be; the text names it.
        """
        metric = Metric.checked(
            name, step_metric, step_sync, hidden, summary, overwrite
        )
        self._append(records.metric(self.id, metric.to_record()))
        return metric

    def write_logs(self, text: str) -> None:
        """Add text to the run's console lines."""
        self._append(records.output(self.id, False, text, time()))

    # ---- config and summary

    @property
    def config(self) -> Config:
        """The inputs of the run."""
        return self._config

    @property
    def summary(self) -> Summary:
        """The latest value per key."""
        return self._summary

    def _publish_config(self, changes: dict[str, Any]) -> None:
        record = records.config(self.id, changes)
        warn_of_large_config(len(record))
        self._append(record)
        if self._config_callback is not None:
            self._config_callback(None, None, changes)

    def _set_config_wandb(self, key: str, val: Any) -> None:
        self._append(records.config_at(self.id, ("_wandb", key), val))

    def _label(
        self,
        repo: str | None = None,
        code: str | None = None,
        version: str | None = None,
        **_more: Any,
    ) -> None:
        label = records.label(repo or "", code or "", version or "")
        self._append(records.telemetry(self.id, label))

    def _publish_summary(
        self, update: list[tuple[records.Path, Any]], remove: list[records.Path]
    ) -> None:
        self._append(records.summary(self.id, update, remove))

    def _summary_value(self, key: str, value: Any) -> Any:
        if value is None or type(value) in (bool, int, float, str):
            return value
        from wandb.sdk.data_types.logged import convert

        return convert(self, key, "summary", value)

    def _ask_summary(self) -> dict[str, Any] | None:
        if self._finished:
            return self._final_summary
        self._stream.flush(self._settings.summary_timeout)
        return self._questions.summary()

    # ---- what the run is

    @property
    def id(self) -> str:
        """Id of the run, unique in its project."""
        return self._facts.run_id

    @property
    def name(self) -> str | None:
        """The name shown; assignment renames the run."""
        return self._answer.display_name or self._facts.name or None

    @name.setter
    def name(self, name: str) -> None:
        self._change(name=str(name))
        self._answer = replace(self._answer, display_name="")

    @property
    def notes(self) -> str | None:
        """Notes; assignment replaces them."""
        return self._facts.notes or None

    @notes.setter
    def notes(self, notes: str) -> None:
        self._change(notes=str(notes or ""))

    @property
    def tags(self) -> tuple[str, ...] | None:
        """Tags; assignment replaces them."""
        return self._facts.tags

    @tags.setter
    def tags(self, tags: Iterable[str]) -> None:
        found = tuple(dict.fromkeys(str(tag) for tag in tags or ()))
        if problem := tag_problem(found):
            termwarn(f"{problem}. The run's tags stay as they are.")
            return
        self._change(tags=found)

    @property
    def entity(self) -> str:
        """User or team; empty while no server has said it."""
        return self._known().entity or self._facts.entity

    @property
    def project(self) -> str:
        """Project of the run."""
        return self._answer.project or self._facts.project

    @property
    def group(self) -> str:
        """Group, or ""."""
        return self._facts.group

    @property
    def job_type(self) -> str:
        """Job type, or ""."""
        return self._facts.job_type

    @property
    def sweep_id(self) -> str | None:
        """Sweep that started the run."""
        return self._facts.sweep_id or None

    @property
    def path(self) -> str:
        """`entity/project/id`; offline `project/id`."""
        parts = (self.entity, self.project, self.id)
        return "/".join(part for part in parts if part)

    @property
    def url(self) -> str | None:
        """Page of the run; None offline and while no server has answered."""
        return self._known().run_url or None

    @property
    def project_url(self) -> str | None:
        """Page of the project; None offline and while no server has answered."""
        return self._known().project_url or None

    @property
    def sweep_url(self) -> str | None:
        """Page of the sweep, if there is one."""
        return None

    def get_url(self) -> str | None:
        """The same as `url`."""
        return self.url

    @property
    def step(self) -> int:
        """The step that the next commit gets."""
        if self._settings._shared:
            raise Error("In shared mode a run has no step of its own.")
        return self._stream.step

    @property
    def _step(self) -> int:
        return self._stream.step

    @property
    def starting_step(self) -> int:
        """First step of this process: above 0 for a resumed run."""
        return self._answer.starting_step

    @property
    def resumed(self) -> bool:
        """Whether the run went on from earlier data."""
        return self._answer.resumed

    @property
    def start_time(self) -> float:
        """Start in unix seconds."""
        return self._facts.start_time

    @property
    def dir(self) -> str:
        """Directory whose files belong to the run."""
        return self._settings.files_dir or ""

    @property
    def sync_dir(self) -> str:
        """Directory of the run: its log, files and text logs."""
        return self._settings.sync_dir or ""

    @property
    def offline(self) -> bool:
        """Whether nothing is uploaded while the run runs."""
        return self._settings._offline

    @property
    def disabled(self) -> bool:
        """Whether nothing is recorded at all."""
        return self._settings._noop

    @property
    def settings(self) -> Settings:
        """The settings of the run."""
        return self._settings

    @property
    def _attach_id(self) -> str:
        return self.id

    def project_name(self) -> str:
        """The same as `project`."""
        return self.project

    # ---- the end

    def finish(self, exit_code: int | None = None, quiet: bool | None = None) -> None:
        """End the run: upload what is left, show the final values. Idempotent.

        Waits for the upload while it makes progress; see `run_end`.
        """
        from wandb.sdk.run_end import end_run

        with self._finish_lock:
            if self._finished:
                return
            end_run(self, exit_code or 0)

    def join(self, exit_code: int | None = None) -> None:
        """The old name of `finish`."""
        self.finish(exit_code)

    def __enter__(self) -> "Run":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.finish(0 if kind is None else 1)

    def __reduce__(self) -> Any:
        from wandb.sdk.run_join import join_run

        settings = self._settings.merged({"api_key": None})
        return join_run, (self._facts, settings, self._config.as_dict())

    def __repr__(self) -> str:
        return f"<wandb.Run {self.path}>"

    def __getattr__(self, name: str) -> Any:
        if name in _later.RUN_METHODS:
            return _later.later_function(f"run.{name}")
        raise AttributeError(f"'Run' object has no attribute {name!r}")

    # ---- inside

    def _append(self, record: bytes) -> None:
        if self._finished:
            raise self._over()
        self._stream.append(record)

    def _change(self, **facts: Any) -> None:
        if self._finished:
            raise self._over()
        self._facts = replace(self._facts, **facts)
        self._append(records.run(self.id, self._facts))

    def _known(self) -> StartAnswer:
        """What the server said; asks again, without waiting, where it had not yet."""
        late = not self._answer.server_known and not self.offline and not self._finished
        if late and time() - self._asked_at > URL_RETRY_S:
            self._asked_at = time()
            answer = self._questions.start(0.0)
            if answer is not None and answer.server_known:
                self._learn(answer)
        return self._answer

    def _learn(self, answer: StartAnswer) -> None:
        self._answer = answer
        self._asked_at = time()
        self._stream.step = max(self._stream.step, answer.starting_step)

    def _ended(self, answer: FinishAnswer | None) -> None:
        """Called once by `end_run`: from now on the run only remembers."""
        self._finished = True
        if answer is not None:
            self._final_summary = answer.summary
            if answer.run_url:
                self._answer = replace(self._answer, run_url=answer.run_url)

    def _over(self) -> UsageError:
        return UsageError(
            f"Run ({self.id}) is finished. The call had no effect: "
            "start a new run with wandb.init()."
        )
