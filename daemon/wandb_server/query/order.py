"""How runs are sorted: `+attr`, `attr` ascending, `-attr` descending, commas."""

from wandb_server.conditions import OrderTerm
from wandb_server.errors import QueryError
from wandb_server.query.filters import parse_attribute

TERMS_COUNT_MAX = 8
DEFAULT = "+created_at"


def parse_order(order: str | None) -> tuple[OrderTerm, ...]:
    """The terms in order of weight; nothing given means oldest first.

    Raises:
        QueryError: an unknown attribute, or too many.
    """
    texts = [text.strip() for text in (order or DEFAULT).split(",") if text.strip()]
    if len(texts) > TERMS_COUNT_MAX:
        raise QueryError("order", f"more than {TERMS_COUNT_MAX} attributes")
    return tuple(_parse_term(text) for text in texts or [DEFAULT])


def _parse_term(text: str) -> OrderTerm:
    attribute = parse_attribute(text.lstrip("+-"), f"order {text}")
    if attribute.section == "tag":
        raise QueryError(f"order {text}", "runs cannot be sorted by tags")
    return OrderTerm(attribute, descending=text.startswith("-"))
