"""How fast does the server write history as Parquet, and in how much memory?

Three sizes of a run of ten metrics, stored live, compacted and merged, then downloaded.
The first download makes the file (a new row has made the last one stale), the next one
sends it as it is; a small run was downloaded before, which loads DuckDB. A file has at
most 500 columns.

Estimate before building, on the 2-core reference machine: reading a point from a
series file 50 ns, putting it in its place 10 ns, writing it 25 ns: 0.9 µs per row of
ten on one core, 1.1 million rows a second. Aim: 500,000.

    python benchmarks/server_export.py [--quick]
"""

import argparse
import asyncio

from _report import show
from _server import Server, asking, memory_shown, post_body, rows, started_server

SIZES = (10_000, 100_000, 1_000_000)
METRICS = 10
AIM_FROM = 100_000
"""A small run is mostly the cost of asking."""


async def export(server: Server, steps: int, again: int) -> tuple[float, float, int]:
    """Seconds until the file was made and sent, and sent again; its bytes."""
    run = f"s{steps}"
    async with asking(server) as client:
        body = post_body(steps + again, rows(steps + again, 1, METRICS), ended=True)
        await client.post("deep", run, body)
        await asyncio.to_thread(server.settle)
        path = f"/api/export/{client.entity}/deep/{run}.parquet"
        made, content = await client.download(path)
        assert content[:4] == content[-4:] == b"PAR1"
        sent, _ = await client.download(path)
    return made, sent, len(content)


async def measure(server: Server, sizes: tuple[int, ...], repeats: int) -> None:
    with memory_shown(server, "storing the runs to be exported"):
        async with asking(server) as client:
            for steps in sizes:
                await client.fill("deep", f"s{steps}", steps, METRICS)
        server.settle()
    with memory_shown(server, "export"):
        await export(server, sizes[0], 0)
        for steps in sizes:
            found = [await export(server, steps, n + 1) for n in range(repeats)]
            aim = 500_000 if steps >= AIM_FROM else None
            rates = [steps / made for made, _, _ in found]
            what = f"export of {steps:,} rows of 10 metrics"
            show(what, "ours", rates, "rows/s", aim, at_least=True)
            show(f"{what}, again", "ours", [s * 1000 for _, s, _ in found], "ms")
            show(f"{what}, size", "ours", [found[0][2] / 1e6], "MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="up to 100,000 rows")
    parser.add_argument("--long", action="store_true", help="no effect here")
    quick = parser.parse_args().quick
    with started_server() as server:
        asyncio.run(measure(server, SIZES[:2] if quick else SIZES, 1 if quick else 3))


if __name__ == "__main__":
    main()
