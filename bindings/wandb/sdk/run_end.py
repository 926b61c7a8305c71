"""The end of a run: exit record, upload, last words.

```
exit record ─► spool ─► core has it (flush) ─► core uploads (finish_run, repeated)
                                                  │ progress: wait on
                                                  │ none for finish_timeout: say where
                                                  └ the data lie, leave the rest to core
```
"""

import os
import time
from typing import TYPE_CHECKING, Any

from wandb_proto.remote_token import ADDRESS_VARIABLE

from wandb._terminal import termerror, termlog, termwarn
from wandb.sdk import records
from wandb.sdk.core_questions import FinishAnswer
from wandb.sdk.notebook import link, show_html, shows_html
from wandb.sdk.run_settings import forget_kept_id
from wandb.sdk.where import in_container

if TYPE_CHECKING:
    from wandb.sdk.wandb_run import Run

ANSWER_WAIT_S = 1.0
LINE_S_MIN, LINE_S_MAX = 5.0, 30.0
"""Between two lines about the progress: doubled each time."""

PROBLEM_CHARACTERS_MAX = 200
CONTAINER_FACTOR = 10
"""In a container the disk dies with the script: wait this much longer by default."""


def end_run(run: "Run", exit_code: int) -> None:
    """End the run once; never raises because of core or a server."""
    if os.getpid() != run._owner_pid:
        _leave(run)  # a child: the run goes on in its parent
        return
    for callback in run._at_finish:
        callback()
    settings = run._settings
    runtime = time.time() - run.start_time + run._facts.earlier_runtime_s
    answer: FinishAnswer | None = None
    try:
        goes_on = not settings.x_update_finish_state
        end = records.exited(run.id, exit_code, runtime, run_goes_on=goes_on)
        run._stream.append(end)
        answer = _wait(run)
    except KeyboardInterrupt:
        termwarn(
            f"Run {run.id} was not waited for. Its data lie in {run.sync_dir}; core "
            f"uploads them, later if need be: wandb sync {run.sync_dir}"
        )
        raise
    finally:
        run._ended(answer)
        run._stream.close()
        run._session.remove(run)
        _unbind(run)
    forget_kept_id(settings, exit_code)
    _show_result(run, answer)


def _leave(run: "Run") -> None:
    run._stream.flush(run._settings.finish_timeout)
    run._stream.close()
    run._ended(None)
    run._session.remove(run)
    _unbind(run)


def _wait(run: "Run") -> FinishAnswer | None:
    """Wait while it moves; returns core's last word, None if it never spoke."""
    patience = _Patience(_patience(run), _waits_longer(run))
    last: FinishAnswer | None = None
    while True:
        flushed = run._stream.flush(ANSWER_WAIT_S)
        # Core may be there and not able to write: then it says why.
        questions = run._questions
        answer = questions.finish(ANSWER_WAIT_S) if flushed else questions.look()
        last = answer or last
        if flushed and answer is not None and _is_over(answer):
            return answer
        if not patience.goes_on(answer, run._stream.moved):
            return last


def _is_over(answer: FinishAnswer) -> bool:
    """Whether waiting cannot change anything any more."""
    is_stuck = answer.durable and answer.needs_key
    return answer.uploaded or answer.offline or answer.failed or is_stuck


def _patience(run: "Run") -> float:
    factor = CONTAINER_FACTOR if _waits_longer(run) else 1
    return run._settings.finish_timeout * factor


def _waits_longer(run: "Run") -> bool:
    chosen = "finish_timeout" in run._settings.given
    return not chosen and in_container(run._session.environ)


class _Patience:
    """Decides after each answer whether waiting goes on, and shows progress."""

    def __init__(self, limit_s: float, container: bool) -> None:
        self._limit_s = limit_s
        self._container = container
        self._moved_at = self._told_at = time.monotonic()
        self._seen: Any = None
        self._line_s = LINE_S_MIN

    def goes_on(self, answer: FinishAnswer | None, moved: int) -> bool:
        now = time.monotonic()
        seen = (moved, answer and (answer.rows_uploaded, answer.bytes_left))
        if seen != self._seen:
            self._seen, self._moved_at = seen, now
        if now - self._told_at >= self._line_s:
            self._told_at = now
            self._tell(answer, now - self._moved_at)
            self._line_s = min(2 * self._line_s, LINE_S_MAX)
        return now - self._moved_at < self._limit_s

    def _tell(self, answer: FinishAnswer | None, idle_s: float) -> None:
        if answer is None:
            termlog("Waiting for the core daemon …")
            return
        if answer.problem and not answer.durable:
            termlog(f"Waiting{_because(answer.problem)} …")
            return
        line = f"Uploading: {answer.rows_uploaded:,} of {answer.rows_total:,} rows"
        if not answer.rows_total:
            line = f"Uploading: {answer.bytes_left:,} bytes are to go"
        if idle_s >= LINE_S_MIN:
            line += f", no progress for {idle_s:.0f} s{_because(answer.problem)}"
            if self._container:
                line += f"; waiting up to {self._limit_s:.0f} s, as a container's disk "
                line += "dies with it (Ctrl-C ends the wait)"
        termlog(line)


