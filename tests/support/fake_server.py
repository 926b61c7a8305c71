"""A W&B-compatible server for tests: real HTTP, everything recorded, fails on demand.

```python
async with FakeServer() as server:
    server.fail("file_stream", Fault(status=500), times=3)
    ...
    assert server.run("r1").history == [...]
```

What it is asked is told by operation name, not by parsing documents: the real schema is
tested against the real server. Lines are kept by file and number like the official
server does; a number that comes again with *another* text is a conflict, and with
`dedup="chunk"` a chunk whose offset was seen before is ignored as a whole, the most
forgetful server that the protocol allows.
"""

import asyncio
import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from aiohttp import web

from tests.support.fake_artifacts import FakeArtifacts

API_KEY = "local-" + "f" * 40
LIVE_UPLOAD = "WANDB_LIVE_UPLOAD"

_BODY_BYTES_MAX = 1 << 30


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to fail. Without any field set: the connection is reset."""

    status: int | None = None
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    """Wait first; alone (no status, no reset) the request is then answered."""
    reset: bool = False
    after: bool = False
    """The request takes effect, then the answer fails."""

    @classmethod
    def slow(cls, delay_s: float) -> "Fault":
        return cls(delay_s=delay_s)

    @classmethod
    def connection_reset(cls, *, after: bool = False) -> "Fault":
        return cls(reset=True, after=after)

    @classmethod
    def garbage(cls) -> "Fault":
        return cls(status=200, body="<html>Welcome to the hotel's network</html>")


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """One request as it arrived, whether it was answered or not."""

    kind: str
    """file_stream, put, put_blob (artifacts), or the name of the GraphQL operation."""
    path: str
    headers: Mapping[str, str]
    body: Any
    """Parsed JSON; bytes for put."""


@dataclass(slots=True)
class FakeRun:
    """What the server has of one run."""

    name: str
    project: str
    entity: str
    fields: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, dict[int, str]] = field(default_factory=dict)
    seen_offsets: set[tuple[str, int]] = field(default_factory=set)
    conflicts: list[tuple[str, int, str, str]] = field(default_factory=list)
    summary_text: str = ""
    uploaded: list[str] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    complete: bool = False
    exit_code: int | None = None
    final_body: dict[str, Any] | None = None
    preempting: bool = False
    upsert_count: int = 0

    @property
    def history(self) -> list[dict[str, Any]]:
        """Rows in order of their numbers."""
        return [json.loads(text) for text in self.numbered("wandb-history.jsonl")]

    @property
    def console(self) -> list[str]:
        """Console lines in order of their numbers."""
        return self.numbered("output.log")

    @property
    def events(self) -> list[dict[str, Any]]:
        """System metrics rows."""
        return [json.loads(text) for text in self.numbered("wandb-events.jsonl")]

    @property
    def summary(self) -> dict[str, Any]:
        """The summary line as last received."""
        found = json.loads(self.summary_text or "{}")
        assert isinstance(found, dict)
        return found

    @property
    def config(self) -> dict[str, Any]:
        """Unwrapped config as last received."""
        wrapped = json.loads(self.fields.get("config") or "{}")
        return {key: item["value"] for key, item in wrapped.items()}

    def numbered(self, file: str) -> list[str]:
        """Lines of a file; missing numbers are an error of the client."""
        found = self.lines.get(file, {})
        if found:
            first, last = min(found), max(found)
            missing = [line for line in range(first, last + 1) if line not in found]
            assert not missing, f"{file} has no lines {missing}"
        return [found[line] for line in sorted(found)]

    def line_count(self, file: str) -> int:
        """Number of the next line."""
        return max(self.lines.get(file, {}), default=-1) + 1


class FakeServer:
    """Listens on a free loopback port, or on a Unix socket, while its context lives."""

    def __init__(
        self,
        *,
        features: tuple[str, ...] = (LIVE_UPLOAD,),
        entity: str = "tester",
        api_key: str = API_KEY,
        dedup: str = "line",
        unix_socket: Path | None = None,
    ) -> None:
        assert dedup in ("line", "chunk")
        self.features = features
        self.entity = entity
        self.api_key = api_key
        self.requests: list[RecordedRequest] = []
        self.runs: dict[str, FakeRun] = {}
        self.alerts: list[dict[str, Any]] = []
        self.artifacts = FakeArtifacts(lambda: self.base_url)
        self.stop_requested = False
        self.failure_count = 0
        self.port = 0
        self._dedup = dedup
        self._unix_socket = unix_socket
        self._faults: list[tuple[str, Fault, int | None]] = []
        self._runner: web.AppRunner | None = None

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port or 80}"

    async def __aenter__(self) -> Self:
        await self.up()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.down()

    async def up(self) -> None:
        """Listen; after `down` on the same port as before."""
        assert self._runner is None
        app = web.Application(client_max_size=_BODY_BYTES_MAX)
        app.router.add_post("/graphql", self._graphql)
        app.router.add_post(
            "/files/{entity}/{project}/{run}/file_stream", self._file_stream
        )
        app.router.add_put("/storage/{run}/{name:.+}", self._put)
        app.router.add_put("/blobs/{path:.+}", self._put_blob)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05)
        await self._runner.setup()
        if self._unix_socket is not None:
            await web.UnixSite(self._runner, str(self._unix_socket)).start()
            return
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def down(self) -> None:
        """Close the port and all connections; what was received is kept. Idempotent."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def fail(self, kind: str, fault: Fault, times: int | None = 1) -> None:
        """Let the next requests of a kind fail ("*": of any; times None: for good)."""
        self._faults.append((kind, fault, times))

    def heal(self) -> None:
        """No more faults."""
        self._faults.clear()

    def run(self, name: str) -> FakeRun:
        return self.runs[name]

    def of_kind(self, kind: str) -> list[RecordedRequest]:
        """Recorded requests of one kind, in order."""
        return [request for request in self.requests if request.kind == kind]

    async def _graphql(self, request: web.Request) -> web.StreamResponse:
        body = json.loads(await request.read())
        operation = body["operationName"]
        return await self._answer(request, operation, body)

    async def _file_stream(self, request: web.Request) -> web.StreamResponse:
        body = json.loads(await request.read())
        return await self._answer(request, "file_stream", body)

    async def _put_blob(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, "put_blob", await request.read())

    async def _put(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, "put", await request.read())

    async def _answer(
        self, request: web.Request, kind: str, body: Any
    ) -> web.StreamResponse:
        headers = dict(request.headers)
        self.requests.append(RecordedRequest(kind, request.path, headers, body))
        fault = self._take_fault(kind)
        if fault is None:
            return self._take(request, kind, body)
        self.failure_count += 1
        if fault.after:
            self._take(request, kind, body)
        if fault.delay_s:
            await asyncio.sleep(fault.delay_s)
        if fault.status is not None:
            return web.Response(
                status=fault.status, text=fault.body, headers=fault.headers
            )
        if fault.delay_s and not fault.reset:
            return self._take(request, kind, body)
        assert request.transport is not None
        request.transport.abort()
        return web.Response(status=500)

    def _take_fault(self, kind: str) -> Fault | None:
        for place, (wanted, fault, times) in enumerate(self._faults):
            if wanted in (kind, "*"):
                if times is not None and times <= 1:
                    del self._faults[place]
                elif times is not None:
                    self._faults[place] = (wanted, fault, times - 1)
                return fault
        return None

    def _take(self, request: web.Request, kind: str, body: Any) -> web.Response:
        """Let the request take effect."""
        if kind == "put_blob":
            try:
                etag = self.artifacts.put(request.match_info["path"], body)
            except ValueError as error:
                return _json({"errors": [{"message": str(error)}]}, status=400)
            return web.Response(headers={"ETag": etag})
        if kind == "put":
            self.runs[request.match_info["run"]].files[request.match_info["name"]] = (
                body
            )
            return web.Response()
        token = base64.b64encode(f"api:{self.api_key}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {token}":
            return _json({"errors": [{"message": "unknown API key"}]}, status=401)
        if kind == "file_stream":
            run = self.runs.get(request.match_info["run"])
            if run is None:
                return _json({"errors": [{"message": "no such run"}]}, status=404)
            self._store(run, body)
            return _json({"stopped": True} if self.stop_requested else {})
        return _json({"data": self._execute(kind, body.get("variables") or {})})

    def _execute(self, operation: str, variables: dict[str, Any]) -> dict[str, Any]:
        match operation:
            case "Viewer":
                viewer = {"entity": self.entity, "username": self.entity, "email": ""}
                return {"viewer": viewer | {"id": "dXNlcg==", "flags": "{}"}}
            case "ServerFeaturesQuery":
                features = [{"name": n, "isEnabled": True} for n in self.features]
                return {"serverInfo": {"features": features}}
            case "UpsertBucket":
                return self._upsert(variables)
            case "RunResumeStatus":
                return {"model": self._resume_status(variables)}
            case "CreateRunFiles":
                return self._create_files(variables)
            case "NotifyScriptableRunAlert":
                self.alerts.append(variables)
                return {"notifyScriptableRunAlert": {"success": True}}
        if self.artifacts.knows(operation):
            return self.artifacts.execute(operation, variables)
        raise AssertionError(f"unknown operation {operation}")

    def _upsert(self, variables: dict[str, Any]) -> dict[str, Any]:
        name = variables["name"]
        inserted = name not in self.runs
        run = self.runs.setdefault(
            name,
            FakeRun(
                name,
                variables.get("project") or "uncategorized",
                variables.get("entity") or self.entity,
            ),
        )
        run.upsert_count += 1
        run.complete = False
        told = {key: value for key, value in variables.items() if value is not None}
        run.fields.update(told)
        project = {"id": "cA==", "name": run.project}
        bucket = {
            "id": "cnVu",
            "name": name,
            "displayName": run.fields.get("displayName") or f"pretty-{name}",
            "config": run.fields.get("config"),
            "project": project | {"entity": {"id": "ZQ==", "name": run.entity}},
            "historyLineCount": run.line_count("wandb-history.jsonl"),
        }
        return {"upsertBucket": {"bucket": bucket, "inserted": inserted}}

    def _resume_status(self, variables: dict[str, Any]) -> dict[str, Any] | None:
        run = self.runs.get(variables["name"])
        if run is None:
            return None
        config = json.loads(run.fields.get("config") or "{}")
        telemetry = config.get("_wandb", {}).get("value", {}).get("t")
        history, events = (
            json.dumps(run.numbered(file)[-1:])
            for file in ("wandb-history.jsonl", "wandb-events.jsonl")
        )
        bucket = {
            "id": "cnVu",
            "name": run.name,
            "displayName": run.fields.get("displayName"),
            "wandbConfig": json.dumps({} if telemetry is None else {"t": telemetry}),
            "historyLineCount": run.line_count("wandb-history.jsonl"),
            "eventsLineCount": run.line_count("wandb-events.jsonl"),
            "logLineCount": run.line_count("output.log"),
            "historyTail": history,
            "eventsTail": events,
            "summaryMetrics": run.summary_text or "{}",
            "config": run.fields.get("config"),
            "tags": run.fields.get("tags") or [],
            "notes": run.fields.get("notes"),
        }
        entity = {"id": "ZQ==", "name": run.entity}
        return {"id": "cA==", "name": run.project, "entity": entity, "bucket": bucket}

    def _create_files(self, variables: dict[str, Any]) -> dict[str, Any]:
        run = variables["run"]
        files = [
            {"name": n, "uploadUrl": f"{self.base_url}/storage/{run}/{quote(n)}"}
            for n in variables["files"]
        ]
        return {
            "createRunFiles": {
                "runID": "cnVu",
                "uploadHeaders": ["X-Storage:yes"],
                "files": files,
            }
        }

    def _store(self, run: FakeRun, body: dict[str, Any]) -> None:
        for file, chunk in (body.get("files") or {}).items():
            if file == "wandb-summary.json":
                (run.summary_text,) = chunk["content"]
                continue
            self._store_lines(run, file, chunk["offset"], chunk["content"])
        run.uploaded.extend(body.get("uploaded") or ())
        run.preempting |= bool(body.get("preempting"))
        run.complete = bool(body.get("complete"))
        if run.complete:
            run.exit_code = body["exitcode"]
            run.final_body = body

    def _store_lines(
        self, run: FakeRun, file: str, offset: int, content: list[str]
    ) -> None:
        assert content, "an empty chunk was sent"
        if self._dedup == "chunk" and file != "output.log":
            if (file, offset) in run.seen_offsets:
                return
            run.seen_offsets.add((file, offset))
        stored = run.lines.setdefault(file, {})
        for line, text in enumerate(content, offset):
            old = stored.get(line)
            if old is not None and old != text and file != "output.log":
                run.conflicts.append((file, line, old, text))
            stored[line] = text


def _json(value: object, status: int = 200) -> web.Response:
    return web.json_response(value, status=status)
