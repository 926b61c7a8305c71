"""The code of a run: its main script or notebook, below `files/code/`."""

import shutil
import sys
from pathlib import Path

from wandb.sdk.environment import Program
from wandb.sdk.git import Repository
from wandb.sdk.wandb_settings import Settings

CODE_BYTES_MAX = 100 << 20


def wants_code(settings: Settings, *, account_allows: bool = False) -> bool:
    """Whether code is to be saved: the setting, or where it is open the account's."""
    if settings.disable_code:
        return False
    return account_allows if settings.save_code is None else settings.save_code


def find_source(settings: Settings, program: Program) -> Path | None:
    """The script or notebook that runs; None if there is no such file."""
    candidates = [settings.notebook_name, _notebook_of_editor(), program.path]
    for name in candidates:
        try:
            if name and Path(name).is_file():
                return Path(name).absolute()
        except (OSError, ValueError):
            continue
    return None


def code_name(source: Path, settings: Settings, repository: Repository | None) -> str:
    """`code/…`: relative to the code directory, else the repository, else here."""
    roots = [settings.code_dir, repository.root if repository else None, Path.cwd()]
    for root in roots:
        if root is None:
            continue
        try:
            relative = source.resolve().relative_to(Path(root).resolve())
        except (OSError, ValueError):
            continue
        return f"code/{relative.as_posix()}"
    return f"code/{source.name}"


def save_code(source: Path, files_dir: Path, name: str) -> bool:
    """Copy the source below `files/`; False if it is too large.

    Raises:
        OSError: it cannot be copied.
    """
    if source.stat().st_size > CODE_BYTES_MAX:
        return False
    target = files_dir / name
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    return True


def _notebook_of_editor() -> str | None:
    """VS Code tells a kernel which notebook it runs."""
    main = sys.modules.get("__main__")
    found = getattr(main, "__vsc_ipynb_file__", None)
    return found if isinstance(found, str) else None
