"""artifact put, get, ls, cache cleanup: artifacts without a script."""

import os
import re
from pathlib import Path
from typing import Any

import click

from wandb import _terminal
from wandb._terminal import termlog
from wandb.apis.public import Api
from wandb.errors import Error, UsageError

_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}


@click.group()
def artifact() -> None:
    """Versioned files: put, get, ls, cache."""


@artifact.command()
@click.argument("path")
@click.option("--name", "-n", help="[[ENTITY/]PROJECT/]NAME; default: the path's name.")
@click.option("--description", "-d", help="Text about this version.")
@click.option("--type", "-t", "type_name", default="dataset", help="Type of artifact.")
@click.option("--alias", "-a", multiple=True, default=("latest",), help="Alias.")
@click.option("--id", "run_id", help="Log it in the run with this id.")
@click.option("--resume", is_flag=True, help="Go on with the last run here.")
@click.option("--skip_cache", is_flag=True, help="Keep no copy in the cache.")
@click.option(
    "--policy",
    type=click.Choice(["mutable", "immutable"]),
    default="mutable",
    help="immutable: the files do not change until they are uploaded; no copies.",
)
def put(
    path: str,
    name: str | None,
    description: str | None,
    type_name: str,
    alias: tuple[str, ...],
    run_id: str | None,
    resume: bool,
    skip_cache: bool,
    policy: str,
) -> None:
    """Upload a file, a directory or a reference as a version of an artifact."""
    import wandb

    entity, project, collection = _place(name or Path(path).resolve().name)
    made = wandb.Artifact(collection, type_name, description)
    if "://" in path:
        made.add_reference(path)
    elif os.path.isdir(path):
        made.add_dir(path, skip_cache=skip_cache, policy=policy)
    elif os.path.isfile(path):
        made.add_file(path, skip_cache=skip_cache, policy=policy)
    else:
        raise UsageError(f"{path} is no file, directory or address.")
    run = wandb.init(
        entity=entity,
        project=project,
        job_type="cli_put",
        id=run_id,
        resume=True if resume else ("allow" if run_id else None),
        config={"path": path},
    )
    with run:
        run.log_artifact(made, aliases=list(alias))
        if not run.offline and not run.disabled:
            made.wait()
    if made.id is not None:
        version = made.qualified_name
        termlog(
            "Artifact uploaded, use this artifact in a run by adding:", prefix=False
        )
        termlog(f'    artifact = run.use_artifact("{version}")', prefix=False)


@artifact.command()
@click.argument("path")
@click.option("--root", help="Where to; default: ./artifacts/NAME:vN.")
@click.option("--type", "type_name", help="Type that it must have.")
def get(path: str, root: str | None, type_name: str | None) -> None:
    """Download a version: wandb artifact get [[ENTITY/]PROJECT/]NAME:ALIAS"""
    found = Api().artifact(path, type=type_name)
    termlog(f"Downloading {found.type} artifact {found.qualified_name}")
    termlog(f"Artifact downloaded to {found.download(root=root)}")


@artifact.command()
@click.argument("path")
@click.option("--type", "-t", "type_name", help="Only artifacts of this type.")
def ls(path: str, type_name: str | None) -> None:
    """List the latest versions of a project's artifacts: [ENTITY/]PROJECT"""
    api = Api()
    if type_name:
        types = [api.artifact_type(type_name, path)]
    else:
        types = list(api.artifact_types(path))
    for kind in types:
        for collection in kind.collections():
            newest = next(iter(collection.artifacts(per_page=1)), None)
            if newest is not None:
                _show(kind.name, newest)


def _show(kind: str, version: Any) -> None:
    size = _readable(version.size)
    changed = (version.updated_at or "")[:19].replace("T", " ")
    _terminal.show(f"{kind:<15s}{changed:<21s}{size:>12s}  {version.name}")


@artifact.group()
def cache() -> None:
    """What was downloaded and is kept."""


@cache.command()
@click.argument("target_size")
@click.option(
    "--remove-temp/--no-remove-temp", default=False, help="Partial files too."
)
def cleanup(target_size: str, remove_temp: bool) -> None:
    """Remove what was used least recently: wandb artifact cache cleanup 10GB"""
    from wandb.sdk.artifacts.file_cache import open_cache

    kept = open_cache()
    freed = kept.clean_up(_bytes(target_size))
    if remove_temp:
        freed += kept.remove_parts()
    termlog(f"Reclaimed {_readable(freed)} of space")


def _place(path: str) -> tuple[str | None, str | None, str]:
    from wandb.sdk.artifacts.validators import safe_name

    parts = path.split(":", maxsplit=1)[0].split("/")
    if len(parts) > 3:
        raise UsageError(f"{path!r} is not [[ENTITY/]PROJECT/]NAME.")
    name = safe_name(parts.pop())
    project = parts.pop() if parts else None
    return (parts.pop() if parts else None), project, name


def _bytes(text: str) -> int:
    parts = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?B?)", text.strip().upper())
    if parts is None:
        raise Error(f"A size is 500MB, 10GB or 0, not {text!r}.")
    unit = parts[2] if parts[2] in _UNITS else f"{parts[2]}B"
    return int(float(parts[1]) * _UNITS[unit])


def _readable(size: int) -> str:
    amount, units = float(size), iter(("B", "KB", "MB", "GB", "TB"))
    unit = next(units)
    while amount >= 1000 and unit != "TB":
        amount, unit = amount / 1000, next(units)
    return f"{amount:.1f}{unit}"
