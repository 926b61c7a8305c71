"""Reading a sweep's config: what is sought, how, and when to end.

The text comes from people, as YAML or JSON. What cannot be meant is refused with the
name of the field; what has no effect is a warning.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

import yaml

from wandb_server.errors import QueryError
from wandb_server.model.json_value import Json
from wandb_server.operations.sweeps.distributions import Choice, is_number
from wandb_server.operations.sweeps.hyperband import Hyperband, read_hyperband
from wandb_server.operations.sweeps.parameters import Parameter, read_parameters

CONFIG_CHARACTERS_MAX = 1_000_000
NODES_MAX = 200_000
"""Values of a config, those behind YAML's aliases counted wherever they are used."""
METHODS = ("grid", "random", "bayes")
GOALS = ("minimize", "maximize")
KNOWN_KEYS = (
    *("program", "entity", "project", "description", "name", "method", "metric"),
    *("parameters", "early_terminate", "command", "run_cap", "controller"),
    *("job", "image_uri", "scheduler", "launch", "settings", "prior_runs"),
)


@dataclass(frozen=True, slots=True)
class Metric:
    """What makes one run better than another."""

    name: str
    minimized: bool
    target: float | None = None
    """As good as this is good enough: the sweep ends."""

    def loss(self, value: float) -> float:
        """The value turned so that less is better."""
        return value if self.minimized else -value

    def reaches(self, value: float) -> bool:
        """Whether it is good enough."""
        return self.target is not None and self.loss(value) <= self.loss(self.target)


@dataclass(frozen=True, slots=True)
class SweepConfig:
    """A config that can be run."""

    method: str
    parameters: tuple[Parameter, ...]
    metric: Metric | None
    run_cap: int | None
    hyperband: Hyperband | None
    name: str | None
    description: str | None
    program: str | None
    warnings: tuple[str, ...]

    @property
    def is_grid(self) -> bool:
        """Every combination is tried once."""
        return self.method == "grid"

    def search_equals(self, other: "SweepConfig") -> bool:
        """Whether what was handed out so far means the same."""
        return (self.method, self.parameters) == (other.method, other.parameters)


def read_config(text: str) -> SweepConfig:
    """Parse and check.

    Raises:
        QueryError: naming the field that is at fault.
    """
    given = _parse(text)
    warnings = [_unknown(key) for key in given if key not in KNOWN_KEYS]
    controller = given.get("controller")
    if isinstance(controller, Mapping) and controller.get("type") == "local":
        raise QueryError(
            "controller",
            "this server hands out runs by itself and takes none from a controller on "
            "a client's machine; leave it out, with method grid, random or bayes",
        )
    method = given.get("method")
    if method not in METHODS:
        raise QueryError("method", f"{method!r} is none of grid, random, bayes")
    metric = _metric(given.get("metric"))
    reading = read_parameters(given.get("parameters"))
    parameters = tuple(reading.found)
    if method == "grid":
        _check_grid(parameters)
    if method == "bayes" and metric is None:
        raise QueryError("metric", "is missing: method bayes needs its name and goal")
    early = given.get("early_terminate")
    hyperband = None if early is None else read_hyperband(early)
    if hyperband is not None and metric is None:
        raise QueryError(
            "metric", "is missing: early_terminate needs its name and goal"
        )
    return SweepConfig(
        method=str(method),
        parameters=parameters,
        metric=metric,
        run_cap=_run_cap(given.get("run_cap")),
        hyperband=hyperband,
        name=_text(given, "name"),
        description=_text(given, "description"),
        program=_text(given, "program"),
        warnings=(*warnings, *reading.warnings),
    )


def _parse(text: str) -> Mapping[str, Json]:
    if len(text) > CONFIG_CHARACTERS_MAX:
        raise QueryError(
            "config", f"is longer than {CONFIG_CHARACTERS_MAX:,} characters"
        )
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        # Only plain values: the loader is a safe one.
        given = yaml.load(text, Loader=loader)
    except (yaml.YAMLError, ValueError) as error:
        place = " ".join(str(error).split())
        raise QueryError("config", f"is neither YAML nor JSON: {place}") from error
    except RecursionError as error:
        raise QueryError("config", "is nested too deeply") from error
    if not isinstance(given, Mapping):
        raise QueryError("config", "must be a mapping with method and parameters")
    if _Size().of(given) > NODES_MAX:
        raise QueryError("config", f"has more than {NODES_MAX:,} values")
    return given


class _Size:
    """Counts values; short texts that alias into many are not followed twice."""

    def __init__(self) -> None:
        self._known: dict[int, int | None] = {}

    def of(self, value: Json) -> int:
        if not isinstance(value, Mapping | list):
            return 1
        key = id(value)
        if key in self._known:
            known = self._known[key]
            if known is None:
                raise QueryError("config", "holds itself, by a YAML alias")
            return known
        self._known[key] = None
        parts = value.values() if isinstance(value, Mapping) else value
        size = 1 + sum(self.of(part) for part in parts)
        self._known[key] = size
        return size


def _unknown(key: str) -> str:
    near = difflib.get_close_matches(str(key), KNOWN_KEYS, 1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"{key} has no effect{hint}"


def _metric(given: Json) -> Metric | None:
    if given is None:
        return None
    if not isinstance(given, Mapping):
        raise QueryError("metric", "must be a mapping with name and goal")
    name, goal = given.get("name"), given.get("goal", "minimize")
    if not isinstance(name, str) or not name:
        raise QueryError("metric.name", "must name a metric that runs log")
    if goal not in GOALS:
        raise QueryError("metric.goal", f"{goal!r} is neither minimize nor maximize")
    target = given.get("target")
    if target is not None and not is_number(target):
        raise QueryError("metric.target", f"{target!r} is not a finite number")
    return Metric(name, goal == "minimize", target)


def _check_grid(parameters: tuple[Parameter, ...]) -> None:
    for parameter in parameters:
        place = "parameters." + ".parameters.".join(parameter.path)
        distribution = parameter.distribution
        if distribution.grid_count is None:
            raise QueryError(
                place,
                "has endlessly many values, so a grid would never end: give values, "
                "whole min and max, or distribution q_uniform with q; or use method "
                "random or bayes",
            )
        if isinstance(distribution, Choice) and distribution.weights:
            raise QueryError(
                f"{place}.probabilities", "mean nothing to a grid: it tries every value"
            )


def _run_cap(given: Json) -> int | None:
    if given is None:
        return None
    if type(given) is not int or not 1 <= given < 2**31:
        raise QueryError("run_cap", f"{given!r} must be a whole number, 1 or more")
    return given


def _text(given: Mapping[str, Json], key: str) -> str | None:
    value = given.get(key)
    return None if value is None or value == "" else str(value)
