"""Facts of metrics: summed up at compaction for segments, from memory for the tail."""

from collections.abc import Sequence

from sqlalchemy import Connection

from wandb_server.errors import StorageDamaged
from wandb_server.ingest.fact_bytes import FactReader
from wandb_server.ingest.fact_tables import FactTable, to_facts, to_table
from wandb_server.ingest.key_facts import join_facts
from wandb_server.operations.stores import Stores
from wandb_server.operations.tails import Tails
from wandb_server.storage import key_tables, listing

RUNS_PER_READ = 50
"""Stored tables in memory at once."""


async def tables_of_runs(stores: Stores, ids: Sequence[int]) -> list[FactTable]:
    """Facts of each run, in the order of `ids`; absent runs are left out."""

    def question(db: Connection) -> list[FactTable]:
        marks = listing.marks_of_runs(db, ids)
        reader = FactReader()
        found = {
            run_id: kept
            for run_id, place in marks.items()
            if (kept := stores.tails.table(run_id, *place)) is not None
        }
        missing = [run_id for run_id in ids if run_id in marks and run_id not in found]
        for first in range(0, len(missing), RUNS_PER_READ):
            piece = missing[first : first + RUNS_PER_READ]
            stored = key_tables.read_tables(db, piece)
            for run_id in piece:
                table = read_facts(reader, run_id, stored.get(run_id, b""))
                found[run_id] = _with_tail(
                    stores.tails, db, run_id, table, *marks[run_id]
                )
        return [found[run_id] for run_id in ids if run_id in found]

    return await stores.database.read(question)


def read_facts(reader: FactReader, run_id: int, data: bytes) -> FactTable:
    """The facts that were stored of a run's segments.

    Raises:
        StorageDamaged: not what was written.
    """
    try:
        return reader.read(data)
    except ValueError as error:
        raise StorageDamaged(str(error), place=f"key table of run {run_id}") from error


def _with_tail(
    tails: Tails, db: Connection, run_id: int, table: FactTable, mark: int, end_row: int
) -> FactTable:
    tail = tails.read(db, run_id, mark, end_row)
    if tail.batches:
        facts = to_facts(table)
        for batch in tail.batches:
            facts = join_facts(facts, batch.facts)
        table = to_table(facts)
    return tails.keep_table(run_id, mark, tail.end_row, table)
