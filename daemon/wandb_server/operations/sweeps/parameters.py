"""Reading the `parameters` of a sweep's config.

```
parameters:
  lr: {min: 0.1, max: 1}             ► ("lr",)           Continuous(Uniform(0.1, 1))
  model:
    parameters:
      depth: {values: [2, 4]}        ► ("model", "depth") Choice((2, 4))
```
"""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from wandb_server.errors import QueryError
from wandb_server.model.json_value import Json
from wandb_server.operations.sweeps.distributions import (
    Beta,
    Choice,
    Continuous,
    Distribution,
    Exponential,
    IntUniform,
    Normal,
    Number,
    Shape,
    Uniform,
    is_number,
)

PARAMETERS_MAX = 1_000
DEPTH_MAX = 20
EXPONENT_MAX = 700
"""e to the power of more is no number."""
WHOLE_MAX = 2**53


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value that a sweep chooses; `path` leads to it through nested ones."""

    path: tuple[str, ...]
    distribution: Distribution

    @property
    def name(self) -> str:
        """For messages: `model.depth`."""
        return ".".join(self.path)

    def of(self, values: Mapping[str, Json]) -> Json:
        """Its value in a nested mapping; None where there is none."""
        found: Json = values
        for key in self.path:
            found = found.get(key) if isinstance(found, Mapping) else None
        return found


def nested(parameters: tuple[Parameter, ...], values: list[Json]) -> dict[str, Json]:
    """Values in the order of the parameters ► `{"lr": 0.1, "model": {"depth": 2}}`."""
    found: dict[str, Json] = {}
    for parameter, value in zip(parameters, values, strict=True):
        place = found
        for key in parameter.path[:-1]:
            place = place.setdefault(key, {})
        place[parameter.path[-1]] = value
    return found


@dataclass(slots=True)
class Reading:
    """What was found so far, and what looks like a mistake."""

    found: list[Parameter] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def read_parameters(given: Json) -> Reading:
    """All parameters, in the order in which they stand.

    Raises:
        QueryError: naming the field that is at fault.
    """
    reading = Reading()
    _read_level(given, (), reading)
    return reading


def _read_level(given: Json, path: tuple[str, ...], reading: Reading) -> None:
    part = ".".join(("parameters", *(f"{key}.parameters" for key in path)))
    if not isinstance(given, Mapping) or not given:
        raise QueryError(part, "must name at least one parameter")
    if len(path) >= DEPTH_MAX:
        raise QueryError(part, f"is nested more than {DEPTH_MAX} levels deep")
    for key, spec in given.items():
        here = (*path, str(key))
        if not isinstance(spec, Mapping):
            raise QueryError(
                f"{part}.{key}",
                "must be a mapping such as {value: 1}, {values: [1, 2]} or "
                "{min: 0, max: 1}",
            )
        if "parameters" in spec:
            _read_level(spec["parameters"], here, reading)
            continue
        if len(reading.found) >= PARAMETERS_MAX:
            raise QueryError(part, f"more than {PARAMETERS_MAX} parameters")
        one = _Spec(f"{part}.{key}", spec, reading.warnings)
        reading.found.append(Parameter(here, one.read()))


@dataclass(frozen=True, slots=True)
class _Spec:
    """What was written about one parameter."""

    part: str
    given: Mapping[str, Json]
    warnings: list[str]

    def read(self) -> Distribution:
        kind = self._kind()
        reader = _READERS.get(kind)
        if reader is None:
            raise QueryError(
                f"{self.part}.distribution",
                f"{kind!r} is none of {', '.join(_READERS)}",
            )
        read, known = reader
        for key in self.given:
            if key not in (*known, "distribution"):
                self.warnings.append(
                    f"{self.part}.{key} has no effect: {kind} knows {', '.join(known)}"
                )
        return read(self)

    def _kind(self) -> str:
        given = self.given
        if "distribution" in given:
            return str(given["distribution"])
        if "values" in given:
            return "categorical"
        if "value" in given:
            return "constant"
        if "min" in given and "max" in given:
            whole = all(type(given[end]) is int for end in ("min", "max"))
            return "int_uniform" if whole else "uniform"
        if "mu" in given or "sigma" in given:
            return "normal"
        if "a" in given and "b" in given:
            return "beta"
        missing = next((end for end in ("min", "max") if end not in given), "values")
        raise QueryError(
            f"{self.part}.{missing}",
            "is missing: a parameter has a value, values, min and max, or a "
            "distribution with what that needs",
        )

    # fields --------------------------------------------------------------------------
    def number(self, key: str, default: Number | None = None) -> Number:
        value = self.given.get(key, default)
        if value is None:
            raise QueryError(f"{self.part}.{key}", "is missing")
        if not is_number(value):
            hint = ""
            if isinstance(value, str) and _reads_as_number(value):
                hint = "; YAML reads 1e-4 as text, write 1.0e-4 or 0.0001"
            raise QueryError(
                f"{self.part}.{key}", f"{value!r} is not a finite number{hint}"
            )
        return value

    def above_zero(self, key: str, default: Number | None = None) -> Number:
        value = self.number(key, default)
        if value <= 0:
            raise QueryError(f"{self.part}.{key}", f"{value!r} must be above 0")
        return value

    def ends(self) -> Uniform:
        low, high = self.number("min"), self.number("max")
        if low > high:
            raise QueryError(
                f"{self.part}.min", f"{low!r} is above max, which is {high!r}"
            )
        return Uniform(low, high)

    def exponents(self) -> Uniform:
        ends = self.ends()
        for key, value in (("min", ends.low), ("max", ends.high)):
            if abs(value) > EXPONENT_MAX:
                raise QueryError(
                    f"{self.part}.{key}",
                    f"e to the power of {value!r} is no number: here stand exponents; "
                    "for the values themselves there is log_uniform_values",
                )
        if ends.low > 0 and "inv" not in self._kind():
            low, high = math.exp(ends.low), math.exp(ends.high)
            self.warnings.append(
                f"{self.part}: min and max of {self._kind()} are exponents, so values "
                f"will be from {low:.6g} to {high:.6g}; if min and max are meant as "
                "values, use log_uniform_values"
            )
        return ends

    def logarithms(self) -> Uniform:
        ends = self.ends()
        self.above_zero("min")
        return Uniform(math.log(ends.low), math.log(ends.high))

    def bell(self) -> Normal:
        return Normal(self.number("mu", 0), float(self.above_zero("sigma", 1)))

    # kinds ---------------------------------------------------------------------------
    def constant(self) -> Distribution:
        if "value" not in self.given:
            raise QueryError(f"{self.part}.value", "is missing")
        return Choice((self.given["value"],))

    def categorical(self) -> Distribution:
        values = self.given.get("values")
        if not isinstance(values, list) or not values:
            raise QueryError(
                f"{self.part}.values", "must be a list of at least one value"
            )
        weights = self.given.get("probabilities")
        if weights is None:
            return Choice(tuple(values))
        part = f"{self.part}.probabilities"
        if not isinstance(weights, list) or len(weights) != len(values):
            raise QueryError(
                part, f"must be a list of {len(values)} numbers, as values"
            )
        if not all(is_number(weight) and weight >= 0 for weight in weights):
            raise QueryError(part, "must be numbers from 0 to 1")
        if not math.isclose(sum(weights), 1, abs_tol=1e-6):
            raise QueryError(part, f"must add up to 1, not to {sum(weights):g}")
        return Choice(tuple(values), tuple(map(float, weights)))

    def int_uniform(self) -> Distribution:
        ends = self.ends()
        for key in ("min", "max"):
            value = self.number(key)
            if value != int(value):
                raise QueryError(f"{self.part}.{key}", f"{value!r} is no whole number")
            if abs(value) > WHOLE_MAX:
                raise QueryError(f"{self.part}.{key}", f"{value!r} is too large")
        return IntUniform(int(ends.low), int(ends.high))

    def step(self) -> Number:
        return self.above_zero("q", 1)


def _reads_as_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


_Reader = tuple[Callable[[_Spec], Distribution], tuple[str, ...]]
_SHAPES: Mapping[str, tuple[Callable[[_Spec], Shape], tuple[str, ...]]] = {
    "uniform": (lambda spec: spec.ends(), ("min", "max")),
    "log_uniform": (lambda spec: Exponential(spec.exponents()), ("min", "max")),
    "log_uniform_values": (
        lambda spec: Exponential(spec.logarithms()),
        ("min", "max"),
    ),
    "normal": (lambda spec: spec.bell(), ("mu", "sigma")),
    "log_normal": (lambda spec: Exponential(spec.bell()), ("mu", "sigma")),
    "beta": (
        lambda spec: Beta(spec.above_zero("a", 1), spec.above_zero("b", 1)),
        ("a", "b"),
    ),
}


def _inverse(ends: Uniform) -> Shape:
    """log(1/x) is uniform: so is log(x), from -max to -min."""
    return Exponential(Uniform(-ends.high, -ends.low))


def _readers() -> Iterator[tuple[str, _Reader]]:
    yield "constant", (_Spec.constant, ("value",))
    yield "categorical", (_Spec.categorical, ("values", "probabilities"))
    yield (
        "categorical_w_probabilities",
        (_Spec.categorical, ("values", "probabilities")),
    )
    yield "int_uniform", (_Spec.int_uniform, ("min", "max"))
    for name, (shape, known) in _SHAPES.items():
        yield name, (lambda spec, shape=shape: Continuous(shape(spec)), known)  # type: ignore[misc]
        yield (
            f"q_{name}",
            (
                lambda spec, shape=shape: Continuous(shape(spec), spec.step()),  # type: ignore[misc]
                (*known, "q"),
            ),
        )
    yield (
        "inv_log_uniform",
        (
            lambda spec: Continuous(_inverse(spec.exponents())),
            ("min", "max"),
        ),
    )
    # By its definition the same as log_uniform_values.
    yield (
        "inv_log_uniform_values",
        (
            lambda spec: Continuous(Exponential(spec.logarithms())),
            ("min", "max"),
        ),
    )


_READERS: Mapping[str, _Reader] = dict(_readers())
