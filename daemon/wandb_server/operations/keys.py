"""Facts of metrics: summed up at compaction for segments, from memory for the tail."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from wandb_server.ingest.key_facts import KeyFacts, from_plain, join_facts
from wandb_server.model import MetricKey
from wandb_server.operations.stores import Stores
from wandb_server.storage import key_tables, runs

Facts = Mapping[str, KeyFacts]


async def facts_of_runs(stores: Stores, ids: Sequence[int]) -> list[Facts]:
    """Facts by key of each run, in the order of `ids`; absent runs are left out."""

    def question(db: Connection) -> list[Facts]:
        return [
            facts
            for run_id in ids
            if (facts := _facts_of_run(stores, db, run_id)) is not None
        ]

    return await stores.database.read(question)


def join_runs(runs_facts: Sequence[Facts]) -> list[MetricKey]:
    """The union of several runs' keys, by name; the last run says the last value."""
    counted: dict[str, tuple[dict[str, int], bool, object, int]] = {}
    for facts in runs_facts:
        for key, fact in facts.items():
            known = counted.get(key)
            if known is None:
                counted[key] = (dict(fact.types), fact.monotonic, fact.last, 1)
                continue
            types = known[0]
            for name, count in fact.types.items():
                types[name] = types.get(name, 0) + count
            counted[key] = (types, known[1] and fact.monotonic, fact.last, known[3] + 1)
    return [MetricKey(key, *counted[key]) for key in sorted(counted)]


def _facts_of_run(stores: Stores, db: Connection, run_id: int) -> Facts | None:
    run = runs.find_run_by_id(db, run_id)
    if run is None:
        return None
    mark = run["segment_mark"]
    tail = stores.tails.read(db, run_id, mark, run["next_row"])
    facts: Facts = {}
    if mark:
        stored = stores.tails.stored_facts(run_id, mark)
        if stored is None:
            stored = from_plain(key_tables.read_table(db, run_id))
            stores.tails.keep_facts(run_id, mark, stored)
        facts = stored
    for batch in tail.batches:
        facts = join_facts(facts, batch.facts) if facts else batch.facts
    return facts
