"""Starting a run: directory, core, stream, first records, first words.

Whatever core or a server do, training goes on: without core the records stay in the
spool of this process, and the next core takes them from there.
"""

import json
import logging
import os
import time
import uuid
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from wandb_proto import VERSION
from wandb_proto.core_place import core_lives
from wandb_proto.remote_token import ADDRESS_VARIABLE

from wandb._launcher import ensure_core
from wandb._stream import Stream, StreamSettings
from wandb._terminal import termlog, termwarn
from wandb.errors import AuthenticationError, SettingsError, UsageError
from wandb.sdk import debug_log, records
from wandb.sdk.core_questions import RunQuestions, StartAnswer
from wandb.sdk.environment import (
    Program,
    find_program,
    gather_environment,
    gather_telemetry,
)
from wandb.sdk.git import Repository, find_repository, without_credentials
from wandb.sdk.live_run import LiveRun
from wandb.sdk.monitoring import monitoring_of
from wandb.sdk.names import readable_name
from wandb.sdk.notebook import link, show_html, shows_html
from wandb.sdk.plain_values import plain
from wandb.sdk.run_directory import make_run_directory
from wandb.sdk.run_settings import default_project, with_run_id
from wandb.sdk.server_choice import ServerChoice, choose_server
from wandb.sdk.start_records import StartFacts, StartRecords
from wandb.sdk.stopping import Listener
from wandb.sdk.wandb_config import config_mapping, warn_of_large_config
from wandb.sdk.wandb_run import Run, RunParts
from wandb.sdk.wandb_settings import Settings
from wandb.sdk.wandb_setup import Session

_logger = logging.getLogger(__name__)

FIRST_BATCH_WAIT_S = 5.0
URL_WAIT_S = 5.0
LOCAL_URL_WAIT_S = 15.0
"""The local server may have to be started first."""


@dataclass(frozen=True, slots=True)
class _Start:
    """What is decided before the first byte is written."""

    settings: Settings
    server: ServerChoice
    program: Program
    repository: Repository | None
    config: dict[str, Any]
    start_time: float
    writer_id: str
    """Names this writer in what is recorded of its environment."""


def start_run(
    session: Session,
    settings: Settings,
    defaults: dict[str, Any],
    config: dict[str, Any],
    force: bool,
) -> Run:
    """A run whose first records are in the spool; asks for its URL, briefly.

    Raises:
        UsageError: the server says that resume="must" or "never" cannot be; or force
            without an API key.
    """
    start = _decide(session, settings, {**defaults, **config})
    if force:
        _require_key(start)
    start = _with_directory(start)
    log_file = debug_log.open_log(start.settings)
    settings = start.settings
    stream = open_stream(session, settings, start.server, primary=True)
    run = _first_records(session, start, stream)
    run._at_finish.append(lambda: debug_log.close_log(log_file))
    _tell_start(start, run)
    try:
        _ask_server(start, run)
    except UsageError:
        run._discard()
        debug_log.close_log(log_file)
        raise
    run._capture_console()
    _record_the_rest(session, start, run)
    return run


def _decide(session: Session, settings: Settings, config: dict[str, Any]) -> _Start:
    program = find_program(settings)
    repository = None
    if not settings.disable_git:
        where = Path(settings.git_root or ".")
        repository = find_repository(where, settings.git_remote)
    server = choose_server(settings, session.places, session.environ)
    # Absolute: a script may change its directory before the run ends.
    root = os.path.abspath(settings.root_dir or ".")
    changes: dict[str, Any] = {"base_url": server.base_url, "root_dir": root}
    if server.offline_because and settings.mode in ("online", "shared"):
        changes["mode"] = "offline"
    if settings.project is None:
        changes["project"] = default_project(program, repository)
    is_named_by_server = settings._shared  # one name for all writers
    if settings.run_name is None and settings.resume is None and not is_named_by_server:
        changes["run_name"] = readable_name()
    settings = with_run_id(settings.merged(changes, "default"))
    started = settings.x_start_time or time.time()
    writer_id = str(uuid.uuid4())
    return _Start(settings, server, program, repository, config, started, writer_id)


def _require_key(start: _Start) -> None:
    if start.server.api_key is None and not start.server.local:
        raise UsageError(
            f"No API key configured for {start.server.base_url}. "
            "Use `wandb login` to log in."
        )


