"""A server as people start it, what benchmarks ask of it, and the memory it takes.

    with started_server() as server:          directories of its own, removed after it
        with memory_shown(server, "charts"):  its peak while this runs, by kind
            async with asking(server) as client:
                await client.fill("deep", "r1", steps=100_000, metrics=10)
                milliseconds = await client.time(CHARTS, runs=["r1"], keys=["m0"])

Everything goes over HTTP, to the port that browsers use, with compressed answers taken
as browsers take them; what the client does with an answer is not timed.
"""

import asyncio
import base64
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import orjson
from _report import show
from _same_data import config_of, key_of, summary_of, values_of
from _sides import cpu_s

MEMORY_MB = 400
"""What the server may take, whatever it does."""
KEPT = ("PATH", "LANG", "PYTHONPATH")
KINDS = ("VmHWM", "RssAnon", "RssFile")
SAMPLE_S = 0.02
POST_ROWS = 10_000
WRITERS = 8
QUIET_S = 4.0
"""More than the server waits between two looks for what is to be compacted."""
QUIET_SHARE = 0.1
LOOK_S = 0.25
SETTLE_S_MAX = 600.0
TIMEOUT = aiohttp.ClientTimeout(total=600)

MAKE_RUN = """mutation ($entity: String, $project: String!, $run: String!,
    $config: JSONString) {
  upsertBucket(input: {entityName: $entity, modelName: $project, name: $run,
    config: $config}) { bucket { id } } }"""
CHARTS = """query ($entity: String!, $project: String!, $runs: [String!]!,
    $keys: [String!]!, $low: Float, $high: Float) {
  project(name: $project, entityName: $entity) {
    historySeries(runs: $runs, keys: $keys, xMin: $low, xMax: $high, buckets: 500) {
      run key x min max mean nanCount posInfCount negInfCount } } }"""
METRIC_KEYS = """query ($entity: String!, $project: String!, $runs: [String!]!) {
  project(name: $project, entityName: $entity) {
    metricColumns(runs: $runs) { keys types runCounts } } }"""


class Server:
    """A server process of the embedded default, on a free port."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._environ = {
            **{name: os.environ[name] for name in KEPT if name in os.environ},
            "HOME": str(root),
            "NETRC": str(root / "netrc"),
            **{
                f"WANDB_{name}_DIR": str(root / name.lower())
                for name in ("RUNTIME", "SPOOL", "STATE", "DATA", "CACHE", "CONFIG")
            },
        }
        self.start()

    def start(self) -> None:
        """Start the process; again after `stop`, over the same data."""
        self._run("start", "--port", "0")
        found = json.loads(self._run("status", "--json"))
        self.url, self.entity = str(found["url"]), str(found["entity"])
        self.pid = int(found["pid"])
        key = (self._root / "netrc").read_text().split()[-1]
        text = base64.b64encode(f"api:{key}".encode()).decode()
        self.headers = {"Authorization": f"Basic {text}"}

    def stop(self) -> None:
        """Drain and end it."""
        self._run("stop")

    def restart(self) -> None:
        """A process that remembers nothing; files stay in the machine's page cache."""
        self.stop()
        self.start()

    def settle(self) -> float:
        """Wait until what the server does in the background is done; when it was, on
        the clock of `time.perf_counter`.
        """
        end = time.perf_counter() + SETTLE_S_MAX
        busy_at = time.perf_counter()
        before = cpu_s(self.pid)
        while (now := time.perf_counter()) < end:
            if now - busy_at > QUIET_S:
                return busy_at
            time.sleep(LOOK_S)
            used, before = cpu_s(self.pid) - before, cpu_s(self.pid)
            if used > QUIET_SHARE * LOOK_S:
                busy_at = time.perf_counter()
        raise SystemExit(f"the server is still busy after {SETTLE_S_MAX:.0f} s")

    def _run(self, *words: str) -> str:
        command = [sys.executable, "-m", "wandb_server", *words]
        done = subprocess.run(
            command, env=self._environ, check=False, capture_output=True, text=True
        )
        if done.returncode:
            raise SystemExit(f"{' '.join(command)}: {done.stdout}{done.stderr}")
        return done.stdout


@contextmanager
def started_server() -> Iterator[Server]:
    """A server with no data, stopped and removed at the end."""
    with tempfile.TemporaryDirectory(prefix="bench-", dir="/tmp") as directory:
        server = Server(Path(directory))
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def memory_shown(server: Server, what: str) -> Iterator[None]:
    """Print the most that the server took meanwhile: all, anonymous, of files.

    All is the kernel's own high-water mark, set back at the beginning; the kinds are
    looked at fifty times a second, each has its own peak.
    """
    Path(f"/proc/{server.pid}/clear_refs").write_text("5", "ascii")
    peaks = dict.fromkeys(KINDS, 0.0)
    done = threading.Event()

    def watch() -> None:
        while not done.wait(SAMPLE_S):
            try:
                found = _memory_mb(server.pid)
            except (FileNotFoundError, ProcessLookupError):
                continue  # between two starts
            for kind in KINDS:
                peaks[kind] = max(peaks[kind], found[kind])

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
    show(f"{what}: server memory, peak", "ours", [peaks["VmHWM"]], "MB", MEMORY_MB)
    for kind in KINDS[1:]:
        show(f"{what}: of it {kind}", "ours", [peaks[kind]], "MB")


