"""pull and restore: files of a run, and the code and config that it was made with."""

import subprocess
from pathlib import Path

import click

from wandb._terminal import termlog, termwarn
from wandb.commands.run_access import RunAccess
from wandb.errors import Error
from wandb.sdk.wandb_setup import setup

PATCH = "diff.patch"
GIT_S_MAX = 120.0


@click.command()
@click.argument("run")
@click.option("--project", "-p", help="Project of the run.")
@click.option("--entity", "-e", help="User or team that the project belongs to.")
def pull(run: str, project: str | None, entity: str | None) -> None:
    """Download the files of a run into this directory."""
    saved = known = 0
    for file in RunAccess(run, entity, project).files():
        if file.save_below(Path()):
            saved += 1
            termlog(f"Downloaded {file.name}")
        else:
            known += 1
    termlog(f"{saved} files downloaded, {known} were here already.")


@click.command()
@click.argument("run")
@click.option("--no-git", is_flag=True, help="Only the config, no commit, no patch.")
@click.option(
    "--branch/--no-branch",
    default=True,
    help="Make the branch wandb/RUN, or check the commit out without one.",
)
@click.option("--project", "-p", help="Project of the run.")
@click.option("--entity", "-e", help="User or team that the project belongs to.")
def restore(
    run: str, no_git: bool, branch: bool, project: str | None, entity: str | None
) -> None:
    """Bring back code and config of a run: commit, local changes, config.yaml."""
    found = RunAccess(run, entity, project)
    commit, config = found.origin()
    patch = "" if no_git else _patch(found)  # before the working tree changes
    if no_git:
        termlog("The code is left as it is.")
    elif not commit:
        termlog(f"Run {found.id} was not made in a git repository.")
    else:
        _check_out(commit, f"wandb/{found.id}" if branch else "")
        _apply(patch)
    _write_config(config)


def _patch(found: RunAccess) -> str:
    for file in found.files():
        if file.name == PATCH:
            return file.text()
    return ""


def _check_out(commit: str, branch: str) -> None:
    """
    Raises:
        Error: no repository, local changes, or the commit is not in it.
    """
    if _git("rev-parse", "--show-toplevel").returncode:
        raise Error("This is no git repository: go to the one that made the run.")
    if _git("status", "--porcelain", "--untracked-files=no").stdout.strip():
        raise Error("There are local changes: commit or stash them first.")
    if _git("cat-file", "-e", f"{commit}^{{commit}}").returncode:
        _git("fetch", "--all", "--quiet")
    # -B: restoring the same run again begins from its commit again.
    where = ("-B", branch, commit) if branch else ("--detach", commit)
    done = _git("checkout", "--quiet", *where)
    if done.returncode:
        raise Error(f"Commit {commit} cannot be checked out: {done.stderr.strip()}")
    termlog(f"Checked out {commit[:12]}" + (f" as branch {branch}" if branch else ""))


def _apply(patch: str) -> None:
    if not patch.strip():
        return
    done = _git("apply", "--whitespace=nowarn", "-", text=patch)
    if done.returncode:
        termwarn(f"The local changes of the run do not apply: {done.stderr.strip()}")
    else:
        termlog(f"Applied the local changes of the run ({PATCH})")


def _write_config(config: dict[str, object]) -> None:
    import yaml

    path = Path(setup().settings.wandb_dir) / "config.yaml"
    kept = {key: value for key, value in config.items() if key != "_wandb"}
    text = yaml.safe_dump({"wandb_version": 1, **kept}, sort_keys=False)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise Error(f"{path} cannot be written: {problem}") from problem
    termlog(f"Config is in {path}: use it with wandb.init(config={str(path)!r})")


def _git(
    *arguments: str, text: str | None = None
) -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(
            ["git", *arguments],
            input=text,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            timeout=GIT_S_MAX,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise Error(f"git does not run: {problem}") from problem
