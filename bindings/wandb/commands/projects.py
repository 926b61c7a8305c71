"""projects: what is on the server."""

import click

import wandb
from wandb import _terminal
from wandb._terminal import termlog


@click.command()
@click.option("--entity", "-e", help="User or team; default: your own.")
def projects(entity: str | None) -> None:
    """List the projects of a user or team."""
    found = wandb.Api().projects(entity)
    if not found:
        termlog("No projects yet.")
    for project in found:
        _terminal.show(f"{project.entity}/{project.name}")
