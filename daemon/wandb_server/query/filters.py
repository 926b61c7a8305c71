"""Filters of runs as the public API sends them: MongoDB-like objects.

```
{"$and": [{"config.lr": {"$gt": 0.1}}, {"state": {"$in": ["finished", "running"]}}]}
```

Both spellings of every attribute are read (`display_name`, `displayName`;
`summary_metrics.loss`, `summaryMetrics.loss`; `config.lr`, `config.lr.value`). Times
are seconds or ISO 8601 text. On `tags` equality means "contains". An absent value is
not equal to anything and not smaller or greater than anything; `$ne` and `$nin` are
true for it.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from wandb_server.conditions import (
    AllOf,
    AnyOf,
    Attribute,
    Comparison,
    Condition,
    Not,
    Operator,
    Scalar,
)
from wandb_server.errors import QueryError
from wandb_server.model.json_value import Json

CONDITIONS_COUNT_MAX = 200
DEPTH_MAX = 20
VALUES_COUNT_MAX = 10_000
PATTERN_CHARACTERS_MAX = 500

_COLUMNS = {
    "name": "name",
    "id": "name",
    "display_name": "display_name",
    "state": "state",
    "group": "group_name",
    "job_type": "job_type",
    "notes": "notes",
    "description": "notes",
    "username": "user_name",
    "user.username": "user_name",
    "user.name": "user_name",
    "created_at": "created_at",
    "heartbeat_at": "heartbeat_at",
    "updated_at": "heartbeat_at",
    "finished_at": "finished_at",
    "duration": "duration",
    "runtime": "duration",
    "sweep": "sweep",
    "sweep_name": "sweep",
    "host": "host",
    "commit": "commit",
    "repo": "repo",
    "program": "program",
    "exit_code": "exit_code",
    "history_line_count": "history_line_count",
    "last_step": "last_step",
}
_TIMES = ("created_at", "heartbeat_at", "finished_at")
_SECTIONS = {
    "config": "config",
    "summary_metrics": "summary",
    "summary": "summary",
}
_COMPARED: dict[str, Operator] = {
    "$gt": "gt",
    "$gte": "gte",
    "$lt": "lt",
    "$lte": "lte",
}
_BEHIND: dict[str, Operator] = {"$gt": "gte", "$lte": "lt"}
"""The same two, counted from the end of the second that was named."""


def parse_filters(filters: Json) -> Condition:
    """The condition that a filter object states; None and {} are always true.

    Raises:
        QueryError: an unknown attribute or operator, a value that cannot be
            compared, or more than the limits above.
    """
    return _Parser().parse("filters", filters, 0)


def parse_attribute(name: str, part: str) -> Attribute:
    """The attribute called `name`, in either spelling.

    Raises:
        QueryError: there is none.
    """
    head, _, rest = name.partition(".")
    section = _SECTIONS.get(_snake(head))
    if section is not None and rest:
        keys = _config_keys(rest) if section == "config" else (rest,)
        return Attribute("config" if section == "config" else "summary", keys)
    plain = _snake(name)
    if plain in ("tags", "tag"):
        return Attribute("tag", ("tag",))
    column = _COLUMNS.get(plain)
    if column is None:
        raise QueryError(part, f"there is no attribute {name!r} to filter or sort by")
    return Attribute("run", (column,))


class _Parser:
    """One filter; counts its conditions."""

    def __init__(self) -> None:
        self._count = 0

    def parse(self, part: str, filters: Json, depth: int) -> Condition:
        if filters is None:
            return AllOf(())
        if not isinstance(filters, Mapping):
            raise QueryError(part, "must be an object")
        if depth > DEPTH_MAX:
            raise QueryError(part, f"is nested deeper than {DEPTH_MAX}")
        return AllOf(
            tuple(
                self._entry(f"{part}.{name}", str(name), value, depth)
                for name, value in filters.items()
            )
        )

    def _entry(self, part: str, name: str, value: Json, depth: int) -> Condition:
        self._count += 1
        if self._count > CONDITIONS_COUNT_MAX:
            raise QueryError(part, f"more than {CONDITIONS_COUNT_MAX} conditions")
        if name in ("$and", "$or", "$nor"):
            if not isinstance(value, list | tuple):
                raise QueryError(part, "must be a list of filters")
            parts = tuple(
                self.parse(f"{part}[{index}]", item, depth + 1)
                for index, item in enumerate(value)
            )
            if name == "$and":
                return AllOf(parts)
            # An empty $or states nothing, as an empty filter does.
            either = AnyOf(parts) if parts or name == "$nor" else AllOf(())
            return Not(either) if name == "$nor" else either
        if name == "$not":
            return Not(self.parse(part, value, depth + 1))
        if name.startswith("$"):
            raise QueryError(part, f"unknown operator {name}")
        return self._tests(part, parse_attribute(name, part), value, depth)

    def _tests(
        self, part: str, attribute: Attribute, value: Json, depth: int
    ) -> Condition:
        if not isinstance(value, Mapping):
            return _equal(attribute, value, part)
        if depth > DEPTH_MAX:
            raise QueryError(part, f"is nested deeper than {DEPTH_MAX}")
        if not value or not all(str(name).startswith("$") for name in value):
            raise QueryError(part, "compares with an object; use dotted names")
        tests = []
        for operator, operand in value.items():
            self._count += 1
            tests.append(
                self._test(f"{part}.{operator}", attribute, operator, operand, depth)
            )
        return tests[0] if len(tests) == 1 else AllOf(tuple(tests))

    def _test(
        self, part: str, attribute: Attribute, operator: str, value: Json, depth: int
    ) -> Condition:
        if operator == "$not":
            return Not(self._tests(part, attribute, value, depth + 1))
        if operator in _COMPARED:
            bound = _scalar(attribute, value, part)
            if bound is None:
                raise QueryError(part, "cannot compare with null")
            if operator in _BEHIND and _is_whole_second(attribute, value):
                assert isinstance(bound, float)
                return Comparison(attribute, _BEHIND[operator], bound + 1, part)
            return Comparison(attribute, _COMPARED[operator], bound, part)
        read = _OPERATORS.get(operator)
        if read is None:
            raise QueryError(part, f"unknown operator {operator}")
        return read(attribute, value, part)


def _equal(attribute: Attribute, value: Json, part: str) -> Condition:
    if isinstance(value, list | tuple):
        if attribute.section == "tag":
            return AllOf(tuple(_equal(attribute, item, part) for item in value))
        return _any_of(attribute, value, part)
    if value is None:
        missing = Not(Comparison(attribute, "exists", True, part))
        if attribute.section in ("run", "tag"):
            return missing
        return AnyOf((missing, Comparison(attribute, "eq", None, part)))
    scalar = _scalar(attribute, value, part)
    if _is_whole_second(attribute, value):
        assert isinstance(scalar, float)
        begins = Comparison(attribute, "gte", scalar, part)
        return AllOf((begins, Comparison(attribute, "lt", scalar + 1, part)))
    return Comparison(attribute, "eq", scalar, part)


def _is_whole_second(attribute: Attribute, value: Json) -> bool:
    """Times are told to clients without fractions: such a text means its second."""
    if attribute.section != "run" or attribute.names[0] not in _TIMES:
        return False
    return isinstance(value, str) and ":" in value and "." not in value


def _any_of(attribute: Attribute, value: Json, part: str) -> Condition:
    if not isinstance(value, list | tuple):
        raise QueryError(part, "must be a list of values")
    if len(value) > VALUES_COUNT_MAX:
        raise QueryError(part, f"more than {VALUES_COUNT_MAX} values")
    if any(_is_whole_second(attribute, item) for item in value):
        return AnyOf(tuple(_equal(attribute, item, part) for item in value))
    given = tuple(_scalar(attribute, item, part) for item in value if item is not None)
    present = Comparison(attribute, "eq", given, part)
    if len(given) == len(value):
        return present
    return AnyOf((present, _equal(attribute, None, part)))


def _exists(attribute: Attribute, value: Json, part: str) -> Condition:
    there = Comparison(attribute, "exists", True, part)
    return there if value else Not(there)


def _matches(attribute: Attribute, value: Json, part: str) -> Condition:
    if not isinstance(value, str) or len(value) > PATTERN_CHARACTERS_MAX:
        raise QueryError(
            part, f"must be a pattern of at most {PATTERN_CHARACTERS_MAX} characters"
        )
    return Comparison(attribute, "regex", value, part)


_OPERATORS: dict[str, Callable[[Attribute, Json, str], Condition]] = {
    "$eq": _equal,
    "$ne": lambda attribute, value, part: Not(_equal(attribute, value, part)),
    "$in": _any_of,
    "$nin": lambda attribute, value, part: Not(_any_of(attribute, value, part)),
    "$exists": _exists,
    "$regex": _matches,
}


def _scalar(attribute: Attribute, value: Json, part: str) -> Scalar:
    if not isinstance(value, str | int | float | bool | None):
        raise QueryError(part, "must be a text, number, boolean or null")
    if attribute.section == "run" and attribute.names[0] in _TIMES:
        return _seconds(value, part)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**63:
        return float(value) if abs(value) < 2**1000 else float("inf")
    return value


def _seconds(value: Json, part: str) -> float | None:
    if value is None or (
        isinstance(value, int | float) and not isinstance(value, bool)
    ):
        return None if value is None else float(value)
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise QueryError(
            part, "must be seconds or a time like 2026-11-20T17:48:41Z"
        ) from (error)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _config_keys(rest: str) -> tuple[str, ...]:
    """`lr` and `lr.value` are one; so are `a.b` and `a.value.b`."""
    parts = rest.split(".")
    without = [
        ".".join(parts[:index] + parts[index + 1 :])
        for index in (1, len(parts) - 1)
        if 0 < index < len(parts) and parts[index] == "value"
    ]
    return tuple(dict.fromkeys([rest, *without]))


def _snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name)
