"""How many runs can stream to one server at the same time, with nothing lost?

A server process started as people start it, and one process of clients: each posts 100
rows of five metrics in one request per second. A client whose request is refused or
lost sends it again, after as long as the answer says, as core does. Where 500 clients
are late (more than a second behind at the end), fewer are tried. At the end every row
of every run is looked for on the server. Bodies are filled into one text and sent
without a client library, so that the clients leave the processors to the server; what
they take is printed.

Estimate before building, on the 2-core reference machine: a request of 100 rows costs
the server 1 ms (HTTP 0.3, parse 100 lines 0.2, one insert and its part of a commit 0.2)
and later 0.6 ms of compaction, so 500 requests a second take 0.8 of a core; the clients
take 0.1 ms each.

Measured: 500 clients for 60 s, nothing lost, 49,998 rows/s, p99 26 ms, nobody behind,
182 MB; processor time 10.5 µs per row of the server and 2 of the clients, so 0.52 and
0.1 of a core. Compaction is not in it: a run is due for it at 10,000 rows, which 100
rows/s reach after 100 s; it takes 9 to 13 µs per row more.

    python benchmarks/server_load.py [--quick] [--clients N] [--seconds S]
"""

import argparse
import asyncio
import json
import random
import statistics
import time
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import uvloop
from _report import show
from _server import Client, Server, asking, memory_shown, started_server
from _sides import cpu_s

ROWS = 100
METRICS = 5
TRIES = (500, 350, 250, 150, 75)
LATE_S = 1.0
RETRY_S = 0.2
TIMEOUT_S = 60.0
ROWS_OF = """query ($entity: String!, $project: String!, $run: String!,
    $low: Int64, $high: Int64) {
  project(name: $project, entityName: $entity) { run(name: $run) {
    history(minStep: $low, maxStep: $high, samples: 100000) } } }"""


@dataclass
class Result:
    """What the clients saw."""

    acknowledged: int = 0
    refused: Counter[int] = field(default_factory=Counter)
    """By status; 0: the connection broke, or no answer came in time."""
    waits_ms: list[float] = field(default_factory=list)
    late_s: list[float] = field(default_factory=list)
    server_cpu_s: float = 0.0
    clients_cpu_s: float = 0.0


def _line() -> str:
    """A row as it lies in a body, with places for step, time and run time."""
    chance = random.Random(1)
    values = {f"m{key}": round(chance.random(), 6) for key in range(METRICS)}
    times = '{"_step": %d, "_timestamp": %d.0, "_runtime": %d.0, '
    return json.dumps(times + json.dumps(values)[1:])


BODY = '{"files":{"wandb-history.jsonl":{"offset":%d,"content":[' + ",".join(
    [_line()] * ROWS
) + "]}}}"  # fmt: skip


def body_of(first: int) -> bytes:
    """A request with rows from this step on."""
    numbers = [first]
    for step in range(first, first + ROWS):
        numbers += (step, 1_700_000_000 + step, step)
    return (BODY % tuple(numbers)).encode()


class Line:
    """One connection that posts, kept open, made again when it breaks."""

    def __init__(self, server: Server, run: str) -> None:
        place = urlsplit(server.url)
        self._place = (place.hostname, place.port)
        path = f"/files/{server.entity}/load/{run}/file_stream"
        headers = {"Host": place.netloc, **server.headers}
        fields = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._head = f"POST {path} HTTP/1.1\r\n{fields}Content-Length: "
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, body: bytes) -> tuple[int, float]:
        """(status, seconds to wait); 0 where the connection broke."""
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await self._post(body)
        except (OSError, asyncio.IncompleteReadError, TimeoutError):
            self.close()
            return 0, RETRY_S

    async def _post(self, body: bytes) -> tuple[int, float]:
        if self._streams is None:
            self._streams = await asyncio.open_connection(*self._place)
        reader, writer = self._streams
        writer.write(f"{self._head}{len(body)}\r\n\r\n".encode() + body)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        fields = dict(
            line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line
        )
        await reader.readexactly(int(fields.get("content-length", 0)))
        if fields.get("connection") == "close":
            self.close()
        return int(head.split(" ", 2)[1]), float(fields.get("retry-after", RETRY_S))

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
        self._streams = None


