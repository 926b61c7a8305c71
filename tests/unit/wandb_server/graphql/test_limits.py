"""Documents that are too deep or too dear are refused before they run."""

from typing import Any

import pytest
from graphql import get_operation_ast, parse
from wandb_server.errors import RequestRejected
from wandb_server.graphql.limits import check_weight
from wandb_server.settings import Limits

LIMITS = Limits(query_depth_max=5, query_cost_max=1000, page_items_max=100)


def check(text: str, variables: dict[str, Any] | None = None) -> None:
    document = parse(text)
    operation = get_operation_ast(document)
    assert operation is not None
    check_weight(document, operation, variables or {}, LIMITS)


def test_an_ordinary_document_passes() -> None:
    check("{ project { runs(first: 50) { edges { node { id name } } } } }")


def test_a_deep_document_is_refused_with_its_depth() -> None:
    with pytest.raises(RequestRejected, match="6 levels deep, at most 5"):
        check("{ a { b { c { d { e { f } } } } } }")


def test_lists_multiply_what_is_below() -> None:
    with pytest.raises(RequestRejected, match="asks for 10101 fields"):
        check("{ a(first: 100) { b(last: 100) { c } } }")


def test_counts_in_variables_are_seen() -> None:
    text = "query ($n: Int) { a(first: $n) { b(first: $n) { c } } }"

    check(text, {"n": 10})
    with pytest.raises(RequestRejected):
        check(text, {"n": 100})


def test_counts_beyond_a_page_weigh_as_a_page() -> None:
    check("{ a(first: 1000000000) { b } }")


def test_nested_fragments_are_counted_without_taking_long() -> None:
    """Goal: 2**60 fields are refused at once. Each fragment spreads the next twice."""
    fragments = "\n".join(
        f"fragment F{n} on T {{ ...F{n + 1} ...F{n + 1} }}" for n in range(60)
    )

    with pytest.raises(RequestRejected, match="fields"):
        check("{ ...F0 }\n" + fragments + "\nfragment F60 on T { x }")
