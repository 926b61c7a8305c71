"""`run.save`: the user's own files become files of the run.

```
 glob ─► paths ─► names below the base path ─► links (else copies) in files/ ─► record
```

A link keeps the file what it is: with the policy `live` core uploads it again whenever
it changes. Links to anything outside the run's directory are made only here.
"""

import glob as globbing
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wandb_proto.v1 import record_pb2 as pb

from wandb._terminal import termlog, termwarn

POLICIES = {
    "now": pb.FilesItem.NOW,
    "end": pb.FilesItem.END,
    "live": pb.FilesItem.LIVE,
}
_CLOUD = ("gs://", "s3://", "http://", "https://")


@dataclass(frozen=True, slots=True)
class SaveRequest:
    """The arguments of `run.save`, checked."""

    pattern: str
    base: Path
    """Absolute; names are relative to it."""
    policy: pb.FilesItem.PolicyType
    is_glob: bool

    @classmethod
    def checked(
        cls, glob_str: Any, base_path: Any, policy: str, *, is_glob: bool, run_dir: Path
    ) -> "SaveRequest | None":
        """None: there is nothing to save, and the user was told.

        Raises:
            ValueError: an unknown policy, or files outside of the base path.
            TypeError: a path that is none.
        """
        if policy not in POLICIES:
            raise ValueError(
                f"run.save: policy is {policy!r}; allowed are live, now and end."
            )
        pattern = os.fsdecode(glob_str)
        if pattern.startswith(_CLOUD):
            termlog(f"{pattern} is an address, not a file: it is not saved.")
            return None
        base = Path(os.fsdecode(base_path)) if base_path is not None else None
        if base is None:
            base = _own_base(pattern, run_dir)
        base = Path(os.path.abspath(base))
        pattern = os.path.abspath(pattern)
        if not Path(pattern).is_relative_to(base):
            raise ValueError(
                f"run.save: {pattern} does not lie below the base path {base}: "
                "pass base_path=… with a directory above the files."
            )
        return cls(pattern, base, POLICIES[policy], is_glob)

    def paths(self) -> list[Path]:
        """The files that match, sorted; a warning where a pattern was taken literally.

        Raises:
            IsADirectoryError: nothing but directories matches.
        """
        if not self.is_glob:
            found = [self.pattern] if os.path.lexists(self.pattern) else []
            if not found and globbing.has_magic(self.pattern):
                termwarn(
                    f"There is no file {self.pattern}. With glob=True, the default, "
                    "it is taken for a pattern."
                )
        else:
            found = sorted(globbing.glob(self.pattern, recursive=True))
            if not found:
                termwarn(
                    f"wandb.save: there is no file {self.pattern}; nothing is saved. "
                    "Call it again when the file is there."
                )
        files = [Path(path) for path in found if not os.path.isdir(path)]
        if found and not files:
            raise IsADirectoryError(
                f"run.save: {self.pattern} is a directory; save the files in it with "
                f"run.save({str(Path(self.pattern) / '*')!r})."
            )
        return files


def place_files(request: SaveRequest, run_dir: Path) -> dict[str, Path]:
    """Link the files into the run's directory; name -> place there.

    A file that lies there already is left as it is. A file that can be neither linked
    nor copied is told and left out.
    """
    placed: dict[str, Path] = {}
    links: list[str] = []
    root = Path(os.path.abspath(run_dir))
    for path in request.paths():
        inside = path.is_relative_to(root)
        name = path.relative_to(root if inside else request.base).as_posix()
        target = root / name
        if not inside:
            try:
                if _put(path, target):
                    links.append(name)
            except OSError as problem:
                termwarn(f"{path} is not saved: {problem.strerror or problem}.")
                continue
        placed[name] = target
    if links and request.policy == pb.FilesItem.LIVE:
        count = "1 file" if len(links) == 1 else f"{len(links)} files"
        termwarn(
            f"Symlinked {count} into the W&B run directory; call wandb.save again to "
            "sync new files."
        )
    return placed


def _own_base(pattern: str, run_dir: Path) -> Path:
    """Relative patterns keep their folders, absolute ones the last of them."""
    if not os.path.isabs(pattern):
        return Path.cwd()
    if Path(os.path.abspath(pattern)).is_relative_to(os.path.abspath(run_dir)):
        return run_dir
    termwarn(
        "Saving files without folders. If you want to preserve subdirectories pass "
        'base_path to wandb.save, i.e. wandb.save("/mnt/folder/file.h5", '
        'base_path="/mnt")',
        repeat=False,
    )
    return Path(pattern).parent.parent


def _put(source: Path, target: Path) -> bool:
    """Link or copy; True if a link was made that was not there before."""
    if target.is_symlink() and os.readlink(target) == str(source):
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        target.symlink_to(source)
    except (OSError, NotImplementedError):  # no links here: a copy as it is now
        shutil.copyfile(source, target)
        return False
    return True
