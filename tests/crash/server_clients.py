"""Clients of a server that is killed all the time; each remembers what it was told.

A client does one thing after the other and repeats each call until it is answered 200,
as the official one does. What it was told is in its books: at a check, when every call
has been answered, the server must have exactly that.
"""

import base64
import hashlib
import http.client
import json
import random
import threading
import time
from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tests.support.artifact_client import COMMIT, CREATE, FILES, LIST, MANIFEST

RETRIED = frozenset((408, 429, 500, 502, 503, 504))
"""Statuses after which the official client tries again, whatever it asked for."""
GIVE_UP_S = 120.0
PROJECT = "p"
UPSERT = """mutation ($run: String!, $config: JSONString) {
  upsertBucket(input: {name: $run, modelName: "p", config: $config}) { bucket { id } }
}"""
REWIND = """mutation ($entity: String!, $run: String!, $step: Float!) {
  rewindRun(input: {entityName: $entity, projectName: "p", runName: $run,
    metricName: "_step", metricValue: $step}) { rewoundRun { id } } }"""
REMOVE = "mutation ($id: ID!) { deleteRun(input: {id: $id}) { clientMutationId } }"
RUN_FILES = """mutation ($entity: String!, $run: String!, $file: String!) {
  createRunFiles(input: {entityName: $entity, projectName: "p", runName: $run,
    files: [$file]}) { files { uploadUrl } } }"""
READ = """query ($entity: String!, $run: String!) {
  project(name: "p", entityName: $entity) { run(name: $run) {
    state historyLineCount eventsLineCount logLineCount summaryMetrics
    history(minStep: 0, maxStep: 1000000000, samples: 100000) events(samples: 100000)
    logLines(first: 10000) { edges { node { line } } }
    files { edges { node { name md5 directUrl } } } } } }"""
VERSIONS = """query ($entity: String!, $name: String!) {
  project(name: "p", entityName: $entity) { artifactType(name: "dataset") {
    artifactCollection(name: $name) { artifacts { totalCount } } } } }"""


class Stopped(Exception):
    """The campaign ends."""


@dataclass(slots=True)
class Records:
    """What all clients were told, and what was found wrong."""

    acknowledged: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    said: Counter[str] = field(default_factory=Counter)
    """What was answered instead of 200."""
    lost: int = 0
    doubled: int = 0
    faults: list[str] = field(default_factory=list)

    def fault(self, text: str) -> None:
        """Something else than rows is wrong."""
        self.faults.append(text)


class Line:
    """One client's connection, made again whenever it breaks."""

    def __init__(self, port: int, key: str, entity: str, records: Records) -> None:
        self.entity = entity
        self.records = records
        self.stopped = threading.Event()
        self._port = port
        text = base64.b64encode(f"api:{key}".encode()).decode()
        self._headers = {"Authorization": f"Basic {text}"}
        self._connection: http.client.HTTPConnection | None = None

    def ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """The body of the first answer that is 200.

        Raises:
            AssertionError: a status that would end a client's stream, or no 200 at all.
            Stopped: the campaign ends.
        """
        deadline = time.monotonic() + GIVE_UP_S
        while not self.stopped.is_set():
            try:
                status, content = self._once(method, path, body)
            except (OSError, http.client.HTTPException):
                self.close()
            else:
                self.records.statuses[status] += 1
                if status == 200:
                    return content
                self.records.said[content.decode(errors="replace")] += 1
                assert status in RETRIED, f"{method} {path}: {status} {content[:300]!r}"
            assert time.monotonic() < deadline, f"{method} {path}: no answer"
            self.stopped.wait(0.01)
        raise Stopped

    def graphql(self, query: str, *, or_says: str = "", **variables: Any) -> Any:
        """`data` of an answer without errors, but for one that says so."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        answer = json.loads(self.ask("POST", "/graphql", body))
        for error in answer.get("errors", ()):
            assert or_says, answer
            assert or_says in error["message"], answer
        return answer["data"]

    def put(self, url: str, content: bytes) -> None:
        """To a signed address."""
        self.ask("PUT", path_of(url), content)

    def _once(self, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(
                "127.0.0.1", self._port, timeout=60
            )
        self._connection.request(method, path, body, self._headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read()

    def close(self) -> None:
        """Hang up; the next call connects again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


