"""`wandb.JoinedTable`: two tables shown as one, joined by a key."""

from typing import TYPE_CHECKING, Any, ClassVar

from wandb.sdk.data_types.base_types.media import Media, is_artifact
from wandb.sdk.data_types.column_types import ColumnType, MediaType
from wandb.sdk.data_types.table import Table

if TYPE_CHECKING:
    from wandb.sdk.wandb_run import Run


class _ArtifactTable(Media):
    """Tables that are only an artifact: the row names it; the run has no file."""

    def __init__(self) -> None:
        super().__init__()
        self._run_id = ""
        self._paths: dict[str, str] = {}

    def bind_to_run(
        self, run: "Run", key: str, step: int | str, id_: Any = None
    ) -> None:
        """Log the artifact, once per run.

        Raises:
            OSError: it cannot be written.
        """
        from wandb.sdk.data_types.table_log import log_value

        if self._run_id != run.id:
            paths = log_value(run, self, key, key)
            self._paths = {"artifact_path": paths["artifact_path"]}
            self._run_id = run.id

    def to_json(self, run_or_artifact: Any) -> dict[str, Any]:
        """The object for a row, or for an artifact."""
        if is_artifact(run_or_artifact):
            return self._parts(run_or_artifact)
        return {"_type": self._log_type, **self._paths}

    def column_type(self) -> ColumnType:
        """The type of a cell that holds it."""
        return MediaType(self._log_type)

    def _parts(self, artifact: Any) -> dict[str, Any]:
        raise TypeError(f"{type(self).__name__} has no parts: {artifact}")

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = object.__hash__


class JoinedTable(_ArtifactTable):
    """Two tables, or names of table files in an artifact, and the column they share."""

    _log_type: ClassVar[str] = "joined-table"

    def __init__(self, table1: Any, table2: Any, join_key: Any) -> None:
        """join_key: a column of both, or a list [column of the first, of the second].

        Raises:
            ValueError: an argument that cannot be; the text names it.
        """
        super().__init__()
        is_pair = isinstance(join_key, list | tuple) and len(join_key) == 2
        if not isinstance(join_key, str) and not is_pair:
            raise ValueError(
                "JoinedTable join_key should be a string or a list of two strings"
            )
        for name, table in (("table1", table1), ("table2", table2)):
            if not _is_table(table):
                raise ValueError(
                    f"JoinedTable {name} should be an artifact path to a table or "
                    "wandb.Table object"
                )
        self._table1, self._table2 = table1, table2
        self._join_key = join_key

    def _parts(self, artifact: Any) -> dict[str, Any]:
        return {
            "_type": self._log_type,
            "table1": self._add_table(artifact, self._table1, "t1"),
            "table2": self._add_table(artifact, self._table2, "t2"),
            "join_key": self._join_key,
        }

    def _add_table(self, artifact: Any, table: Any, name: str) -> str:
        if isinstance(table, str):
            return table
        if isinstance(table, Table | PartitionedTable):
            return str(artifact.add(table, f"{name}_{id(self)}").path)
        return str(artifact.add_reference(table.ref_url(), name)[0].path)

    @classmethod
    def from_json(cls, json_obj: dict[str, Any], source_artifact: Any) -> "JoinedTable":
        """The tables of an artifact, loaded."""
        tables = []
        for name in ("table1", "table2"):
            found = source_artifact.get(json_obj[name])
            tables.append(json_obj[name] if found is None else found)
        return cls(tables[0], tables[1], json_obj["join_key"])


class PartitionedTable(_ArtifactTable):
    """A table in parts: all `*.table.json` below a directory of the artifact."""

    _log_type: ClassVar[str] = "partitioned-table"

    def __init__(self, parts_path: str) -> None:
        """parts_path: the directory in the artifact."""
        super().__init__()
        self.parts_path = parts_path
        self._parts_found: list[tuple[str, Table]] = []

    def _parts(self, artifact: Any) -> dict[str, Any]:
        return {"_type": self._log_type, "parts_path": self.parts_path}

    def iterrows(self) -> Any:
        """(index, row) over all parts, in the order of their names; then `columns`.

        Raises:
            ValueError: it does not come from an artifact, or parts differ in columns.
        """
        if not self._parts_found:
            raise ValueError("the parts are known only after artifact.get()")
        number = 0
        columns = self._parts_found[0][1].columns
        for name, part in self._parts_found:
            if part.columns != columns:
                raise ValueError(
                    f"{name} has the columns {part.columns}, not {columns}"
                )
            for _, row in part.iterrows():
                yield number, row
                number += 1

    @classmethod
    def from_json(
        cls, json_obj: dict[str, Any], source_artifact: Any
    ) -> "PartitionedTable":
        """The table with its parts, loaded."""
        made = cls(json_obj["parts_path"])
        prefix = made.parts_path.rstrip("/") + "/"
        for name in sorted(source_artifact.manifest.entries):
            if name.startswith(prefix) and name.endswith(".table.json"):
                part = source_artifact.get(name)
                if isinstance(part, Table):
                    made._parts_found.append((name, part))
        return made


def _is_table(value: Any) -> bool:
    if isinstance(value, str):
        return value.endswith(".table.json")
    return hasattr(value, "ref_url") or isinstance(value, Table | PartitionedTable)
