"""`wandb.attach`: the same run in another process of this user, by its id alone.

While a run is active, `<runtime directory>/runs/<run id>.json` holds what it takes to
write to its log: facts, settings, config. The directory is private, and there is no
secret in the file.
"""

import dataclasses
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wandb_proto import json_codec
from wandb_proto.places import Places, make_private

from wandb.errors import UsageError
from wandb.sdk import records
from wandb.sdk.plain_values import plain
from wandb.sdk.wandb_settings import Settings

if TYPE_CHECKING:
    from wandb.sdk.wandb_run import Run

_OWN = frozenset(("api_key", "stop_fn", "capture_loggers"))
"""Settings that stay in the process that was given them."""


def publish(run: "Run") -> None:
    """Let other processes find the run, until it ends. A full disk does not matter."""
    path = _path(run._session.places, run.id)
    content = {
        "pid": os.getpid(),
        "facts": dataclasses.asdict(run._facts),
        "settings": _given(run._settings),
        "config": run._config.as_dict(),
    }
    try:
        make_private(path.parent.parent)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.write_bytes(json_codec.dumps(plain(content)))
    except (OSError, TypeError, ValueError):
        return  # then nobody can attach
    run._at_finish.append(lambda: _withdraw(path))


def attach(
    attach_id: str | None = None,
    run_id: str | None = None,
    *,
    run: "Run | None" = None,
) -> "Run":
    """The active run of this id, of this process or of another one of this user.

    In another process it is a copy that writes to the same log; its `finish` leaves the
    run to the process that began it. It becomes `wandb.run` if there is none.

    Raises:
        UsageError: no id, or no such run is active on this machine.
    """
    from wandb.sdk.wandb_setup import setup

    wanted = attach_id or run_id or (run.id if run is not None else None)
    if not wanted:
        raise UsageError("wandb.attach needs the id of a run.")
    session = setup()
    for active in session.runs:
        if active.id == wanted:
            return active
    return _join(session.places, wanted)


def _join(places: Places, run_id: str) -> "Run":
    import wandb
    from wandb.sdk.run_join import join_run
    from wandb.sdk.surface import bind

    path = _path(places, run_id)
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        owner = int(found["pid"])
        facts = {**found["facts"], "tags": tuple(found["facts"]["tags"] or ())}
        published = records.RunFacts(**facts)
        settings = Settings(**found["settings"])
    except (OSError, KeyError, TypeError, ValueError) as problem:
        raise UsageError(f"No run {run_id} is active on this machine.") from problem
    if not _lives(owner):
        _withdraw(path)
        raise UsageError(f"The process of run {run_id} has ended.")
    joined = join_run(published, settings, found["config"])
    if wandb.run is None:
        bind(joined)
    return joined


def _given(settings: Settings) -> dict[str, Any]:
    usual = Settings()
    return {
        name: value
        for name, value in settings
        if name not in _OWN and value is not None and value != getattr(usual, name)
    }


def _path(places: Places, run_id: str) -> Path:
    return places.runtime_dir / "runs" / f"{run_id}.json"


def _withdraw(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return  # its process is gone soon: nobody attaches to that


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
