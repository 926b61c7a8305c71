"""The settings of one run, checked: what `init` was given over what the session has."""

import json
from collections.abc import Iterable
from pathlib import Path

from wandb.errors import UsageError
from wandb.sdk.environment import Program
from wandb.sdk.git import Repository
from wandb.sdk.lib.runid import generate_id
from wandb.sdk.wandb_settings import Settings

PROJECT_CHARACTERS_MAX = 128
TAG_CHARACTERS_MAX = 64
_PROJECT_REFUSED = "/\\#?%:"
_ID_REFUSED = ":;,#?/'"


def check_names(settings: Settings) -> None:
    """Refuse a project, id or tag that a server could not take.

    Raises:
        UsageError: says which and why.
    """
    if settings.project is not None:
        _check_project(settings.project)
    if settings.run_id is not None:
        check_id(settings.run_id)
    if problem := tag_problem(settings.run_tags or ()):
        raise UsageError(problem)


def tag_problem(tags: Iterable[str]) -> str:
    """What is wrong with the first of them that no server could take, or nothing."""
    for tag in tags:
        if not 1 <= len(tag) <= TAG_CHARACTERS_MAX:
            return (
                f"Invalid tag {tag[:80]!r}: it must have 1 to {TAG_CHARACTERS_MAX} "
                "characters"
            )
    return ""


def check_id(run_id: str) -> None:
    """Refuse an id that cannot be.

    Raises:
        UsageError: empty, blanks around it, or characters of `:;,#?/'`.
    """
    if not run_id or run_id != run_id.strip():
        raise UsageError(
            "Invalid run ID: it cannot be empty or start or end with whitespace"
        )
    if refused := [c for c in _ID_REFUSED if c in run_id]:
        raise UsageError(
            f"Invalid run ID {run_id!r}: it cannot contain {' '.join(refused)}"
        )


def _check_project(project: str) -> None:
    if len(project) > PROJECT_CHARACTERS_MAX:
        raise UsageError(
            f"Invalid project name: it exceeded {PROJECT_CHARACTERS_MAX} characters"
        )
    if not project or (refused := [c for c in _PROJECT_REFUSED if c in project]):
        shown = " ".join(refused) if project else "nothing"
        raise UsageError(f"Invalid project name {project!r}: it cannot contain {shown}")


def default_project(program: Program, repository: Repository | None) -> str:
    """`<repository>` or `<repository>-<script directory>`, else uncategorized."""
    if repository is None:
        return "uncategorized"
    name = repository.name
    try:
        inside = Path(program.path).resolve().parent.relative_to(repository.root)
    except (OSError, ValueError):
        inside = Path()
    if inside.parts:
        name += "-" + "_".join(inside.parts)
    safe = "".join("_" if c in _PROJECT_REFUSED else c for c in name)
    return safe[:PROJECT_CHARACTERS_MAX] or "uncategorized"


def with_run_id(settings: Settings) -> Settings:
    """The settings with an id: given, kept from last time (resume="auto"), or new."""
    resume_file = Path(settings.resume_fname)
    if settings.resume == "auto":
        if settings.run_id is None and (kept := _kept_id(resume_file)):
            settings = settings.merged({"run_id": kept})
    else:
        _forget(resume_file)
    if settings.run_id is None:
        settings = settings.merged({"run_id": generate_id()})
    if settings.resume == "auto":
        _keep_id(resume_file, settings.run_id or "")
    return settings


def forget_kept_id(settings: Settings, exit_code: int) -> None:
    """A run that ended well is not resumed automatically."""
    if settings.resume == "auto" and exit_code == 0:
        _forget(Path(settings.resume_fname))


def _forget(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return  # nothing can be kept there either


def _kept_id(path: Path) -> str | None:
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))["run_id"]
        check_id(str(kept))
    except (OSError, ValueError, KeyError, TypeError, UsageError):
        return None
    return str(kept)


def _keep_id(path: Path, run_id: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"run_id": run_id}), encoding="utf-8")
    except OSError:
        return  # an unwritable directory is told where the run directory is made
