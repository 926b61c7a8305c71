"""The directory of a run: made before its first record.

```
<root>/wandb/
    run-20261120_175415-naamd6uw/      offline-run-… offline
        run-naamd6uw.wandb             the transaction log, by core
        files/                         run.dir
        logs/debug.log
    latest-run -> run-20261120_…       relative
    debug.log  -> run-20261120_…/logs/debug.log
```
"""

import itertools
import os
import tempfile
import time
from pathlib import Path

from wandb._terminal import termwarn
from wandb.errors import Error
from wandb.sdk.wandb_settings import Settings

TRIES_MAX = 10_000


def make_run_directory(settings: Settings, run_id: str, start_time: float) -> Path:
    """Make the run's directory with files/ and logs/; returns it, absolute.

    An unwritable root is told to the user, and the system's temporary directory serves.

    Raises:
        Error: not even that can be written.
    """
    stamp = time.strftime("%Y%m%d_%H%M%S", time.localtime(start_time))
    name = f"{settings.run_mode}-{stamp}-{run_id}"
    root = Path(settings.wandb_dir).absolute()
    try:
        directory = _make(root, name)
    except OSError as problem:
        fallback = Path(tempfile.gettempdir()) / "wandb"
        termwarn(
            f"{root} is not writable ({problem.strerror}): "
            f"the run's data go to {fallback}"
        )
        directory = _make_elsewhere(fallback, name)
    if settings.symlink:
        _link(directory.parent / "latest-run", Path(directory.name))
        log = Path(directory.name) / "logs" / "debug.log"
        _link(directory.parent / "debug.log", log)
    return directory


def _make_elsewhere(fallback: Path, name: str) -> Path:
    try:
        return _make(fallback, name)
    except OSError:  # another user's /tmp/wandb
        try:
            return _make(Path(tempfile.mkdtemp(prefix="wandb-")), name)
        except OSError as problem:
            raise Error(
                f"No directory takes the run's data ({problem}): set WANDB_DIR to one "
                "that does, or WANDB_MODE=disabled to record nothing."
            ) from problem


def _make(root: Path, name: str) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    for count in itertools.islice(itertools.count(), TRIES_MAX):
        directory = root / (f"{name}-{count}" if count else name)
        try:
            directory.mkdir()
        except FileExistsError:
            continue
        (directory / "files").mkdir()
        (directory / "logs").mkdir()
        return directory
    raise OSError(f"{root / name} exists {TRIES_MAX} times")


def _link(link: Path, target: Path) -> None:
    """Point the link at the target in one step; without links, do without."""
    temporary = link.with_name(f".{link.name}-{os.getpid()}")
    try:
        temporary.symlink_to(target)
        os.replace(temporary, link)
    except (OSError, NotImplementedError):
        temporary.unlink(missing_ok=True)
