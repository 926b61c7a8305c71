"""Facts of metrics: summed up at compaction for segments, from memory for the tail."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from wandb_server.errors import StorageDamaged
from wandb_server.ingest.fact_bytes import FactReader
from wandb_server.ingest.fact_tables import FactTable, to_facts, to_table
from wandb_server.ingest.key_facts import join_facts
from wandb_server.operations.stores import Stores
from wandb_server.operations.tails import TailPlace, Tails
from wandb_server.storage import key_tables, listing

RUNS_PER_READ = 50
"""Stored tables in memory at once."""


async def tables_of_runs(
    stores: Stores, ids: Sequence[int], file: str
) -> list[FactTable]:
    """Facts of each run's `file`, in the order of `ids`, without absent runs."""

    def question(db: Connection) -> list[FactTable]:
        places = {
            run_id: TailPlace(run_id, file, *mark)
            for run_id, mark in listing.marks_of_runs(db, ids).items()
        }
        reader = FactReader()
        found = {
            run_id: kept
            for run_id, place in places.items()
            if (kept := stores.tails.table(place)) is not None
        }
        missing = [run_id for run_id in ids if run_id in places and run_id not in found]
        for first in range(0, len(missing), RUNS_PER_READ):
            piece = missing[first : first + RUNS_PER_READ]
            stored = key_tables.read_tables(db, piece, file)
            for run_id in piece:
                table = read_facts(reader, run_id, stored.get(run_id, b""))
                found[run_id] = _with_tail(stores.tails, db, places[run_id], table)
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
    tails: Tails, db: Connection, place: TailPlace, table: FactTable
) -> FactTable:
    tail = tails.read(db, place)
    if tail.batches:
        facts = to_facts(table)
        for batch in tail.batches:
            facts = join_facts(facts, batch.facts)
        table = to_table(facts)
    return tails.keep_table(replace(place, end_row=tail.end_row), table)
