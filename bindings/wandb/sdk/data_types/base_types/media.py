"""`Media`: a value whose content is a file.

Its content is either bytes that we made, or a file of the user's (`_source_path`), or
lies elsewhere (`_reference`), which is stored as its address only.
"""

import errno
import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from wandb.sdk.data_types.base_types.wb_value import WBValue
from wandb.sdk.data_types.media_files import (
    HASH_CHARACTERS,
    MediaPlace,
    StoredFile,
    hash_file,
    store_content,
    store_copy,
    store_link,
)

if TYPE_CHECKING:
    from wandb.sdk.wandb_run import Run

MediaObject: TypeAlias = dict[str, Any]

_REFERENCE = re.compile(r"^(s3|gs|https?|file|wandb-artifact|wandb-client-artifact)://")


class Media(WBValue):
    """A value with a file."""

    _kind: ClassVar[str] = ""
    """Directory of its files below `media/`."""

    def __init__(self, caption: str | None = None) -> None:
        self._caption = caption
        self._content: bytes | None = None
        self._source_path: Path | None = None
        self._reference: str | None = None
        self._extension = ""
        self._stored: StoredFile | None = None
        """Where it lies in the run that it was bound to last."""

    def bind_to_run(
        self, run: "Run", key: str, step: int | str, id_: Any = None
    ) -> None:
        """Put the file among those of the run.

        Raises:
            OSError: it cannot be read or written.
        """
        if self._reference is None:
            self._stored = self._store(
                run, MediaPlace(self._kind, key, step, self._extension)
            )

    def to_json(self, run_or_artifact: Any) -> MediaObject:
        """The object for a row, or for an artifact, to which its file is added."""
        if is_artifact(run_or_artifact):
            return self._typed(self._add_to(run_or_artifact))
        if self._reference is not None:
            return self._typed({"path": self._reference})
        if self._stored is None:
            raise ValueError(f"{type(self).__name__} belongs to no run yet: log it")
        return self._typed(self._stored.to_json())

    def is_bound(self) -> bool:
        """Whether it has its file in a run."""
        return self._stored is not None

    def file_is_set(self) -> bool:
        """Whether there is content, or an address of it."""
        held = (self._content, self._source_path, self._reference)
        return any(part is not None for part in held)

    @classmethod
    def get_media_subdir(cls) -> str:
        """Directory of its files among those of a run."""
        return f"media/{cls._kind}"

    def content(self) -> bytes:
        """The bytes of the file.

        Raises:
            ValueError: it is only a reference.
            OSError: the user's file cannot be read.
        """
        if self._content is not None:
            return self._content
        if self._source_path is not None:
            return self._source_path.read_bytes()
        raise ValueError(f"the content lies elsewhere: {self._reference}")

    @classmethod
    def path_is_reference(cls, path: Any) -> bool:
        """Whether it is an address instead of a path of this machine."""
        return isinstance(path, str) and bool(_REFERENCE.match(path))

    def _details(self) -> MediaObject:
        """What this type's object has besides the file."""
        return {}

    def _typed(self, file_object: MediaObject) -> MediaObject:
        typed: MediaObject = {"_type": self._log_type, **file_object}
        typed.update(self._details())
        if self._caption is not None:
            typed["caption"] = self._caption
        return typed

    def _store(self, run: "Run", place: MediaPlace) -> StoredFile:
        if self._source_path is None or self._content is not None:
            return store_content(run, place, self.content())
        if run._settings.allow_media_symlink:
            return store_link(run, place, self._source_path)
        return store_copy(run, place, self._source_path)

    def _add_to(self, artifact: Any) -> MediaObject:
        """Put the file into an artifact, named after its content."""
        if self._reference is not None:
            return {"path": self._reference}
        if self._source_path is not None and self._content is None:
            return _add_source(artifact, self._kind, self._source_path)
        return add_content(artifact, self._kind, self.content(), self._extension)

    def _set_source(self, path: Any, extension: str) -> None:
        """Take a file of the user's, or an address.

        Raises:
            FileNotFoundError: there is no such file.
        """
        self._extension = extension
        if self.path_is_reference(path):
            self._reference = path
            return
        source = Path(path).expanduser()
        if not source.is_file():
            raise FileNotFoundError(
                errno.ENOENT, f"wandb.{type(self).__name__}: no such file", str(path)
            )
        # Absolute: a script may change its directory before it logs.
        self._source_path = source.absolute()

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        assert isinstance(other, Media)
        if self._reference or other._reference:
            return self._reference == other._reference
        same = self.content() == other.content()
        return same and self._caption == other._caption

    __hash__ = object.__hash__


class BatchableMedia(Media):
    """Media of which a list under one key becomes one combined object."""

    MAX_ITEMS: ClassVar[int | None] = None
    """More of a list are left out, with a warning."""

    @classmethod
    def seq_to_json(cls, objects: list[MediaObject]) -> MediaObject:
        """The combined object of a list's single ones."""
        raise TypeError(f"{cls.__name__} has no combined form")


def is_artifact(owner: Any) -> bool:
    """Whether it is an artifact that files can be added to, not a run."""
    return hasattr(owner, "add_file") and hasattr(owner, "new_file")


def add_content(
    artifact: Any, kind: str, content: bytes, extension: str
) -> MediaObject:
    """Add bytes to an artifact under `media/<kind>/<md5>.<extension>`, once.

    Returns path and sha256: objects of artifacts have no size.
    """
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    name = f"media/{kind}/{digest[:HASH_CHARACTERS]}.{extension}"
    if name not in artifact.manifest.entries:
        with artifact.new_file(name, mode="wb") as file:
            file.write(content)
    return {"path": name, "sha256": hashlib.sha256(content).hexdigest()}


def _add_source(artifact: Any, kind: str, source: Path) -> MediaObject:
    """Add a file of the user's to an artifact, under its own name."""
    sha256 = hash_file(source)[0]
    name = f"media/{kind}/{sha256[:HASH_CHARACTERS]}/{source.name}"
    if name not in artifact.manifest.entries:
        artifact.add_file(str(source), name=name)
    return {"path": name, "sha256": sha256}


def artifact_file(source: Any, name: str) -> Path:
    """A file of an artifact, or of the directory that one was downloaded to.

    Raises:
        ValueError: the name leads out of the directory.
    """
    if hasattr(source, "get_entry"):
        return Path(source.get_entry(name).download())
    root = Path(source).resolve()
    path = (root / name).resolve()
    if not path.is_relative_to(root):
        raise ValueError(f"{name!r} lies outside of {root}")
    return path


def required(module: str, why: str, package: str = "") -> Any:
    """Import what only some media need.

    Raises:
        wandb.Error: it is not installed; says how to get it.
    """
    import importlib

    from wandb.errors import Error

    try:
        return importlib.import_module(module)
    except ImportError as problem:
        name = package or module.partition(".")[0]
        raise Error(
            f"{why} needs the package {name!r}: pip install wandb[media] "
            f"(or pip install {name})"
        ) from problem
