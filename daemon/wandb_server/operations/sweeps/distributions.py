"""What one parameter of a sweep may be: numbers of a distribution, or one of a list.

```
        0 ────── u ────── 1        uniform, what a search works with
        │   Shape.at(u)   ▲
        ▼                 │ Shape.position(x)
        x ─► rounded to multiples of q ─► the value that a script gets
```
"""

import math
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from statistics import NormalDist
from typing import Protocol, TypeGuard

from wandb_server.model.json_value import Json

Number = int | float
NUMBER_MAX = 1e300


class Shape(Protocol):
    """A continuous distribution by its quantiles."""

    def at(self, u: float) -> float:
        """The number below which a share of u of all draws lies; 0 < u < 1."""
        ...

    def position(self, x: float) -> float:
        """The inverse of `at`, 0 to 1 for any x."""
        ...


@dataclass(frozen=True, slots=True)
class Uniform:
    """Every number from low to high is as likely."""

    low: float
    high: float

    def at(self, u: float) -> float:
        """Between low and high."""
        return self.low + u * (self.high - self.low)

    def position(self, x: float) -> float:
        """0 at low, 1 at high."""
        if self.high == self.low:
            return 0.5
        return _share((x - self.low) / (self.high - self.low))


@dataclass(frozen=True, slots=True)
class Normal:
    """The bell."""

    mu: float
    sigma: float

    def at(self, u: float) -> float:
        """Finite: the ends are cut."""
        return NormalDist(self.mu, self.sigma).inv_cdf(min(max(u, 1e-12), 1 - 1e-12))

    def position(self, x: float) -> float:
        """The share of draws below x."""
        return NormalDist(self.mu, self.sigma).cdf(x)


@dataclass(frozen=True, slots=True)
class Beta:
    """Between 0 and 1. Needs scipy for quantiles; random search does not ask them."""

    a: float
    b: float

    def at(self, u: float) -> float:
        """By scipy."""
        from scipy.special import betaincinv

        return float(betaincinv(self.a, self.b, u))

    def position(self, x: float) -> float:
        """By scipy."""
        from scipy.special import betainc

        return float(betainc(self.a, self.b, _share(x)))


@dataclass(frozen=True, slots=True)
class Exponential:
    """e to the power of another shape."""

    exponent: Uniform | Normal

    def at(self, u: float) -> float:
        """Above 0; what no number holds is cut."""
        return math.exp(min(max(self.exponent.at(u), -700.0), 700.0))

    def position(self, x: float) -> float:
        """0 for what is not above 0."""
        return self.exponent.position(math.log(x)) if x > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Continuous:
    """Numbers of a shape, rounded to multiples of `step` if there is one."""

    shape: Shape
    step: Number | None = None

    def sample(self, rng: Random) -> Json:
        """One draw."""
        if isinstance(self.shape, Beta):
            return self._rounded(rng.betavariate(self.shape.a, self.shape.b))
        return self.at(rng.random())

    def at(self, u: float) -> Json:
        """The value at a share of all draws."""
        return self._rounded(self.shape.at(u))

    def position(self, value: Json) -> float | None:
        """Where a value lies among all draws; None: it is no number."""
        return self.shape.position(float(value)) if is_number(value) else None

    @property
    def grid_count(self) -> int | None:
        """Multiples of the step within the range; None: endlessly many."""
        if self.step is None or not isinstance(self.shape, Uniform):
            return None
        first, last = self._ends()
        return last - first + 1

    def grid_value(self, index: int) -> Json:
        """The index-th multiple."""
        assert self.step is not None
        return _multiple(self._ends()[0] + index, self.step)

    def grid_index(self, value: Json) -> int | None:
        """Which multiple a value is."""
        assert self.step is not None
        if not is_number(value):
            return None
        first, last = self._ends()
        number = round(value / self.step)
        fits = math.isclose(number * self.step, value) and first <= number <= last
        return number - first if fits else None

    def _ends(self) -> tuple[int, int]:
        assert isinstance(self.shape, Uniform)
        assert self.step is not None
        first = math.ceil(self.shape.low / self.step - 1e-9)
        last = math.floor(self.shape.high / self.step + 1e-9)
        if first > last:  # the range lies between two multiples
            first = last = round(self.shape.low / self.step)
        return first, last

    def _rounded(self, x: float) -> Json:
        return x if self.step is None else _multiple(round(x / self.step), self.step)


@dataclass(frozen=True, slots=True)
class IntUniform:
    """Every whole number from low to high, both included, is as likely."""

    low: int
    high: int

    def sample(self, rng: Random) -> Json:
        """One draw."""
        return rng.randint(self.low, self.high)

    @property
    def grid_count(self) -> int | None:
        """How many numbers."""
        return self.high - self.low + 1

    def grid_value(self, index: int) -> Json:
        """The index-th number."""
        return self.low + index

    def grid_index(self, value: Json) -> int | None:
        """Which number a value is."""
        fits = is_number(value) and value == int(value)
        return (
            int(value) - self.low if fits and self.low <= value <= self.high else None
        )


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a list; without weights all are as likely. A constant is a list of one."""

    values: tuple[Json, ...]
    weights: tuple[float, ...] = ()

    def sample(self, rng: Random) -> Json:
        """One draw."""
        return rng.choices(self.values, self.weights or None)[0]

    @property
    def grid_count(self) -> int | None:
        """How many values."""
        return len(self.values)

    def grid_value(self, index: int) -> Json:
        """The index-th value."""
        return self.values[index]

    def grid_index(self, value: Json) -> int | None:
        """Which value it is; True is not 1."""
        for index, one in enumerate(self.values):
            if one == value and isinstance(one, bool) == isinstance(value, bool):
                return index
        return None


Distribution = Continuous | IntUniform | Choice


def is_number(value: Json) -> TypeGuard[Number]:
    """A finite int or float that can be reckoned with; booleans are none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return -NUMBER_MAX <= value <= NUMBER_MAX


def _multiple(count: int, step: Number) -> Number:
    # 3 * 0.1 is 0.30000000000000004: what people wrote is decimal.
    product = count * Decimal(str(step))
    return int(product) if isinstance(step, int) else float(product)


def _share(u: float) -> float:
    return min(max(u, 0.0), 1.0)
