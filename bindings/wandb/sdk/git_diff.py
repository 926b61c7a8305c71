"""What a git repository holds beyond its last commits, by asking `git`.

Bounded in time and bytes; runs nothing that the repository's configuration names.
"""

import os
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

TIMEOUT_S = 10.0
DIFF_BYTES_MAX = 10 << 20

_SAFE = (
    "-c", "core.fsmonitor=false", "-c", "core.untrackedCache=false",
    "-c", "core.quotePath=false", "-c", "diff.external=", "-c", "color.ui=false",
)  # fmt: skip
_DIFF = ("diff", "--no-ext-diff", "--no-textconv", "--submodule=diff", "--binary")


@dataclass(frozen=True, slots=True)
class Patches:
    """File name -> content, and why one is missing."""

    files: Mapping[str, bytes]
    problem: str = ""


def find_patches(root: Path, environ: Mapping[str, str]) -> Patches:
    """`diff.patch` against the commit, `diff_<sha>.patch` against what upstream has.

    Empty where nothing differs, and without `git`. Seconds for huge repositories.
    """
    ask = _Git(root, environ)
    files: dict[str, bytes] = {}
    problem = ""
    comparisons = {"diff.patch": "HEAD"}
    upstream = _line(ask.run("merge-base", "HEAD", "@{upstream}"))
    if upstream and upstream != _line(ask.run("rev-parse", "HEAD")):
        comparisons[f"diff_{upstream}.patch"] = upstream
    for name, commit in comparisons.items():
        found = ask.run(*_DIFF, commit, bytes_max=DIFF_BYTES_MAX)
        if found is None:
            problem = problem or ask.problem
        elif found:
            files[name] = found
    return Patches(files, problem)


class _Git:
    """Runs `git` in one repository."""

    def __init__(self, root: Path, environ: Mapping[str, str]) -> None:
        self.problem = ""
        self._root = root
        # A hook may have set GIT_DIR and the like for another repository.
        own = {name: text for name, text in environ.items() if name[:4] != "GIT_"}
        self._environ = own | {
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_TERMINAL_PROMPT": "0",
            "LC_ALL": "C",
        }

    def run(self, *arguments: str, bytes_max: int = 1 << 16) -> bytes | None:
        """What it prints; None if it fails, takes too long or prints more than that."""
        self.problem = ""
        try:
            process = subprocess.Popen(
                ["git", *_SAFE, *arguments],
                cwd=self._root,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError:
            return None  # no git on this machine
        timer = threading.Timer(TIMEOUT_S, process.kill)
        timer.daemon = True
        timer.start()
        try:
            with process:
                assert process.stdout is not None
                output = process.stdout.read(bytes_max + 1)
                if len(output) > bytes_max:
                    self.problem = f"it is larger than {bytes_max >> 20} MB"
                    process.kill()
        finally:
            timer.cancel()
        if process.returncode and not self.problem and process.returncode < 0:
            self.problem = f"git took more than {TIMEOUT_S:.0f} s"
        return output if process.returncode == 0 else None


def _line(output: bytes | None) -> str:
    return os.fsdecode(output or b"").strip()
