"""Every parameter drawn by itself."""

from random import Random

from wandb_server.model.json_value import Json
from wandb_server.operations.sweeps.parameters import Parameter, nested


def draw(parameters: tuple[Parameter, ...], rng: Random) -> dict[str, Json]:
    """One combination."""
    return nested(parameters, [one.distribution.sample(rng) for one in parameters])
