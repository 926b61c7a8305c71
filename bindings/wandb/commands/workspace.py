"""init, offline, online, disabled, enabled: settings of a directory's runs."""

from pathlib import Path

import click

from wandb._terminal import termlog
from wandb.errors import Error
from wandb.sdk.wandb_settings import Settings, write_to_file
from wandb.sdk.wandb_setup import setup


@click.command()
def offline() -> None:
    """Keep the runs of this directory on this machine until `wandb sync`."""
    path = _keep({"mode": "offline"})
    termlog(f"W&B offline in {path.parent}. Run `wandb online` to upload again.")


@click.command()
def online() -> None:
    """Upload the runs of this directory."""
    path = _keep({"mode": "online"})
    termlog(f"W&B online in {path.parent}.")


@click.command()
@click.option("--service", default=True, hidden=True)
def disabled(service: bool) -> None:
    """Record nothing of the runs of this directory until `wandb enabled`."""
    path = _keep({"mode": "disabled"})
    termlog(f"W&B disabled in {path.parent}. Run `wandb enabled` to record again.")


@click.command()
@click.option("--service", default=True, hidden=True)
def enabled(service: bool) -> None:
    """Record and upload the runs of this directory again."""
    path = _keep({"mode": "online"})
    termlog(f"W&B enabled in {path.parent}.")


@click.command()
@click.option("--project", "-p", help="Project of the runs in this directory.")
@click.option("--entity", "-e", help="User or team that they belong to.")
@click.option("--reset", is_flag=True, help="Forget the settings of this directory.")
@click.option("--mode", "-m", help="online, offline or disabled.")
def init(
    project: str | None, entity: str | None, reset: bool, mode: str | None
) -> None:
    """Keep project, entity and mode for the runs of this directory."""
    names = {"project": project, "entity": entity, "mode": mode}
    if reset:
        path = _keep(dict.fromkeys(names))
        termlog(f"Forgotten: {path}")
        return
    given = {name: value for name, value in names.items() if value}
    if not given:
        raise click.UsageError("Nothing to keep: give --project, --entity or --mode.")
    Settings(**given)  # refuses what cannot be
    path = _keep(dict(given))
    termlog(f"Kept in {path}")


def _keep(changes: dict[str, str | None]) -> Path:
    path = Path(setup().settings.wandb_dir) / "settings"
    try:
        write_to_file(path, changes)
    except OSError as problem:
        raise Error(f"{path} cannot be written: {problem}") from problem
    return path
