"""Files of a run: lists with addresses for reading and writing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from wandb_server.addresses import FilePlace
from wandb_server.graphql.question import (
    Arguments,
    Question,
    Resolver,
    node_id,
    page_of,
    timestamp,
)
from wandb_server.model.runs import Run, RunFile

FILES_PER_PAGE = 50


class FileNode(Protocol):
    """What the fields of a File are read from: id, name, size_bytes, mimetype,
    updated_at (seconds since 1970), md5, digest, storage_path, reference.
    """

    def address(self, question: Question, *, upload: bool) -> str | None:
        """Where to read it; None where there is nothing to read."""
        ...


@dataclass(frozen=True, slots=True)
class FileOfRun:
    """A file together with the run that it belongs to."""

    run: Run
    file: RunFile

    @property
    def id(self) -> str:
        """What `deleteFiles` takes."""
        return node_id("File", self.run.storage_id, self.file.name)

    @property
    def name(self) -> str:
        """Relative to the run."""
        return self.file.name

    @property
    def size_bytes(self) -> int:
        """0 if it is absent."""
        return self.file.size_bytes

    @property
    def mimetype(self) -> str | None:
        """As its name says."""
        return self.file.mimetype

    @property
    def updated_at(self) -> float | None:
        """None if it is absent."""
        return self.file.updated_at or None

    @property
    def md5(self) -> str | None:
        """Base64."""
        return self.file.md5_base64 or None

    @property
    def digest(self) -> str | None:
        """The same."""
        return self.md5

    def address(self, question: Question, *, upload: bool) -> str:
        """Signed, for reading or writing."""
        place = place_of(self.run, self.file.name)
        addresses = question.addresses
        return addresses.upload(place) if upload else addresses.download(place)


def place_of(run: Run, name: str) -> FilePlace:
    """The place of a file of this run, whether it exists or not."""
    return FilePlace(run.entity, run.project, run.name, name)


def normalised(name: str) -> str:
    """`./x` and `a\\b` as clients on some systems send them -> `x`, `a/b`."""
    parts = [
        part for part in name.replace("\\", "/").split("/") if part not in ("", ".")
    ]
    return "/".join(parts)


async def _files(run: Run, question: Question, arguments: Arguments) -> dict[str, Any]:
    names = [normalised(name) for name in arguments.get("names") or () if name]
    found = await question.archive.of(run).files(
        run, names=names, pattern=arguments.get("pattern")
    )
    known = {file.name for file in found}
    # A name that was asked for is always listed: clients take the first entry without
    # looking whether there is one, and recognise an absent file by its size 0.
    absent = [RunFile(name, 0, "", None, 0.0) for name in names if name not in known]
    nodes = [FileOfRun(run, file) for file in (*found, *absent)]
    asked = arguments.get("first")
    first = FILES_PER_PAGE if asked is None else asked
    limit = question.limits.page_items_max
    return page_of(nodes, first, arguments.get("after"), limit)


async def _file_count(run: Run, question: Question, _: Arguments) -> int:
    return len(await question.archive.of(run).files(run))


def _url(node: FileNode, question: Question, arguments: Arguments) -> str | None:
    return node.address(question, upload=bool(arguments.get("upload")))


RESOLVERS: Mapping[str, Mapping[str, Resolver]] = {
    "Run": {"files": _files, "fileCount": _file_count},
    "File": {
        "url": _url,
        "directUrl": _url,
        "displayName": lambda node, *_: node.name,
        "updatedAt": lambda node, *_: timestamp(node.updated_at),
    },
}
