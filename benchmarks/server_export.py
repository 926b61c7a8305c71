"""How fast does the server write history as Parquet, and in how much memory?

Three sizes of a run of ten metrics, stored live, compacted and merged; the first export
makes the file. A file has at most 500 columns.

Estimate before building, on the 2-core reference machine: reading a point from a series
file 20 ns, putting it in its place 10 ns, writing it twice 40 ns: 0.7 µs per row of
ten, 1.4 million rows a second. Aim: 500,000.

Measured at load 8 on two cores: 100,000 rows 413,000 rows/s (237,000 with a join per
point), at most 260 MB; to be measured on a quiet machine.

    python benchmarks/server_export.py [--quick]
"""

import argparse
import asyncio
import tempfile
import time

import psutil
from _report import show
from server_charts import open_at, write_long

SIZES = (10_000, 100_000, 1_000_000)


async def export(directory: str, name: str) -> tuple[float, float, float]:
    """Seconds to make the file, milliseconds to have it again, its megabytes."""
    archive = await open_at(directory)
    run = await archive.run("ann", "deep", name)
    assert run is not None
    began = time.perf_counter()
    path = await archive.export_parquet(run)
    made = time.perf_counter() - began
    began = time.perf_counter()
    await archive.export_parquet(run)
    again = (time.perf_counter() - began) * 1000
    size = path.stat().st_size / 1e6
    await archive.close()
    return made, again, size


async def measure(sizes: tuple[int, ...], repeats: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        archive = await open_at(directory)
        user = await archive.create_user("ann")
        for steps in sizes:
            await write_long(archive, user, f"s{steps}", steps)
        await archive.close()
        show_memory("store the runs")
        for steps in sizes:
            found = [await export(directory, f"s{steps}") for _ in range(repeats)]
            # A small run is mostly the cost of opening DuckDB.
            aim = 500_000 if steps >= 100_000 else None
            rates = [steps / made for made, _, _ in found]
            what = f"export {steps} rows of 10 metrics"
            show(what, "ours", rates, "rows/s", aim, at_least=True)
            show(f"{what}, again", "ours", [again for _, again, _ in found], "ms")
            show(f"{what}, size", "ours", [found[0][2]], "MB")
        show_memory("export")


def show_memory(what: str) -> None:
    """The most that this process, which is the server here, took so far."""
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    now = psutil.Process().memory_info().rss / 2**20
    show(f"memory after: {what}", "ours", [now], "MB", 400)
    show(f"most memory until: {what}", "ours", [peak], "MB", 400)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="up to 100,000 rows")
    parser.add_argument("--long", action="store_true", help="no effect here")
    quick = parser.parse_args().quick
    asyncio.run(measure(SIZES[:2] if quick else SIZES, 2 if quick else 3))


if __name__ == "__main__":
    main()
