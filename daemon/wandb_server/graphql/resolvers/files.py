"""Files of a run: lists with addresses for reading and writing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wandb_server.addresses import FilePlace
from wandb_server.graphql.question import (
    Arguments,
    Question,
    Resolver,
    node_id,
    page_of,
    timestamp,
)
from wandb_server.model import Run, RunFile

FILES_PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class FileOfRun:
    """A file together with the run that it belongs to."""

    run: Run
    file: RunFile

    @property
    def place(self) -> FilePlace:
        """Where its address points."""
        return place_of(self.run, self.file.name)


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


def _url(node: FileOfRun, question: Question, arguments: Arguments) -> str:
    if arguments.get("upload"):
        return question.addresses.upload(node.place)
    return question.addresses.download(node.place)


RESOLVERS: Mapping[str, Mapping[str, Resolver]] = {
    "Run": {"files": _files, "fileCount": _file_count},
    "File": {
        "id": lambda node, *_: node_id("File", node.run.storage_id, node.file.name),
        "name": lambda node, *_: node.file.name,
        "url": _url,
        "directUrl": lambda node, question, _: question.addresses.download(node.place),
        "sizeBytes": lambda node, *_: node.file.size_bytes,
        "mimetype": lambda node, *_: node.file.mimetype,
        "updatedAt": lambda node, *_: timestamp(node.file.updated_at or None),
        "md5": lambda node, *_: node.file.md5_base64 or None,
        "digest": lambda node, *_: node.file.md5_base64 or None,
    },
}
