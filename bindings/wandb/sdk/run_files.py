"""Methods of `Run` about its files."""

from os import PathLike
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal

from wandb.sdk import records

if TYPE_CHECKING:
    from wandb.sdk.wandb_run import Run

PathText = str | bytes | PathLike[str]


class RunFiles:
    """`Run` is the only subclass."""

    if TYPE_CHECKING:
        _finished: bool

        @property
        def id(self) -> str: ...
        @property
        def dir(self) -> str: ...
        def _append(self, record: bytes) -> None: ...
        def _over(self) -> Exception: ...

    def save(
        self,
        glob_str: PathText,
        base_path: PathText | None = None,
        policy: Literal["live", "now", "end"] = "live",
        glob: bool = True,
    ) -> bool | list[str]:
        """Make files part of the run: link them into its directory and upload them.

        Args:
            glob_str: a path, or a pattern such as `checkpoints/*.pt`.
            base_path: what their names are relative to; default: the current directory,
                for an absolute path the directory above the file's.
            policy: `now` once, `live` again whenever they change, `end` with the run.
            glob: False takes the path as it is, whatever characters it holds.

        Returns:
            Where they lie in the run's directory; [] if nothing matches.

        Raises:
            ValueError: an unknown policy, or files outside of the base path.
            IsADirectoryError: it names a directory only.
            UsageError: the run is finished.
        """
        from wandb.sdk.saving import SaveRequest, place_files

        if self._finished:
            raise self._over()
        run_dir = Path(self.dir)
        request = SaveRequest.checked(
            glob_str, base_path, policy, is_glob=glob, run_dir=run_dir
        )
        if request is None:
            return []
        placed = place_files(request, run_dir)
        if placed:
            self._append(records.files(self.id, placed, request.policy))
        return [str(path) for path in placed.values()]

    def restore(
        self,
        name: str,
        run_path: str | None = None,
        replace: bool = False,
        root: str | None = None,
    ) -> IO[str] | None:
        """Download a file of this run, or of another; see `wandb.restore`."""
        from wandb.sdk.restore import restore_file

        run: Run = self  # type: ignore[assignment]
        return restore_file(name, run, run_path, replace=replace, root=root)
