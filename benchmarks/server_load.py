"""How many runs can stream to one server at the same time, with nothing lost?

A server process started as people start it, and one process of clients: each posts 100
rows of five metrics in one request per second. A client whose request is refused or
lost sends it again, as core does. Where 500 clients are late (more than a second behind
at the end), fewer are tried. At the end every row of every run is looked for on the
server.

Estimate before building, on the 2-core reference machine: a request of 100 rows costs
the server 1.5 ms (parse 100 lines, one insert, its part of a commit), so one core takes
600 requests a second; the clients take the other.

    python benchmarks/server_load.py [--quick] [--clients N] [--seconds S]
"""

import argparse
import asyncio
import json
import random
import statistics
import time
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from _report import show
from _server import Server, memory_shown, started_server
from _sides import cpu_s

ROWS = 100
METRICS = 5
TRIES = (500, 350, 250, 150, 75)
LATE_S = 1.0
MAKE = """mutation ($run: String!) {
  upsertBucket(input: {name: $run, modelName: "load"}) { bucket { id } } }"""
COUNT = """query ($entity: String!, $run: String!) {
  project(name: "load", entityName: $entity) { run(name: $run) {
    historyLineCount lastStep } } }"""
ROWS_OF = """query ($entity: String!, $run: String!, $low: Int64, $high: Int64) {
  project(name: "load", entityName: $entity) { run(name: $run) {
    history(minStep: $low, maxStep: $high, samples: 100000) } } }"""


@dataclass
class Result:
    """What the clients saw."""

    acknowledged: int = 0
    again: int = 0
    waits_ms: list[float] = field(default_factory=list)
    late_s: list[float] = field(default_factory=list)


async def ask(session: aiohttp.ClientSession, query: str, **variables: Any) -> Any:
    body = {"query": query, "variables": variables}
    async with session.post("/graphql", json=body) as answer:
        content = await answer.json()
        assert answer.status == 200, content
        return content["data"]


async def client(
    session: aiohttp.ClientSession,
    server: Server,
    number: int,
    seconds: int,
    result: Result,
) -> None:
    """One run: a request per second, each again until it is taken."""
    chance = random.Random(number)
    path = f"/files/{server.entity}/load/r{number}/file_stream"
    await asyncio.sleep(chance.random())
    began = time.monotonic()
    for second in range(seconds):
        first = second * ROWS
        lines = [_row(first + row, chance) for row in range(ROWS)]
        chunk = {"offset": first, "content": lines}
        body = json.dumps({"files": {"wandb-history.jsonl": chunk}}).encode()
        sent = time.monotonic()
        while not await taken(session, path, body):
            result.again += 1
            await asyncio.sleep(0.2)
        result.waits_ms.append((time.monotonic() - sent) * 1000)
        result.acknowledged += ROWS
        await asyncio.sleep(max(0.0, began + second + 1 - time.monotonic()))
    result.late_s.append(time.monotonic() - began - seconds)


def _row(step: int, chance: random.Random) -> str:
    values = {f"m{key}": round(chance.random(), 6) for key in range(METRICS)}
    times = {"_step": step, "_timestamp": 1.7e9 + step, "_runtime": float(step)}
    return json.dumps({**times, **values})


async def taken(session: aiohttp.ClientSession, path: str, body: bytes) -> bool:
    try:
        async with session.post(path, data=body) as answer:
            await answer.read()
            return answer.status == 200
    except (aiohttp.ClientError, TimeoutError):
        return False


async def missing(
    session: aiohttp.ClientSession, server: Server, clients: int, rows: int
) -> int:
    """Rows that are not on the server exactly once."""
    lost = 0
    for number in range(clients):
        place = {"entity": server.entity, "run": f"r{number}"}
        lost_here = 0
        for low in range(0, rows, 5000):
            data = await ask(session, ROWS_OF, low=low, high=low + 5000, **place)
            found = data["project"]["run"]["history"]
            steps = [json.loads(row)["_step"] for row in found]
            wanted = list(range(low, min(low + 5000, rows)))
            lost_here += len(set(wanted) ^ set(steps)) + len(steps) - len(set(steps))
        lost += lost_here
    return lost


async def load(server: Server, clients: int, seconds: int) -> tuple[Result, int]:
    """Stream, then count."""
    result = Result()
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(
        server.url, headers=server.headers, connector=connector
    ) as session:
        for number in range(clients):
            await ask(session, MAKE, run=f"r{number}")
        async with asyncio.TaskGroup() as group:
            for number in range(clients):
                group.create_task(client(session, server, number, seconds, result))
        return result, await missing(session, server, clients, seconds * ROWS)


def attempt(clients: int, seconds: int) -> bool:
    """Print what so many clients saw; False if the server was too slow for them."""
    label = f"{clients} clients, {seconds} s"
    with started_server() as server, memory_shown(server, label):
        cpu = cpu_s(server.pid)
        result, lost = asyncio.run(load(server, clients, seconds))
        used = cpu_s(server.pid) - cpu
    late = max(result.late_s)
    rate = result.acknowledged / (seconds + max(0.0, late))
    slices = statistics.quantiles(result.waits_ms, n=100)
    show(f"{label}: rows", "ours", [rate], "rows/s")
    show(f"{label}: lost or doubled", "ours", [lost], "rows", 0)
    show(f"{label}: sent again", "ours", [result.again], "requests")
    show(f"{label}: p50 of a request", "ours", [slices[49]], "ms")
    show(f"{label}: p99 of a request", "ours", [slices[98]], "ms")
    show(f"{label}: latest client behind", "ours", [late], "s", LATE_S)
    show(f"{label}: processor time of the server", "ours", [used], "s")
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
