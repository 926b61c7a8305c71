"""Runs of mode="disabled": the same surface, nothing is recorded or told."""

from collections.abc import Mapping
from time import time
from typing import TYPE_CHECKING, Any

from wandb.sdk import records
from wandb.sdk.core_questions import RunQuestions
from wandb.sdk.lib.disabled import RunDisabled
from wandb.sdk.lib.runid import generate_id
from wandb.sdk.plain_values import plain
from wandb.sdk.wandb_run import Run, RunParts
from wandb.sdk.wandb_settings import Settings
from wandb.sdk.wandb_summary import LocalStore, Summary

if TYPE_CHECKING:
    from wandb.sdk.wandb_setup import Session


class NoStream:
    """Takes records and keeps none."""

    def take_rich(self, take: Any) -> None:
        """Nothing is logged."""

    def append(self, record_bytes: bytes, *, ordered: bool = True) -> None:
        """Forget the record."""

    step = 0
    acknowledged = 0
    moved = 0
    appended = 0

    def log(self, data: Any, step: Any = None, commit: Any = None) -> None:
        """Forget the data."""

    def flush(self, timeout_s: float) -> bool:
        """There is nothing to wait for."""
        return True

    def ask(self, method: str, request: Any, timeout_s: float | None = None) -> Any:
        """There is nobody to ask."""
        raise ConnectionError("the run is disabled")

    def close(self) -> None:
        """There is nothing to close."""


class NothingLogged:
    """What methods that return an artifact return: takes every call and attribute."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *_arguments: Any, **_keywords: Any) -> "NothingLogged":
        return self


class NoopRun(Run, RunDisabled):
    """A run that only keeps config and summary, in memory."""

    def __init__(
        self, settings: Settings, session: "Session", config: dict[str, Any]
    ) -> None:
        run_id = settings.run_id or generate_id()
        facts = records.RunFacts(
            run_id=run_id,
            entity="",
            project="dummy",
            start_time=time(),
            name=f"dummy-{run_id}",
        )
        stream = NoStream()
        questions = RunQuestions(stream, run_id, "")
        super().__init__(RunParts(settings, facts, stream, questions, session))
        self._store = LocalStore()
        self._summary = Summary(self._store)
        self._config.update(config, allow_val_change=True)

    def log(
        self,
        data: Mapping[str, Any],
        step: int | None = None,
        commit: bool | None = None,
    ) -> None:
        """Update the summary in memory; the step stays 0.

        Raises:
            TypeError: data is not a mapping.
        """
        if not isinstance(data, Mapping):
            raise TypeError("Data passed to wandb.log() must be passed a dictionary")
        for key, value in data.items():
            self._store.change([((str(key),), plain(value))], [])

    def finish(self, exit_code: int | None = None, quiet: bool | None = None) -> None:
        """End the run. Idempotent; nothing is shown."""
        from wandb.sdk.surface import unbind

        self._finished = True
        self._session.remove(self)
        unbind(self)

    @property
    def path(self) -> str:
        """`dummy/dummy/<id>`."""
        return f"dummy/dummy/{self.id}"

    @property
    def entity(self) -> str:
        """Empty."""
        return ""

    @property
    def url(self) -> str | None:
        """None."""
        return None

    @property
    def project_url(self) -> str | None:
        """None."""
        return None

    def _log_nothing(self, *_arguments: Any, **_keywords: Any) -> Any:
        """Stands for the methods that return an artifact."""
        return NothingLogged()

    log_artifact = upsert_artifact = finish_artifact = _log_nothing
    use_artifact = use_model = log_model = _log_nothing
    link_artifact = link_model = _log_nothing

    def save(self, *_arguments: Any, **_keywords: Any) -> bool:
        """Link no file."""
        return False

    def watch(self, *_arguments: Any, **_keywords: Any) -> None:
        """Nothing is watched."""

    def log_code(self, *_arguments: Any, **_keywords: Any) -> None:
        """Take no file."""

    def _append(self, record: bytes) -> None:
        return
