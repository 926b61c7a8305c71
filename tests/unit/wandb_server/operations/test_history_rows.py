"""Rows read back against the slow, obvious way, however they lie in segments."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wandb_server.model.file_stream import FileChunk
from wandb_server.query.sampling import sample_evenly

HISTORY = "wandb-history.jsonl"


@given(
    pieces=st.lists(
        st.tuples(st.integers(0, 60), st.integers(1, 25), st.sampled_from([0, 1, 2])),
        min_size=1,
        max_size=6,
    ),
    window=st.tuples(st.none() | st.integers(0, 80), st.none() | st.integers(0, 90)),
    key=st.sampled_from([(), ("a",), ("a", "n.b")]),
    samples=st.none() | st.integers(0, 40),
)
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_rows_equal_the_reference(
    desk: Any, pieces: Any, window: Any, key: tuple[str, ...], samples: int | None
) -> None:
    """Pieces of rising, falling or equal steps, each posted at once."""
    name = f"r{len(desk.lines)}"
    desk.lines[name, ""] = 0
    await desk.start(name)
    rows: list[dict[str, Any]] = []
    for first, count, kind in pieces:
        for at in range(count):
            step = first + (at if kind == 0 else -at if kind == 1 else 0)
            row: dict[str, Any] = {"_step": max(step, 0), "at": len(rows)}
            if len(rows) % 3:
                row["a"] = None
            if len(rows) % 2:
                row["n"] = {"b": 1}
            rows.append(row)
        texts = tuple(json.dumps(row) for row in rows[-count:])
        chunk = FileChunk(HISTORY, len(rows) - count, (*texts,))
        await desk.post(name, chunks=(chunk,))
        await desk.archive.compact()
    low, high = window
    wanted = [
        row
        for row in sorted(rows, key=lambda row: (row["_step"], row["at"]))
        if (low is None or row["_step"] >= low)
        and (high is None or row["_step"] < high)
        and all(part.partition(".")[0] in row for part in key)
    ]
    kept = [wanted[at] for at in sample_evenly(len(wanted), samples).tolist()]

    found = await desk.archive.history_rows(
        await desk.run(name), min_step=low, max_step=high, keys=key, samples=samples
    )

    assert [json.loads(text) for text in found] == kept
