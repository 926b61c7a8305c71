"""`wandb.init`: from arguments to a started run. Needs no network.

```
arguments ─► Settings ─► directory ─► core ─► stream ─► open_run, environment, telemetry
                                                            └─► start_run: the run's URL
```
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from wandb._terminal import termlog, termwarn
from wandb.errors import UnsupportedError, UsageError
from wandb.sdk import run_start
from wandb.sdk.lib.config_util import read_config_file
from wandb.sdk.notebook import in_notebook
from wandb.sdk.run_attach import publish
from wandb.sdk.run_disabled import NoopRun
from wandb.sdk.run_settings import check_names
from wandb.sdk.surface import bind
from wandb.sdk.wandb_config import config_mapping
from wandb.sdk.wandb_run import Run
from wandb.sdk.wandb_settings import Settings
from wandb.sdk.wandb_setup import Session, as_settings, setup

CONFIG_DEFAULTS_FILE = "config-defaults.yaml"


def init(
    entity: str | None = None,
    project: str | None = None,
    dir: str | os.PathLike[str] | None = None,
    id: str | None = None,
    name: str | None = None,
    notes: str | None = None,
    tags: Sequence[str] | None = None,
    config: Mapping[str, Any] | str | Any | None = None,
    config_exclude_keys: Sequence[str] | None = None,
    config_include_keys: Sequence[str] | None = None,
    allow_val_change: bool | None = None,
    group: str | None = None,
    job_type: str | None = None,
    mode: str | None = None,
    force: bool | None = None,
    reinit: bool | str | None = None,
    resume: bool | str | None = None,
    resume_from: str | None = None,
    fork_from: str | None = None,
    save_code: bool | None = None,
    tensorboard: bool | None = None,
    sync_tensorboard: bool | None = None,
    monitor_gym: bool | None = None,
    settings: Settings | dict[str, Any] | None = None,
    anonymous: Any = None,
) -> Run:
    """Start a run and make it `wandb.run`.

    Args:
        config: dictionary, argparse Namespace, absl flags or the name of a YAML file.
        mode: online, offline (data stay on this machine until `wandb sync`), disabled
            (nothing is recorded) or shared (several writers of one run).
        reinit: what happens while another run is active.
        resume: whether a run of this id goes on; must and never are checked.
        tags: strings of 1 to 64 characters; one string is one tag.

    Raises:
        UsageError: an argument that cannot be; `resume="must"` without such a run,
            `resume="never"` with one.
    """
    if fork_from or resume_from:
        raise UnsupportedError(
            "fork_from and resume_from are not available in this version yet."
        )
    _tell_what_is_later(monitor_gym=monitor_gym)
    if anonymous is not None:
        termwarn("wandb.init(anonymous=…) has no effect.", repeat=False)
    session = setup()
    arguments = {
        "entity": entity,
        "project": project,
        "root_dir": dir,
        "save_code": save_code,
        "sync_tensorboard": tensorboard or sync_tensorboard,
        "run_id": id,
        "run_name": name,
        "run_notes": notes,
        "run_tags": (tags,) if isinstance(tags, str) else tags,
        "run_group": group,
        "run_job_type": job_type,
        "mode": mode,
        "reinit": reinit,
        "resume": resume,
        "allow_val_change": allow_val_change,
    }
    given = {key: value for key, value in arguments.items() if value is not None}
    mine = as_settings(settings).merged(given).over(session.settings)
    check_names(mine)
    chosen = _filtered(config_mapping(config), config_include_keys, config_exclude_keys)
    if (active := _active(session, mine)) is not None:
        return active
    session.apply_verbosity(mine)
    if mine._noop:
        run: Run = NoopRun(mine, session, chosen)
    else:
        run = run_start.start_run(session, mine, _defaults(mine), chosen, bool(force))
        publish(run)
    session.add(run)
    if mine.reinit != "create_new":
        bind(run)
    if mine.sync_tensorboard and not mine._noop:
        _follow_tensorboard(run)
    return run


def _follow_tensorboard(run: Run) -> None:
    import wandb
    from wandb.integration import tensorboard

    if not wandb.patched["tensorboard"]:  # else somebody called patch before
        tensorboard.patch()
        run._at_finish.append(tensorboard.unpatch)


def _tell_what_is_later(**asked: bool | None) -> None:
    for name, value in asked.items():
        if value:
            termwarn(
                f"wandb.init({name}=True) is not available in this version yet: "
                "the run goes on without it.",
                repeat=False,
            )


def _active(session: Session, settings: Settings) -> Run | None:
    """The run that `init` returns instead of a new one, by the rules of `reinit`."""
    import wandb

    current = wandb.run
    if current is None or settings.reinit == "create_new":
        return None
    if current._owner_pid != os.getpid():
        return None  # a forked child starts a run of its own
    action = settings.reinit
    if action == "default":
        action = "finish_previous" if in_notebook() else "return_previous"
        if action == "return_previous":
            termlog(
                f"Run {current.id} is still active and is returned. Call "
                "wandb.finish() first, or pass reinit='finish_previous' or "
                "reinit='create_new'."
            )
    if action == "return_previous":
        return current
    for run in reversed(list(session.runs)):
        run.finish()
    return None


def _defaults(settings: Settings) -> dict[str, Any]:
    """config-defaults.yaml of the working directory and the files of config_paths."""
    found: dict[str, Any] = {}
    if Path(CONFIG_DEFAULTS_FILE).is_file():
        found |= read_config_file(CONFIG_DEFAULTS_FILE)
    for path in settings.config_paths or ():
        found |= read_config_file(path)
    return found


def _filtered(
    config: dict[str, Any],
    include: Sequence[str] | None,
    exclude: Sequence[str] | None,
) -> dict[str, Any]:
    if include and exclude:
        raise UsageError("Expected at most only one of exclude or include")
    if include:
        return {key: value for key, value in config.items() if key in set(include)}
    return {
        key: value for key, value in config.items() if key not in set(exclude or ())
    }
