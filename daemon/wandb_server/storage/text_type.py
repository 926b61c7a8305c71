"""Text columns that behave alike in every database.

| | SQLite | PostgreSQL |
|---|---|---|
| order and comparison | bytes of UTF-8 | bytes of UTF-8 (collation "C") |
| NUL inside | kept | stored as U+2400, the picture of NUL: it has no such text |
| lone surrogate | refused by the driver | stored as U+FFFD |

A question passes its values through the same door, so what was stored is found again.
"""

from typing import Any

from sqlalchemy import Dialect, String, types
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeEngine

NUL_PICTURE = "␀"


class Text(types.TypeDecorator[str]):
    """Unbounded text, compared byte by byte."""

    impl = types.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The database's own type, with the collation that sorts by bytes."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.TEXT(collation="C"))
        return dialect.type_descriptor(types.Text())

    def bind_processor(self, dialect: Dialect) -> Any:
        """None where texts go to the driver as they are: one call less per value."""
        if dialect.name != "postgresql":
            return None
        return super().bind_processor(dialect)

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """What the database can hold of a text."""
        if value is None or dialect.name != "postgresql":
            return value
        return storable(value)


def storable(text: str) -> str:
    """The text without NUL and without lone surrogates."""
    if "\0" in text:
        text = text.replace("\0", NUL_PICTURE)
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def is_text(kind: TypeEngine[Any]) -> bool:
    """Whether a column of this type holds text."""
    return isinstance(kind, Text | String)
