"""Batches reach DuckDB one by one, and what goes wrong while they are made is told."""

from collections.abc import Iterator

import duckdb
import nanoarrow
import numpy as np
import pytest
from wandb_server.storage.arrow_stream import ArrayExport, ArrowStream

SCHEMA = nanoarrow.c_schema(nanoarrow.struct({"x": nanoarrow.int64()}))
ROWS = 3000


def batch(first: int) -> ArrayExport:
    values = np.arange(first, first + ROWS)
    column = nanoarrow.c_array_from_buffers(nanoarrow.int64(), ROWS, [None, values])
    made: ArrayExport = nanoarrow.c_array_from_buffers(
        SCHEMA, ROWS, [None], children=[column]
    )
    return made


def test_all_batches_arrive_in_order() -> None:
    with duckdb.connect() as connection:
        batches = (batch(first) for first in range(0, 10 * ROWS, ROWS))
        connection.register("rows", ArrowStream(SCHEMA, batches))

        found = connection.execute("SELECT x FROM rows").fetchall()

    assert [row[0] for row in found] == list(range(10 * ROWS))


def test_a_batch_is_made_when_the_ones_before_are_taken() -> None:
    made = []

    def batches() -> Iterator[ArrayExport]:
        for first in range(0, 1000 * ROWS, ROWS):
            made.append(first)
            yield batch(first)

    with duckdb.connect() as connection:
        connection.register("rows", ArrowStream(SCHEMA, batches()))

        connection.execute("SELECT x FROM rows LIMIT 1").fetchall()

    assert 0 < len(made) < 1000


def test_an_error_in_between_fails_the_statement_and_is_kept() -> None:
    def batches() -> Iterator[ArrayExport]:
        yield batch(0)
        raise LookupError("no more")

    with duckdb.connect() as connection:
        stream = ArrowStream(SCHEMA, batches())
        connection.register("rows", stream)

        with pytest.raises(duckdb.Error):
            connection.execute("SELECT sum(x) FROM rows").fetchall()

    assert isinstance(stream.error, LookupError)


def test_no_batch_is_an_empty_table() -> None:
    with duckdb.connect() as connection:
        connection.register("rows", ArrowStream(SCHEMA, iter(())))

        assert connection.execute("SELECT count(*) FROM rows").fetchall() == [(0,)]
