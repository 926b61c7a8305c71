"""Where a page of runs ended: opaque text around the sort values of its last run."""

import base64
import binascii
from collections.abc import Sequence

from wandb_proto import json_codec

from wandb_server.conditions import Scalar
from wandb_server.errors import QueryError

CURSOR_CHARACTERS_MAX = 16 * 1024


def write_cursor(order: str, values: Sequence[Scalar]) -> str:
    """A cursor behind the run that has these sort values (its id is the last)."""
    text = json_codec.dumps([order, *values])
    return base64.urlsafe_b64encode(text).decode()


def read_cursor(order: str, cursor: str, value_count: int) -> list[Scalar]:
    """The sort values.

    Raises:
        QueryError: not a cursor of a question with this order.
    """
    try:
        if len(cursor) > CURSOR_CHARACTERS_MAX:
            raise ValueError("too long")
        values = json_codec.loads(base64.urlsafe_b64decode(cursor.encode()))
    except (ValueError, binascii.Error, RecursionError) as error:
        raise QueryError("after", "is not a cursor of ours") from error
    plain = isinstance(values, list) and all(
        isinstance(value, str | int | float | bool | None) for value in values
    )
    if not plain or len(values) != value_count + 1 or values[0] != order:
        raise QueryError("after", "is not a cursor of this question")
    return list(values[1:])
