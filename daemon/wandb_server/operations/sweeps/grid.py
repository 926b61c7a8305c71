"""Every combination once, numbered from 0; the last parameter changes first."""

from collections.abc import Mapping
from math import prod

from wandb_server.model.json_value import Json
from wandb_server.operations.sweeps.parameters import Parameter, nested


def point_count(parameters: tuple[Parameter, ...]) -> int:
    """How many combinations there are. O(parameters), however many."""
    return prod(_count(parameter) for parameter in parameters)


def point_values(parameters: tuple[Parameter, ...], point: int) -> dict[str, Json]:
    """The combination with that number."""
    values: list[Json] = []
    for parameter in reversed(parameters):
        point, index = divmod(point, _count(parameter))
        values.append(parameter.distribution.grid_value(index))
    return nested(parameters, values[::-1])


def point_of(
    parameters: tuple[Parameter, ...], values: Mapping[str, Json]
) -> int | None:
    """The number of a combination; None: it is none of them."""
    point = 0
    for parameter in parameters:
        index = parameter.distribution.grid_index(parameter.of(values))
        if index is None:
            return None
        point = point * _count(parameter) + index
    return point


def _count(parameter: Parameter) -> int:
    count = parameter.distribution.grid_count
    assert count is not None, "checked when the config was read"
    return count
