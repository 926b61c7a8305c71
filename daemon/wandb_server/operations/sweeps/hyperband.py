"""Early stopping: at certain numbers of points, only the best share of runs goes on.

```
points logged   1 … 3 … 9 … 27 …      min_iter 3, eta 3
                    ▲   ▲   ▲         rungs: here runs are compared
```

A run that comes to a rung goes on if its best value so far is not worse than the
1/eta quantile of all runs that came that far, whenever they did. So the first ones are
never held up waiting for others, and the very first always goes on.

Source: asynchronous successive halving (Li et al., MLSys 2020).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from wandb_server.errors import QueryError
from wandb_server.model.json_value import Json
from wandb_server.operations.sweeps.distributions import is_number

ETA_DEFAULT = 3
RUNG_MAX = 10**12
RUNGS_MAX = 100


@dataclass(frozen=True, slots=True)
class Hyperband:
    """When runs are compared, and which share goes on."""

    first_rung: int
    eta: float
    last_rung: int = RUNG_MAX
    strict: bool = False
    """Compared again with those that come later, not only on arrival."""

    def rungs_to(self, count: int) -> Iterator[int]:
        """Rungs that a run of so many points has come to, ascending."""
        rung, last = float(self.first_rung), min(count, self.last_rung)
        for _ in range(RUNGS_MAX):
            if round(rung) > last:
                return
            yield round(rung)
            rung *= self.eta

    def goes_on(self, loss: float | None, losses: Sequence[float | None]) -> bool:
        """Whether a run with that loss at a rung is among the best of `losses`.

        None: no finite value. `losses` holds the run's own.
        """
        finite = sorted(one for one in losses if one is not None)
        if loss is None:
            # As bad as can be; it goes on only where nobody is better.
            return not finite
        return loss <= _quantile(finite, 1 / self.eta)


def _quantile(ascending: Sequence[float], share: float) -> float:
    """Between neighbours by their distance."""
    place = share * (len(ascending) - 1)
    below = int(place)
    above = min(below + 1, len(ascending) - 1)
    low, high = ascending[below], ascending[above]
    return low + (high - low) * (place - below)


def read_hyperband(given: Json) -> Hyperband:
    """From `early_terminate`: either min_iter, or max_iter and s.

    Raises:
        QueryError: naming the field that is at fault.
    """
    if not isinstance(given, Mapping):
        raise QueryError("early_terminate", "must be a mapping with type: hyperband")
    if given.get("type") != "hyperband":
        raise QueryError(
            "early_terminate.type", f"{given.get('type')!r} is not hyperband"
        )
    eta = given.get("eta", ETA_DEFAULT)
    if not is_number(eta) or eta <= 1:
        raise QueryError("early_terminate.eta", f"{eta!r} must be a number above 1")
    strict = given.get("strict", False)
    if not isinstance(strict, bool):
        raise QueryError("early_terminate.strict", f"{strict!r} is no true or false")
    if "min_iter" in given:
        return Hyperband(_count(given, "min_iter"), eta, strict=strict)
    if "max_iter" not in given:
        raise QueryError(
            "early_terminate.min_iter",
            "is missing: say after how many points runs are compared for the first "
            "time, or give max_iter and s",
        )
    longest, halvings = _count(given, "max_iter"), _count(given, "s")
    first = max(1, round(longest / eta**halvings))
    # The whole length is no rung: who is there has ended.
    return Hyperband(first, eta, max(first, round(longest / eta)), strict)


def _count(given: Mapping[str, Json], key: str) -> int:
    value = given.get(key)
    if type(value) is not int or not 1 <= value <= RUNG_MAX:
        raise QueryError(
            f"early_terminate.{key}", f"{value!r} must be a whole number, 1 or more"
        )
    return value
