"""What others may know about an upload."""

from dataclasses import dataclass

from wandb_core.model import ServerRun


@dataclass(frozen=True, slots=True)
class UploadStatus:
    """A snapshot for `finish`, `status` and the user."""

    rows_total: int = 0
    """History rows read from the log so far: more may wait in bytes_left."""
    rows_uploaded: int = 0
    """Acknowledged by the server, those of earlier cores included."""
    bytes_left: int = 0
    files: tuple[int, int] = (0, 0)
    """Media and other files of the run that were sent by this upload."""
    artifacts_left: int = 0
    """Artifacts that the server does not have yet, as far as the log was read."""
    last_progress_at: float = 0.0
    """Unix seconds of the last acknowledged lines or sent piece of a file; 0: none."""
    problem: str = ""
    """Why it does not go on just now; "" if it does."""
    failed: bool = False
    """It will not go on by itself."""
    done: bool = False
    run_url: str = ""
    server_run: ServerRun | None = None
    waiting_for_key: bool = False
    stop_requested: bool = False


@dataclass(frozen=True, slots=True)
class StartOutcome:
    """What the server said about the run when it was created or found."""

    server_run: ServerRun | None = None
    run_url: str = ""
    project_url: str = ""
    resumed: bool = False
    starting_step: int = 0
    config_json: str = ""
    """Of the resumed run, values unwrapped."""
    summary_json: str = ""
    """Of the resumed run."""
    error: str = ""
    error_kind: str = ""
    """usage | authentication | communication; "" without an error."""


@dataclass(frozen=True, slots=True)
class UploadEnd:
    """How an upload ended: everything acknowledged, or failed for good."""

    uploaded: bool
    problem: str = ""
    error_kind: str = ""
    run_url: str = ""
    rows_uploaded: int = 0
    missing_files: tuple[str, ...] = ()
    """Run files that the server refused or that were gone; the rows are there."""
