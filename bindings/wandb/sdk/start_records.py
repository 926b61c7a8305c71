"""What is recorded at the start of a run and takes longer than `init` may take.

One thread per run, after `init` has returned: requirements, patches, code, facts of the
machine. The end of the run waits for it, briefly. Nothing here can stop a run.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from wandb_proto.v1 import record_pb2 as pb

from wandb._terminal import termwarn
from wandb.sdk import records
from wandb.sdk.code_saving import code_name, find_source, save_code, wants_code
from wandb.sdk.environment import Program, gather_machine
from wandb.sdk.git import Repository
from wandb.sdk.wandb_settings import Settings

_logger = logging.getLogger(__name__)

BEGIN_AFTER_S = 0.2
"""`init` returns before: two threads share one interpreter lock."""
END_WAIT_S = 10.0
REQUIREMENTS = "requirements.txt"


@dataclass(frozen=True, slots=True)
class StartFacts:
    """What is known when the run begins."""

    run_id: str
    settings: Settings
    program: Program
    repository: Repository | None
    environ: Mapping[str, str]
    writer_id: str
    """Of the environment record that is to be completed."""
    account_allows_code: Callable[[], bool]
    """Asks the server; waits for it."""


class StartRecords:
    """Writes files below the run's directory and names them in its log."""

    def __init__(self, facts: StartFacts, append: Callable[[bytes], None]) -> None:
        self._facts = facts
        self._append = append
        self._files_dir = Path(facts.settings.files_dir or ".")
        self._saved: tuple[Path, str] | None = None
        self._hurry = threading.Event()
        self._thread = threading.Thread(
            target=self._work, name="wandb-start-records", daemon=True
        )

    def start(self) -> None:
        """Begin, in a thread."""
        self._thread.start()

    def finish(self) -> None:
        """Wait for what is under way; a notebook is saved again as it is now."""
        self._hurry.set()
        self._thread.join(END_WAIT_S)
        if self._saved is not None and self._saved[0].suffix == ".ipynb":
            self._guard(self._copy_code)

    def _work(self) -> None:
        self._hurry.wait(BEGIN_AFTER_S)
        settings = self._facts.settings
        if not (settings.x_disable_meta or settings.x_disable_machine_info):
            self._guard(self._complete_environment)
        if not settings.x_primary:
            return
        if settings.x_save_requirements:
            self._guard(self._save_requirements)
        self._guard(self._save_code)

    def _guard(self, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception as problem:  # a run's boundary: it goes on without this
            _logger.warning("not_recorded step=%s reason=%r", step.__name__, problem)

    def _complete_environment(self) -> None:
        facts = gather_machine(self._facts.settings, self._facts.environ)
        facts.writer_id = self._facts.writer_id
        self._append(records.environment(self._facts.run_id, facts))

    def _save_requirements(self) -> None:
        # Imported here, and below: 10 ms that `init` need not wait for.
        from wandb.sdk.requirements import requirement_lines

        text = "".join(f"{line}\n" for line in requirement_lines())
        self._write(REQUIREMENTS, text.encode("utf-8", "replace"))

    def _save_code(self) -> None:
        facts = self._facts
        allows = facts.settings.save_code is None and not facts.settings.disable_code
        account_allows = allows and facts.account_allows_code()
        if not wants_code(facts.settings, account_allows=account_allows):
            return
        if facts.repository is not None:
            self._save_patches(facts.repository)
        source = find_source(facts.settings, facts.program)
        if source is None:
            return
        name = code_name(source, facts.settings, facts.repository)
        self._saved = (source, name)
        self._copy_code()
        path = ("_wandb", "code_path")
        self._append(records.config_at(facts.run_id, path, name))

    def _copy_code(self) -> None:
        assert self._saved is not None
        source, name = self._saved
        if save_code(source, self._files_dir, name):
            self._announce(name)
        else:
            termwarn(f"{source} is too large to be saved with the run.")

    def _save_patches(self, repository: Repository) -> None:
        from wandb.sdk.git_diff import find_patches

        patches = find_patches(repository.root, self._facts.environ)
        for name, content in patches.files.items():
            self._write(name, content)
        if patches.problem:
            termwarn(f"The git diff is not saved with the run: {patches.problem}.")

    def _write(self, name: str, content: bytes) -> None:
        if content:
            (self._files_dir / name).write_bytes(content)
            self._announce(name)

    def _announce(self, name: str) -> None:
        kind = pb.FilesItem.WANDB
        self._append(records.files(self._facts.run_id, [name], pb.FilesItem.NOW, kind))