def _with_directory(start: _Start) -> _Start:
    settings = start.settings
    directory = make_run_directory(settings, settings.run_id or "", start.start_time)
    return replace(start, settings=settings.merged({"sync_dir": str(directory)}))


def open_stream(
    session: Session, settings: Settings, server: ServerChoice, *, primary: bool
) -> Stream:
    """A stream into the run's log, with core running if it can be started.

    Raises:
        SettingsError: a variable that concerns core makes no sense.
    """
    stream_settings = _stream_settings(session, settings, server)
    try:
        if not stream_settings.core_address:  # else: nothing to start on this host
            ensure_core(session.places, session.environ)
    except Exception as problem:  # a run's boundary: training goes on without core
        _logger.warning("core not started problem=%s", problem)
        termwarn(
            f"The core daemon cannot be started ({problem}). The run goes on; its data "
            "are kept on this machine and are taken up when core runs."
        )
    return Stream.open(
        settings.run_id or "",
        settings.sync_file or "",
        session.places,
        primary=primary,
        settings=stream_settings,
        notify=Listener(settings.stop_fn, settings.stop_on_fatal_error),
    )


def _stream_settings(
    session: Session, settings: Settings, server: ServerChoice
) -> StreamSettings:
    key = server.api_key if server.key_from_environment else None
    try:
        return StreamSettings.from_environment(
            session.environ,
            api_key=key or "",
            base_url=server.base_url,
            allow_out_of_order=settings.allow_out_of_order,
            monitoring=monitoring_of(settings),
        )
    except ValueError as problem:
        variable = str(problem).partition(" ")[0].rstrip(":")
        raise SettingsError(str(problem), field=variable) from problem


def _first_records(session: Session, start: _Start, stream: Stream) -> LiveRun:
    settings = start.settings
    run_id = settings.run_id or ""
    facts = _facts(start)
    opening = records.open_run(run_id, facts, _target(start))
    warn_of_large_config(len(opening))
    stream.append(opening)
    questions = RunQuestions(stream, run_id, settings.sync_file or "")
    run = LiveRun(RunParts(settings, facts, stream, questions, session))
    run._config.load(dict(facts.config))
    if settings.sweep_param_path:
        run._config.update_locked(config_mapping(settings.sweep_param_path))
    if not settings.x_disable_meta:
        environment = gather_environment(
            settings, start.program, start.repository, start.start_time
        )
        environment.writer_id = start.writer_id
        stream.append(records.environment(run_id, environment))
    stream.append(records.telemetry(run_id, gather_telemetry()))
    return run


def _record_the_rest(session: Session, start: _Start, run: LiveRun) -> None:
    """What takes longer than `init` may: in a thread."""
    server = start.server
    facts = StartFacts(
        run_id=run.id,
        settings=start.settings,
        program=start.program,
        repository=start.repository,
        environ=session.environ,
        writer_id=start.writer_id,
        account_allows_code=lambda: _allows_code(server, run.offline),
    )
    rest = StartRecords(facts, run._append)
    run._at_finish.insert(0, rest.finish)
    rest.start()


def _allows_code(server: ServerChoice, offline: bool) -> bool:
    """The account's setting. With the server of this machine nothing leaves it."""
    from wandb.sdk.viewer import allows_code

    if offline or server.local:
        return not offline
    return server.api_key is not None and allows_code(server.base_url, server.api_key)


def _facts(start: _Start) -> records.RunFacts:
    settings, repository = start.settings, start.repository
    remote = settings.git_remote_url or (repository.remote_url if repository else "")
    commit = settings.git_commit or (repository.commit if repository else "")
    return records.RunFacts(
        run_id=settings.run_id or "",
        entity=settings.entity or "",
        project=settings.project or "",
        start_time=start.start_time,
        host="" if settings.x_disable_machine_info else _host(settings),
        name=settings.run_name or "",
        notes=settings.run_notes or "",
        tags=tuple(dict.fromkeys(settings.run_tags or ())),
        group=settings.run_group or "",
        job_type=settings.run_job_type or "",
        sweep_id=settings.sweep_id or "",
        resume=settings.resume in ("allow", "must", "auto"),
        git_remote="" if settings.disable_git else without_credentials(remote),
        git_commit="" if settings.disable_git else commit,
        allow_out_of_order=settings.allow_out_of_order,
        ignore_globs=settings.ignore_globs,
        config={str(key): plain(value) for key, value in start.config.items()},
    )


def _host(settings: Settings) -> str:
    import platform

    return settings.host or platform.node()


