"""How many points per second does the server take, from how many runs at once?

10, 50 and 200 runs stream at once and end, each on a connection of its own: 200 rows of
ten metrics per request, the next as soon as the last is answered, as core does when it
has much to send. `taken` counts until the last answer: all rows are in the database.
The server moves them to segments beside it and after it; `stored` is when all are. The
bodies are made before; the client is on the same two cores.

Estimate before building, on the 2-core reference machine: parsing a row 2 µs, inserting
it into SQLite with two indexes 5 µs, so 7 µs per row of 10 points: 1.4 million points
per second. Aim: 100,000.

    python benchmarks/server_ingest.py [--quick]
"""

import argparse
import asyncio
import time

from _report import show
from _server import Client, asking, memory_shown, post_body, rows, started_server
from _sides import cpu_s

RUNS = (10, 50, 200)
ROWS = 200
METRICS = 10
POSTS = 20


async def stream(client: Client, run: str, bodies: list[bytes]) -> None:
    """One run."""
    for body in bodies:
        await client.post("ingest", run, body)


async def measure(runs: int, bodies: list[bytes]) -> None:
    """A server of its own takes all of it."""
    what = f"ingest, {runs} runs at once"
    points = runs * len(bodies) * ROWS * METRICS
    with started_server() as server, memory_shown(server, what):
        async with asking(server) as client:
            for run in range(runs):
                await client.make_run("ingest", f"r{run}")
            cpu = cpu_s(server.pid)
            began = time.perf_counter()
            async with asyncio.TaskGroup() as group:
                for run in range(runs):
                    group.create_task(stream(client, f"r{run}", bodies))
            taken = points / (time.perf_counter() - began)
            used = cpu_s(server.pid) - cpu
        stored = points / (server.settle() - began)
        whole = cpu_s(server.pid) - cpu
    show(f"{what}: taken", "ours", [taken], "points/s", 100_000, at_least=True)
    show(f"{what}: stored", "ours", [stored], "points/s")
    show(f"{what}: cpu until taken", "ours", [used / points * 1e6], "us/point")
    show(f"{what}: cpu until stored", "ours", [whole / points * 1e6], "us/point")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--quick", action="store_true", help="10 and 50 runs, a quarter"
    )
    parser.add_argument("--long", action="store_true", help="no effect here")
    quick = parser.parse_args().quick
    posts = POSTS // 4 if quick else POSTS
    bodies = [
        post_body(n * ROWS, rows(n * ROWS, ROWS, METRICS), ended=n == posts - 1)
        for n in range(posts)
    ]
    for runs in RUNS[:2] if quick else RUNS:
        asyncio.run(measure(runs, bodies))


if __name__ == "__main__":
    main()
