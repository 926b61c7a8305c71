"""The tables of Parquet files that readers of the official client fetch.

```
runs ── history_parts ──► objects    consecutive lines of a history as one file
history_part_names                   whose files a client may have kept, by its name
```

A client keeps a file under the names of entity, project and run and the file's number,
and never asks whether it changed. So neither may a file ever hold other rows, nor may
another run of the same name ever have files.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    Table,
)

from wandb_server.storage.id_type import Id
from wandb_server.storage.schema import metadata
from wandb_server.storage.text_type import Text

history_parts = Table(
    "history_parts",
    metadata,
    Column("run_id", Id, ForeignKey("runs.id"), primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    # Lines of the history below `end_line` that no earlier part has.
    Column("end_line", BigInteger, nullable=False),
    # Row of the history's first line: another one when the run was rewound.
    Column("first_row", BigInteger, nullable=False),
    # False: its lines cannot be said in a file, so the run has no files at all.
    Column("fit", Boolean(create_constraint=False), nullable=False),
    Column("step_max", BigInteger),
    # JSON list of all columns but `_step`.
    Column("keys", LargeBinary, nullable=False),
    # None: nobody asked for so long that the file was deleted; it can be made again.
    Column("object_id", Id, ForeignKey("objects.id")),
    Column("used_at", Float, nullable=False, index=True),
    sqlite_with_rowid=False,
)

history_part_names = Table(
    "history_part_names",
    metadata,
    Column("name", Text, primary_key=True),
    # 0: nobody's any more. No foreign key: the name outlives its run.
    Column("run_id", Id, nullable=False, index=True),
    sqlite_with_rowid=False,
)

HISTORY_PART_TABLES = (history_parts, history_part_names)
