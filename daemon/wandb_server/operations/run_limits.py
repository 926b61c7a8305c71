"""What a run may be called and what its config and summary must be.

PostgreSQL refuses index entries of more than 2,704 bytes, so every name that is looked
up by has a limit: refused in words, it is not sent again and again.
"""

import asyncio

from wandb_proto import json_codec

from wandb_server.errors import QueryError
from wandb_server.model.runs import RunUpsert

NAME_CHARACTERS_MAX = 512
"""At most 2,048 bytes of UTF-8."""
INLINE_CHARACTERS = 128 * 1024
"""Reading this much JSON takes about a millisecond: beyond, a thread does it."""


def check_name(name: str, part: str) -> None:
    """Raises:
    QueryError: `name` is longer than is stored.
    """
    if len(name) > NAME_CHARACTERS_MAX:
        raise QueryError(
            part,
            f"{name[:20]!r}… has {len(name)} characters, "
            f"at most {NAME_CHARACTERS_MAX} are stored",
        )


async def check_texts(upsert: RunUpsert) -> None:
    """Raises:
    QueryError: config or summary is no JSON object; nobody could read it again.
    """
    texts = (("config", upsert.config_json), ("summaryMetrics", upsert.summary_json))
    for part, text in texts:
        if text is None:
            continue
        if len(text) > INLINE_CHARACTERS:
            await asyncio.to_thread(_check_object, text, part)
        else:
            _check_object(text, part)


def _check_object(text: str, part: str) -> None:
    try:
        document = json_codec.loads(text)
    except (ValueError, RecursionError) as error:
        raise QueryError(part, f"is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise QueryError(part, "must be a JSON object")