def _memory_mb(pid: int) -> dict[str, float]:
    status = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    fields = dict(line.split(":", 1) for line in status)
    return {kind: int(fields.get(kind, "0").split()[0]) / 1024 for kind in KINDS}


class Client:
    """One session with the server."""

    def __init__(self, server: Server, session: aiohttp.ClientSession) -> None:
        self.entity = server.entity
        self._session = session

    async def ask(self, query: str, project: str, **variables: Any) -> Any:
        """The `data` of an answer."""
        content, status = await self._ask(query, project, variables)
        answer = json.loads(content)
        assert status == 200, content[:500]
        assert not answer.get("errors"), content[:500]
        return answer["data"]

    async def time(self, query: str, project: str, **variables: Any) -> float:
        """Milliseconds until the whole answer is there."""
        began = time.perf_counter()
        content, status = await self._ask(query, project, variables)
        spent = (time.perf_counter() - began) * 1000
        assert status == 200, content[:500]
        assert b'"errors"' not in content[:2000], content[:500]
        return spent

    async def make_run(self, project: str, run: str, config: Any = None) -> None:
        """A run, which is running from now on."""
        text = None if config is None else json.dumps(config)
        await self.ask(MAKE_RUN, project, run=run, config=text)

    async def post(self, project: str, run: str, body: bytes) -> None:
        """One request of the file stream."""
        path = f"/files/{self.entity}/{project}/{run}/file_stream"
        async with self._session.post(path, data=body) as answer:
            content = await answer.read()
            assert answer.status == 200, content[:500]

    async def fill(
        self, project: str, run: str, steps: int, metrics: int, *, ended: bool = True
    ) -> float:
        """A run of so many rows, sent as they come; seconds that the server took."""
        await self.make_run(project, run)
        spent = 0.0
        for first in range(0, steps, POST_ROWS):
            count = min(POST_ROWS, steps - first)
            last = ended and first + count == steps
            body = post_body(first, rows(first, count, metrics), ended=last)
            began = time.perf_counter()
            await self.post(project, run, body)
            spent += time.perf_counter() - began
        return spent

    async def download(self, path: str) -> tuple[float, bytes]:
        """Seconds until a whole file is there, and its content."""
        began = time.perf_counter()
        async with self._session.get(path) as answer:
            content = await answer.read()
            assert answer.status == 200, content[:500]
        return time.perf_counter() - began, content

    async def _ask(
        self, query: str, project: str, variables: dict[str, Any]
    ) -> tuple[bytes, int]:
        place = {"entity": self.entity, "project": project}
        body = {"query": query, "variables": place | variables}
        async with self._session.post("/graphql", json=body) as answer:
            return await answer.read(), answer.status


@asynccontextmanager
async def asking(server: Server) -> AsyncIterator[Client]:
    """A session with as many connections as it takes."""
    async with aiohttp.ClientSession(
        server.url,
        headers=server.headers,
        connector=aiohttp.TCPConnector(limit=0),
        timeout=TIMEOUT,
    ) as session:
        yield Client(server, session)


async def fill_runs(client: Client, project: str, first: int, end: int) -> None:
    """Runs that ended, each with its config and summary; several clients at once."""

    async def write(numbers: range) -> None:
        for number in numbers:
            config = {key: {"value": value} for key, value in config_of(number).items()}
            await client.make_run(project, f"r{number}", config)
            line = json.dumps(summary_of(number))
            body = {
                "files": {"wandb-summary.json": {"offset": 0, "content": [line]}},
                "complete": True,
                "exitcode": 0,
            }
            await client.post(project, f"r{number}", orjson.dumps(body))

    async with asyncio.TaskGroup() as group:
        for writer in range(WRITERS):
            group.create_task(write(range(first + writer, end, WRITERS)))


def rows(first: int, count: int, metrics: int) -> list[str]:
    """History lines as core sends them."""
    names = [key_of(metric) for metric in range(metrics)]
    return [
        orjson.dumps(
            {
                "_step": step,
                "_timestamp": 1.7e9 + step,
                "_runtime": step * 0.5,
                **dict(zip(names, values, strict=True)),
            }
        ).decode()
        for step, values in enumerate(values_of(first, count, metrics), first)
    ]


def post_body(first_line: int, lines: Sequence[str], *, ended: bool = False) -> bytes:
    """A request of the file stream with these lines of history."""
    chunk = {"offset": first_line, "content": lines}
    body: dict[str, Any] = {"files": {"wandb-history.jsonl": chunk}}
    if ended:
        body |= {"complete": True, "exitcode": 0}
    return orjson.dumps(body)


async def cold_and_warm(
    server: Server, query: str, project: str, colds: int, warms: int, **variables: Any
) -> tuple[list[float], list[float]]:
    """Milliseconds of the first question after a start, and of those after it."""
    cold, warm = [], []
    for _ in range(colds):
        await asyncio.to_thread(server.restart)
        async with asking(server) as client:
            # What any page has asked before: who is there.
            await client.time("query { viewer { id } }", project)
            cold.append(await client.time(query, project, **variables))
            warm += [
                await client.time(query, project, **variables) for _ in range(warms)
            ]
    return cold, warm