def _core_elsewhere(run: "Run") -> str:
    """Address of the core on another host; "" if it is on this one."""
    return run._session.environ.get(ADDRESS_VARIABLE, "")


def _show_result(run: "Run", answer: FinishAnswer | None) -> None:
    if answer is not None:
        _show_values(run, answer)
    if answer is not None and answer.refused_rows:
        count = answer.refused_rows
        calls = "1 log call was" if count == 1 else f"{count} log calls were"
        termwarn(f"{calls} ignored: their step had gone by.")
    directory = run.sync_dir
    if answer is None:
        termwarn(
            f"Core did not answer. The data of run {run.id} are kept on this machine, "
            f"in its spool and in {directory}; the next core takes them up, at the "
            "next wandb.init or with: wandb core start"
        )
    elif answer.problem and not answer.durable:
        termerror(
            f"The log of run {run.id} is not complete: {answer.problem}. The rest "
            "waits on this machine and is written as soon as that works."
        )
    elif answer.offline and (core_address := _core_elsewhere(run)):
        termlog(f"The run's log lies with the core daemon at {core_address}.")
    elif answer.offline:
        termlog("You can sync this run by running:")
        termlog(f"  wandb sync {directory}")
    elif answer.failed:
        termerror(f"The upload of run {run.id} failed: {answer.problem}")
        termerror(f"Its data lie in {directory}; retry with: wandb sync {directory}")
    elif answer.needs_key and not answer.uploaded:
        termwarn(
            f"Run {run.id} is not uploaded yet: {answer.problem}. Its data lie in "
            f"{directory}; then upload them with: wandb sync {directory}"
        )
    elif not answer.uploaded:
        _tell_unfinished(run, answer)
    _show_places(run, answer)


def _show_values(run: "Run", answer: FinishAnswer) -> None:
    from wandb.sdk.end_summary import EndSummary

    settings = run._settings
    shown = EndSummary.of(
        answer.history,
        answer.summary,
        settings.max_end_of_run_history_metrics,
        settings.max_end_of_run_summary_metrics,
    )
    if shows_html():
        show_html(shown.html())
        return
    lines = list(shown.lines())
    for line in [*lines, ""] if lines else []:
        termlog(line)


def _show_places(run: "Run", answer: FinishAnswer | None) -> None:
    url, directory = run._answer.run_url, run.sync_dir
    name = run.name or run.id
    if shows_html():
        if url:
            show_html(f"View run at: {link(url, name)}")
        return
    if url:
        termlog(f"View run {name} at: {url}")
    if run._answer.project_url:
        termlog(f"View project at: {run._answer.project_url}")
    if answer is not None and (answer.media_files or answer.other_files):
        sent = f"{answer.media_files} media and {answer.other_files} other files"
        termlog(f"Synced {sent}")
    if directory:
        termlog(f"Find logs at: {os.path.join(directory, 'logs')}")


def _tell_unfinished(run: "Run", answer: FinishAnswer) -> None:
    rows_left = answer.rows_total - answer.rows_uploaded
    # Before the server answers, core has not counted the rows of the log.
    left = f"{rows_left:,} rows" if rows_left else f"{answer.bytes_left:,} bytes"
    why = _because(answer.problem)
    termwarn(
        f"The upload made no progress{why}: {left} are still to go. They lie in "
        f"{run.sync_dir}, and core goes on uploading in the background."
    )
    if in_container(run._session.environ):
        termerror(
            "This is a container: when it ends, what has not been uploaded is lost "
            f"unless {run.sync_dir} is on a volume. Set WANDB_FINISH_TIMEOUT to wait "
            "longer."
        )


def _because(problem: str) -> str:
    """The problem's last line in brackets; of a traceback, that is what happened."""
    lines = problem.strip().splitlines()
    return f" ({lines[-1].strip()[:PROBLEM_CHARACTERS_MAX]})" if lines else ""


def _unbind(run: "Run") -> None:
    from wandb.sdk.surface import unbind

    unbind(run)
