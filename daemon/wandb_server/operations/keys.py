"""Facts of metrics: summed up at compaction for segments, from memory for the tail."""

from collections.abc import Sequence

from sqlalchemy import Connection

from wandb_server.ingest.fact_tables import FactTable, from_plain, to_facts, to_table
from wandb_server.ingest.key_facts import join_facts
from wandb_server.operations.stores import Stores
from wandb_server.operations.tails import Tails
from wandb_server.storage import key_tables, listing


async def tables_of_runs(stores: Stores, ids: Sequence[int]) -> list[FactTable]:
    """Facts of each run, in the order of `ids`; absent runs are left out."""

    def question(db: Connection) -> list[FactTable]:
        marks = listing.marks_of_runs(db, ids)
        return [
            _table_of_run(stores.tails, db, run_id, *marks[run_id])
            for run_id in ids
            if run_id in marks
        ]

    return await stores.database.read(question)


def _table_of_run(
    tails: Tails, db: Connection, run_id: int, mark: int, end_row: int
) -> FactTable:
    kept = tails.table(run_id, mark, end_row)
    if kept is not None:
        return kept
    table = from_plain(key_tables.read_table(db, run_id))
    tail = tails.read(db, run_id, mark, end_row)
    if tail.batches:
        facts = to_facts(table)
        for batch in tail.batches:
            facts = join_facts(facts, batch.facts)
        table = to_table(facts)
    return tails.keep_table(run_id, mark, tail.end_row, table)