def _target(start: _Start) -> records.Target:
    settings, server = start.settings, start.server
    resume = "allow" if settings.resume == "auto" else settings.resume or ""
    return records.Target(
        mode=settings.mode,
        base_url=server.base_url,
        app_url=server.app_url,
        local_server=server.local,
        resume=resume,
        key_from_environment=server.key_from_environment,
        label=_label(settings),
        secondary=not settings.x_primary,
        leaves_run_open=not settings.x_update_finish_state,
    )


def _label(settings: Settings) -> str:
    """Of console lines and system metrics: which of several writers they are from."""
    if settings.x_label or not settings._shared:
        return settings.x_label or ""
    place = "writer" if settings.x_disable_machine_info else _host(settings)
    return f"{place}-{os.urandom(4).hex()}"


def _tell_start(start: _Start, run: Run) -> None:
    because = start.server.offline_because
    termlog(f"Tracking run with wandb version {VERSION}")
    if run.offline and because:
        termlog(
            f"{because} is set and no server is configured: the run stays offline. "
            "Set WANDB_BASE_URL, or mode='online' for a server on this machine."
        )
    elif run.offline:
        termlog("W&B syncing is set to `offline` in this directory.")
        termlog("Run `wandb online` or set WANDB_MODE=online to enable syncing.")
    if core_address := run._session.environ.get(ADDRESS_VARIABLE, ""):
        termlog(f"Run data goes to the core daemon at {core_address}")
    else:
        termlog(f"Run data is saved locally in {run.sync_dir}")


def _ask_server(start: _Start, run: LiveRun) -> None:
    """Ask what the server made of the run; without an answer, go on.

    Raises:
        UsageError: resume cannot be as asked.
    """
    settings = start.settings
    answer: StartAnswer | None = None
    has_key = start.server.api_key is not None or start.server.local
    first_wait_s = FIRST_BATCH_WAIT_S if core_lives(run._session.places) else 0.0
    # Offline nobody is asked: what is in the ring is safe, and grpc is still loading.
    if not run.offline and run._stream.flush(first_wait_s):
        wait_s = LOCAL_URL_WAIT_S if start.server.local else URL_WAIT_S
        if settings.resume is not None:
            wait_s = settings.init_timeout
        if not has_key:
            wait_s = 0.0
        answer = run._questions.start(wait_s)
    if answer is not None and answer.error:
        _tell_error(answer)
    if answer is not None and answer.server_known:
        run._learn(answer)
        if answer.resumed:
            earlier_s = _runtime(_object(answer.summary_json))
            run._facts = replace(run._facts, earlier_runtime_s=earlier_s)
            run._append(records.run(run.id, run._facts, answer.starting_step))
        run._config.load_missing(_object(answer.config_json))
    _tell_run(run)
    # Without a key, or after a refusal, core has said already what is to be done.
    if not (run.offline or run._answer.server_known) and has_key and not _error(answer):
        termlog("The server has not answered yet; uploading starts when it does.")


def _runtime(summary: dict[str, Any]) -> int:
    """Seconds that the run had run, by what its summary says."""
    private = summary.get("_wandb")
    known = private.get("runtime") if isinstance(private, dict) else None
    found = [value for value in (known, summary.get("_runtime")) if value is not None]
    try:
        return max(0, *(int(value) for value in found)) if found else 0
    except (TypeError, ValueError, OverflowError):
        return 0


def _error(answer: StartAnswer | None) -> str:
    return answer.error if answer is not None else ""


def _tell_error(answer: StartAnswer) -> None:
    if answer.error_kind == "usage":
        raise UsageError(answer.error)
    if answer.error_kind == "authentication":
        _logger.warning("%s", AuthenticationError.__name__)
    termwarn(f"{answer.error} The run goes on; its data are kept on this machine.")


def _tell_run(run: LiveRun) -> None:
    answer = run._answer
    label = run.name or run.id
    if run.offline:
        return
    verb = "Resuming" if answer.resumed else "Syncing"
    if shows_html() and answer.run_url:
        project = link(answer.project_url, run.project)
        shown = link(answer.run_url, label)
        show_html(f"{verb} run <strong>{shown}</strong> of project {project}")
        return
    termlog(f"{verb} run {label}")
    if answer.project_url:
        termlog(f"View project at {answer.project_url}")
    if answer.run_url:
        termlog(f"View run at {answer.run_url}")


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text) if text else {}
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