async def client(server: Server, number: int, seconds: int, result: Result) -> None:
    """One run: a request per second, each again until it is taken."""
    line = Line(server, f"r{number}")
    await asyncio.sleep(random.Random(number).random())
    began = time.monotonic()
    for second in range(seconds):
        body = body_of(second * ROWS)
        sent = time.monotonic()
        while True:
            status, wait_s = await line.post(body)
            if status == 200:
                break
            result.refused[status] += 1
            await asyncio.sleep(wait_s)
        result.waits_ms.append((time.monotonic() - sent) * 1000)
        result.acknowledged += ROWS
        await asyncio.sleep(max(0.0, began + second + 1 - time.monotonic()))
    result.late_s.append(time.monotonic() - began - seconds)
    line.close()


async def missing(client: Client, run: str, rows: int) -> int:
    """Rows of a run that are not on the server exactly once."""
    lost = 0
    for low in range(0, rows, 5000):
        data = await client.ask(ROWS_OF, "load", run=run, low=low, high=low + 5000)
        found = data["project"]["run"]["history"]
        steps = [json.loads(row)["_step"] for row in found]
        wanted = set(range(low, min(low + 5000, rows)))
        lost += len(wanted ^ set(steps)) + len(steps) - len(set(steps))
    return lost


async def load(server: Server, clients: int, seconds: int) -> Result:
    """Stream; processor times are those of the streaming alone."""
    result = Result()
    async with asking(server) as asker:
        for number in range(clients):
            await asker.make_run("load", f"r{number}")
    mine, theirs = time.process_time(), cpu_s(server.pid)
    async with asyncio.TaskGroup() as group:
        for number in range(clients):
            group.create_task(client(server, number, seconds, result))
    result.clients_cpu_s = time.process_time() - mine
    result.server_cpu_s = cpu_s(server.pid) - theirs
    return result


async def lost_rows(server: Server, clients: int, rows: int) -> int:
    """Over all runs."""
    async with asking(server) as asker:
        return sum([await missing(asker, f"r{n}", rows) for n in range(clients)])


def attempt(clients: int, seconds: int) -> bool:
    """Print what so many clients saw; False if the server was too slow for them."""
    label = f"{clients} clients, {seconds} s"
    with started_server() as server, memory_shown(server, label):
        result = uvloop.run(load(server, clients, seconds))
        ended = time.perf_counter()
        busy_s = max(0.0, server.settle() - ended)
        lost = uvloop.run(lost_rows(server, clients, seconds * ROWS))
    late = max(result.late_s)
    rate = result.acknowledged / (seconds + max(0.0, late))
    slices = statistics.quantiles(result.waits_ms, n=100)
    show(f"{label}: rows", "ours", [rate], "rows/s")
    show(f"{label}: lost or doubled", "ours", [lost], "rows", 0)
    for status, count in sorted(result.refused.items()):
        show(f"{label}: answered {status}, sent again", "ours", [count], "requests")
    show(f"{label}: p50 of a request", "ours", [slices[49]], "ms")
    show(f"{label}: p99 of a request", "ours", [slices[98]], "ms")
    show(f"{label}: latest client behind", "ours", [late], "s", LATE_S)
    show(f"{label}: processor time of the server", "ours", [result.server_cpu_s], "s")
    show(f"{label}: of the clients", "ours", [result.clients_cpu_s], "s")
    show(f"{label}: compaction after it", "ours", [busy_s], "s")
    assert lost == 0, f"{lost} rows are not there exactly once"
    return late <= LATE_S


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="60 clients for 5 s")
    parser.add_argument("--long", action="store_true", help="no effect here")
    parser.add_argument("--clients", type=int, help="only so many")
    parser.add_argument("--seconds", type=int, default=60)
    chosen = parser.parse_args()
    if chosen.quick:
        attempt(60, 5)
        return
    for clients in (chosen.clients,) if chosen.clients else TRIES:
        if attempt(clients, chosen.seconds):
            return


if __name__ == "__main__":
    main()
