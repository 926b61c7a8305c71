"""Proposals that learn from what was tried: a tree-structured Parzen estimator.

Optuna makes them (decision 0022). Parameters are told to it as what they are on a
scale from 0 to 1 of their distribution, so that all of them can be searched, and it
tries what the distribution makes likely more often until it knows better.
"""

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from wandb_server.errors import QueryError
from wandb_server.model.json_value import Json
from wandb_server.operations.sweeps.distributions import Choice, Continuous, IntUniform
from wandb_server.operations.sweeps.parameters import Parameter, nested

OBSERVATIONS_MAX = 1_000
"""The newest are looked at; a proposal from so many takes about 50 ms."""
RANDOM_RUNS = 10
"""So many are drawn at random before anything is learned."""
U_MIN = 1e-6


@dataclass(frozen=True, slots=True)
class Observation:
    """What was tried, and how it went."""

    values: Mapping[str, Json]
    loss: float | None
    """Less is better; None: still running, or it ended without a finite value."""
    ended: bool


def require_library() -> None:
    """Whether proposals can be made here.

    Raises:
        QueryError: they cannot; it says what to install.
    """
    if importlib.util.find_spec("optuna") is None:
        raise QueryError(
            "method",
            "bayes needs packages that this server does not have; install them where "
            "the server runs: pip install 'wandb[sweeps]'; or use method random",
        )


def propose(
    parameters: tuple[Parameter, ...],
    observations: Sequence[Observation],
    seed: int,
) -> dict[str, Json]:
    """The next combination. Takes tens of milliseconds: not for the event loop.

    Runs that are running count as bad where they are, so that agents at the same time
    do not all try the same place. Ended without a value: as bad as the worst.
    """
    optuna = _library()
    scales = {one.name: _scale(one) for one in parameters}
    sampler = optuna.samplers.TPESampler(
        n_startup_trials=RANDOM_RUNS, multivariate=True, constant_liar=True, seed=seed
    )
    study = optuna.create_study(sampler=sampler)
    study.add_trials(list(_trials(parameters, observations, scales)))
    asked = study.ask(scales).params
    return nested(parameters, [_value(one, asked[one.name]) for one in parameters])


def _trials(
    parameters: tuple[Parameter, ...],
    observations: Sequence[Observation],
    scales: Mapping[str, Any],
) -> Sequence[Any]:
    optuna = _library()
    newest = observations[-OBSERVATIONS_MAX:]
    worst = max((one.loss for one in newest if one.loss is not None), default=None)
    trials = []
    for one in newest:
        placed = {known.name: _place(known, one.values) for known in parameters}
        loss = one.loss if one.loss is not None or not one.ended else worst
        if None in placed.values() or (loss is None and one.ended):
            continue  # nothing can be learned from it
        state = optuna.trial.TrialState.COMPLETE if one.ended else None
        trials.append(
            optuna.trial.create_trial(
                params=placed,
                distributions=dict(scales),
                value=loss if one.ended else None,
                state=state or optuna.trial.TrialState.RUNNING,
            )
        )
    return trials


def _scale(parameter: Parameter) -> Any:
    kinds, distribution = _library().distributions, parameter.distribution
    if isinstance(distribution, Choice):
        return kinds.CategoricalDistribution(range(len(distribution.values)))
    if isinstance(distribution, IntUniform):
        return kinds.IntDistribution(distribution.low, distribution.high)
    return kinds.FloatDistribution(U_MIN, 1 - U_MIN)


def _place(parameter: Parameter, values: Mapping[str, Json]) -> Any:
    distribution, value = parameter.distribution, parameter.of(values)
    if isinstance(distribution, Choice):
        return distribution.grid_index(value)
    if isinstance(distribution, IntUniform):
        return value if distribution.grid_index(value) is not None else None
    u = distribution.position(value)
    return None if u is None else min(max(u, U_MIN), 1 - U_MIN)


def _value(parameter: Parameter, asked: Any) -> Json:
    distribution = parameter.distribution
    if isinstance(distribution, Choice):
        return distribution.values[asked]
    if isinstance(distribution, Continuous):
        return distribution.at(asked)
    return asked


@lru_cache(maxsize=1)
def _library() -> Any:
    import optuna

    # Each proposal would be a line on the server's log.
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna
