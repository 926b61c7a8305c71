"""What users ask of a run besides logging: alerts, marks, its standing, its looks."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import time
from typing import TYPE_CHECKING, Any

from wandb.sdk import notebook
from wandb.sdk.alert_level import AlertLevel
from wandb.sdk.alerts import Alert, AlertLimit

if TYPE_CHECKING:
    from wandb.sdk.core_questions import RunQuestions
    from wandb.sdk.wandb_settings import Settings


@dataclass(frozen=True, slots=True)
class RunStatus:
    """How far the data of a run have come, in rows of its history."""

    sync_items_total: int = 0
    sync_items_pending: int = 0
    sync_time: datetime | None = None
    """When the upload made progress last; None: nothing was uploaded yet."""


class RunActions:
    """Methods of `Run` that are not about its data; `Run` is the only subclass."""

    if TYPE_CHECKING:
        name: Any
        _questions: RunQuestions
        _alert_limit: AlertLimit

        @property
        def id(self) -> str: ...
        @property
        def settings(self) -> Settings: ...
        def _ask_summary(self) -> dict[str, Any] | None: ...
        @property
        def url(self) -> str | None: ...
        def _append(self, record: bytes) -> None: ...
        def _set_config_wandb(self, key: str, val: Any) -> None: ...

    def alert(
        self,
        title: str,
        text: str,
        level: str | AlertLevel | None = None,
        wait_duration: int | float | timedelta | None = None,
    ) -> None:
        """Tell the people behind the run; it is kept with the run, and sent online.

        Args:
            level: INFO (default), WARN or ERROR.
            wait_duration: seconds or a timedelta; another alert of the same title
                within that time is dropped. Default: a minute.

        Raises:
            ValueError, TypeError: level or wait_duration cannot be.
            UsageError: the run is finished.
        """
        alert = Alert.checked(title, text, level, wait_duration)
        if self._alert_limit.lets_through(alert):
            self._append(alert.to_record(self.id))

    def mark_preempting(self) -> None:
        """Say that the machine is about to be taken away: the run shows as preempting,
        and as preempted if it then ends without having finished.
        """
        from wandb.sdk import records

        self._append(records.preempting(self.id))

    def pin_config_keys(self, keys: Iterable[str] = ()) -> None:
        """Choose the config keys that the page shows first; replaces earlier ones."""
        pinned = [keys] if isinstance(keys, str) else [str(key) for key in keys]
        self._set_config_wandb("pinned_keys", pinned)

    def status(self) -> RunStatus:
        """How many rows there are and how many are not at the server yet."""
        answer = self._questions.look()
        if answer is None:
            return RunStatus()
        pending = 0 if answer.offline else answer.rows_total - answer.rows_uploaded
        uploaded_at = None
        if answer.rows_uploaded:
            uploaded_at = datetime.fromtimestamp(time() - answer.idle_s, UTC)
        return RunStatus(answer.rows_total, max(0, pending), uploaded_at)

    def display(self, height: int = notebook.HEIGHT, hidden: bool = False) -> bool:
        """Show the run's page in the current cell; False outside of notebooks."""
        return notebook.show_html(self.to_html(height, hidden))

    def to_html(self, height: int = notebook.HEIGHT, hidden: bool = False) -> str:
        """HTML with a link to the run's page, and the page in a frame if its server
        lets that be, else the latest values.
        """
        url, name = self.url, self.name or self.id
        if url and notebook.can_be_framed(url):
            return notebook.frame(url, name, height, hidden)
        return notebook.card(url, name, self._values_html())

    def _values_html(self) -> str:
        from wandb.sdk.end_summary import EndSummary

        rows = self.settings.max_end_of_run_summary_metrics
        return EndSummary.of({}, self._ask_summary() or {}, 0, rows).html()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        return notebook.mime_bundle(self.to_html(hidden=True), repr(self))