@dataclass(slots=True)
class Book:
    """What the server said that it has of one run."""

    name: str
    rows: list[str] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    finished: bool = False

    @property
    def next_step(self) -> int:
        """Behind all rows."""
        return json.loads(self.rows[-1])["_step"] + 1 if self.rows else 0

    def steps_until(self, step: int) -> list[str]:
        """Rows that a fork or rewinding keeps."""
        return [row for row in self.rows if json.loads(row)["_step"] <= step]


class Client(ABC):
    """One actor. `act` makes one or a few calls; `check` compares the books."""

    def __init__(self, line: Line, number: int, chance: random.Random) -> None:
        self.line = line
        self.number = number
        self.chance = chance
        self.doing = ""
        self._made = 0
        self.books: list[Book] = []

    @abstractmethod
    def act(self) -> None:
        """The next call or calls."""

    def check(self) -> None:
        """Compare, and forget what was right."""
        for book in self.books:
            compare_run(self.line, book)
        self.books = self.books[-1:]

    def name(self) -> str:
        """A new one."""
        self._made += 1
        return f"{type(self).__name__.lower()}{self.number}-{self._made}"

    def begin(self, name: str = "", config: str = "{}") -> Book:
        """A new run."""
        self.doing = "init"
        book = Book(name or self.name())
        self.line.graphql(UPSERT, run=book.name, config=config)
        self.books.append(book)
        return book

    def post(self, book: Book, **more: Any) -> None:
        """Rows, events, console and summary, or some of them, behind the last ones."""
        self.doing = "finish" if more else "ingest"
        first, step = len(book.rows), book.next_step
        rows = [
            json.dumps({"_step": step + n, "v": step + n, "run": book.name})
            for n in range(self.chance.choice((0, 1, 7, 30, 80)))
        ]
        events = [
            json.dumps({"_runtime": n}) for n in range(self.chance.choice((0, 2)))
        ]
        console = [f"line {len(book.console) + n}" for n in range(len(rows) // 3)]
        summary = {"v": step + len(rows)}
        files = {
            "wandb-history.jsonl": {"offset": first, "content": rows},
            "wandb-events.jsonl": {"offset": len(book.events), "content": events},
            "output.log": {"offset": len(book.console), "content": console},
            "wandb-summary.json": {"offset": 0, "content": [json.dumps(summary)]},
        }
        body = json.dumps({"files": files, **more}).encode()
        path = f"/files/{self.line.entity}/{PROJECT}/{book.name}/file_stream"
        for _ in range(1 + (self.chance.random() < 0.1)):  # some come twice
            self.line.ask("POST", path, body)
        book.rows += rows
        book.events += events
        book.console += console
        book.summary = summary
        book.finished = book.finished or bool(more)
        self.line.records.acknowledged["rows"] += len(rows)

    def finish(self, book: Book) -> None:
        """The last post of a run."""
        self.post(book, complete=True, exitcode=0)


class Writer(Client):
    """Runs of some hundred rows, one after the other; exports some of them."""

    def act(self) -> None:
        if not self.books or self.books[-1].finished:
            self.begin()
        book = self.books[-1]
        if self.chance.random() > 0.15:
            return self.post(book)
        self.finish(book)
        if book.rows and self.chance.random() < 0.5:
            self.doing = "export"
            path = f"/api/export/{self.line.entity}/{PROJECT}/{book.name}.parquet"
            content = self.line.ask("GET", path)
            if content[:4] != b"PAR1" or content[-4:] != b"PAR1":
                self.line.records.fault(f"export of {book.name} is not whole")
        return None


class Brancher(Client):
    """Forks its own runs and rewinds them."""

    def act(self) -> None:
        if not self.books or len(self.books[-1].rows) > 800:
            self.post(self.begin())
        book = self.books[-1]
        kind = self.chance.random()
        if kind < 0.5 or not book.rows:
            self.post(book)
        elif kind < 0.75:
            step = self.chance.randrange(book.next_step)
            self.doing = "rewind"
            self.line.graphql(REWIND, entity=self.line.entity, run=book.name, step=step)
            book.rows = book.steps_until(step)
            book.summary = {}
            self.line.records.acknowledged["rewinds"] += 1
        else:
            self._fork(book)

    def _fork(self, parent: Book) -> None:
        step = self.chance.randrange(parent.next_step)
        point = {"branch_point": {"run_id": parent.name, "step": step}}
        child = Book(self.name(), rows=parent.steps_until(step))
        self.doing = "fork"
        config = json.dumps({"_wandb": {"value": point}})
        self.line.graphql(UPSERT, run=child.name, config=config)
        self.books.append(child)
        self.line.records.acknowledged["forks"] += 1


class Sender(Client):
    """Files of a run, some of them replaced."""

    def act(self) -> None:
        if not self.books:
            self.begin()
        book = self.books[-1]
        name = f"f{self.chance.randrange(5)}.bin"
        self.doing = "file"
        entity = self.line.entity
        made = self.line.graphql(RUN_FILES, entity=entity, run=book.name, file=name)
        content = self.chance.randbytes(int(10 ** self.chance.uniform(0, 5.5)))
        self.line.put(made["createRunFiles"]["files"][0]["uploadUrl"], content)
        book.files[name] = content
        self.line.records.acknowledged["files"] += 1


class Remover(Client):
    """Makes runs and removes them; some names come again."""

    def __init__(self, line: Line, number: int, chance: random.Random) -> None:
        super().__init__(line, number, chance)
        self._removed: list[str] = []

    def act(self) -> None:
        again = self._removed and self.chance.random() < 0.3
        self.doing = "init"
        book = Book(self._removed.pop() if again else self.name())
        made = self.line.graphql(UPSERT, run=book.name, config="{}")
        self.post(book)
        self.finish(book)
        self.doing = "remove"
        # The first call may have removed it, and its answer been lost.
        identity = made["upsertBucket"]["bucket"]["id"]
        self.line.graphql(REMOVE, or_says="does not exist", id=identity)
        self._removed.append(book.name)
        self.line.records.acknowledged["removals"] += 1

    def check(self) -> None:
        for name in self._removed:
            if _read(self.line, name) is not None:
                self.line.records.fault(f"run {name} was removed and is there")
        self._removed = self._removed[-2:]


class Publisher(Client):
    """Versions of an artifact, of a few files each."""

    def __init__(self, line: Line, number: int, chance: random.Random) -> None:
        super().__init__(line, number, chance)
        self._versions = 0
        self._unchecked: list[tuple[str, dict[str, bytes]]] = []

    def act(self) -> None:
        contents = {
            f"file{n}": self.chance.randbytes(int(10 ** self.chance.uniform(0, 5)))
            for n in range(self.chance.randint(1, 3))
        }
        self.doing = "artifact"
        made = self._create(contents)
        wanted = [
            {"artifactID": made, "name": name, "md5": md5(content)}
            for name, content in contents.items()
        ]
        answer = self.line.graphql(
            FILES, input={"artifactFiles": wanted, "storageLayout": "V2"}
        )
        for edge in answer["createArtifactFiles"]["files"]["edges"]:
            if (url := edge["node"]["uploadUrl"]) is not None:
                self.line.put(url, contents[edge["node"]["name"]])
        self._send_manifest(made, contents)
        self.doing = "artifact commit"
        self.line.graphql(COMMIT, input={"artifactID": made})
        self._versions += 1
        self._unchecked.append((made, contents))
        self.line.records.acknowledged["artifacts"] += 1

    def _create(self, contents: dict[str, bytes]) -> str:
        digest = hashlib.md5(repr(sorted(contents.items())).encode()).hexdigest()
        values = {
            "entityName": self.line.entity,
            "projectName": PROJECT,
            "artifactTypeName": "dataset",
            "artifactCollectionName": f"data{self.number}",
            "digest": digest,
            "clientID": digest * 4,
        }
        made = self.line.graphql(CREATE, input=values)
        return str(made["createArtifact"]["artifact"]["id"])

    def _send_manifest(self, artifact: str, contents: dict[str, bytes]) -> None:
        entries = {
            name: {"digest": md5(content), "size": len(content)}
            for name, content in contents.items()
        }
        text = json.dumps({"version": 1, "contents": entries}).encode()
        values = {
            "artifactID": artifact, "name": "m", "digest": md5(text), "type": "FULL",
        }  # fmt: skip
        answer = self.line.graphql(MANIFEST, input=values)
        file = answer["createArtifactManifest"]["artifactManifest"]["file"]
        self.line.put(file["uploadUrl"], text)

    def check(self) -> None:
        records = self.line.records
        for artifact, contents in self._unchecked:
            found = self.line.graphql(LIST, id=artifact, first=100)["artifact"]
            nodes = {e["node"]["name"]: e["node"] for e in found["files"]["edges"]}
            if found["state"] != "COMMITTED" or nodes.keys() != contents.keys():
                records.fault(f"artifact {artifact}: {found}")
                continue
            for name, content in contents.items():
                url = path_of(nodes[name]["directUrl"])
                if self.line.ask("GET", url) != content:
                    records.fault(f"artifact {artifact}: {name} is not what was sent")
        self._unchecked = []
        found = self.line.graphql(
            VERSIONS, entity=self.line.entity, name=f"data{self.number}"
        )
        kind = (found["project"] or {}).get("artifactType") or {}
        collection = kind.get("artifactCollection")
        count = collection["artifacts"]["totalCount"] if collection else 0
        if count != self._versions:
            records.fault(f"{count} versions instead of {self._versions}")


KINDS: tuple[type[Client], ...] = (
    Writer, Writer, Writer, Brancher, Sender, Remover, Publisher,
)  # fmt: skip


def compare_run(line: Line, book: Book) -> None:
    """Count what is lost and doubled of a run; anything else is a fault."""
    records, found = line.records, _read(line, book.name)
    if found is None:
        records.lost += max(1, len(book.rows))
        records.fault(f"run {book.name} is gone")
        return
    for what, wanted, seen in (
        ("rows", book.rows, found["history"]),
        ("events", book.events, found["events"]),
        ("console", book.console, _lines(found)),
    ):
        lost, doubled = count_differences(wanted, seen)
        records.lost += lost
        records.doubled += doubled
        if list(seen) != wanted:
            records.fault(
                f"{what} of {book.name}: {lost} lost, {doubled} doubled, of "
                f"{len(wanted)}; first difference at {_difference(wanted, seen)}"
            )
    counts = (len(book.rows), len(book.events), len(book.console))
    said = tuple(found[f"{n}LineCount"] for n in ("history", "events", "log"))
    if said != counts:
        records.fault(f"{book.name}: counts {said} instead of {counts}")
    if book.finished and found["state"] != "finished":
        records.fault(f"{book.name} is {found['state']}")
    summary = json.loads(found["summaryMetrics"])
    if any(summary.get(key) != value for key, value in book.summary.items()):
        records.fault(f"{book.name}: summary {summary} instead of {book.summary}")
    nodes = {e["node"]["name"]: e["node"] for e in found["files"]["edges"]}
    for name, content in book.files.items():
        node = nodes.get(name)
        if node is None or line.ask("GET", path_of(node["directUrl"])) != content:
            records.fault(f"{book.name}: file {name} is not what was sent")


def count_differences(wanted: list[str], seen: list[str]) -> tuple[int, int]:
    """How many are lost, how many are there too often or were never sent."""
    lost, more = Counter(wanted) - Counter(seen), Counter(seen) - Counter(wanted)
    return lost.total(), more.total()


def path_of(url: str) -> str:
    """Path and query of an address."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def md5(content: bytes) -> str:
    """Base64, as in manifests."""
    return base64.b64encode(hashlib.md5(content).digest()).decode()


def _read(line: Line, run: str) -> Any:
    found = line.graphql(READ, entity=line.entity, run=run)["project"]
    return None if found is None else found["run"]


def _lines(found: Any) -> list[str]:
    edges = found["logLines"]["edges"]
    return [edge["node"]["line"].rstrip("\n") for edge in edges]


def _difference(wanted: list[str], seen: list[str]) -> str:
    for at, (one, other) in enumerate(zip(wanted, seen, strict=False)):
        if one != other:
            return f"{at}: {other} instead of {one}"
    return f"{min(len(wanted), len(seen))}"
