"""Distributions, grids and proposals against scipy, itertools and numpy."""

import itertools
import math
import sys
from collections import Counter
from random import Random
from typing import Any

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from wandb_server.errors import QueryError
from wandb_server.operations.sweeps import bayes, grid
from wandb_server.operations.sweeps.distributions import Continuous
from wandb_server.operations.sweeps.hyperband import Hyperband, read_hyperband
from wandb_server.operations.sweeps.parameters import Parameter, read_parameters
from wandb_server.operations.sweeps.random_search import draw

DRAWS = 5_000
E = math.e
CONTINUOUS: dict[str, tuple[dict[str, Any], Any]] = {
    "uniform": ({"min": -2.5, "max": 4}, stats.uniform(-2.5, 6.5)),
    "log_uniform": ({"min": -3, "max": -1}, stats.loguniform(E**-3, E**-1)),
    "log_uniform_values": ({"min": 1e-4, "max": 10}, stats.loguniform(1e-4, 10)),
    # 1/x is e to the power of something uniform.
    "inv_log_uniform": ({"min": 1, "max": 3}, stats.loguniform(E**-3, E**-1)),
    "inv_log_uniform_values": ({"min": 0.01, "max": 2}, stats.loguniform(0.01, 2)),
    "normal": ({"mu": 3, "sigma": 2}, stats.norm(3, 2)),
    "log_normal": ({"mu": 0.5, "sigma": 0.25}, stats.lognorm(0.25, scale=E**0.5)),
    "beta": ({"a": 2, "b": 5}, stats.beta(2, 5)),
}
ROUNDED: dict[str, tuple[dict[str, Any], Any]] = {
    "q_uniform": ({"min": 0, "max": 10, "q": 2.5}, stats.uniform(0, 10)),
    "q_log_uniform": ({"min": 0, "max": 3, "q": 2}, stats.loguniform(1, E**3)),
    "q_log_uniform_values": ({"min": 1, "max": 50}, stats.loguniform(1, 50)),
    "q_normal": ({"sigma": 2}, stats.norm(0, 2)),
    "q_log_normal": ({"mu": 1, "q": 0.5}, stats.lognorm(1, scale=E)),
    "q_beta": ({"a": 2, "b": 3, "q": 0.1}, stats.beta(2, 3)),
}


def one(**spec: Any) -> Parameter:
    return read_parameters({"x": spec}).found[0]


def drawn(parameter: Parameter, count: int = DRAWS) -> list[Any]:
    rng = Random(7)
    return [draw((parameter,), rng)["x"] for _ in range(count)]


@pytest.mark.parametrize("name", CONTINUOUS)
def test_draws_are_distributed_as_scipy_says(name: str) -> None:
    spec, expected = CONTINUOUS[name]

    parameter = one(distribution=name, **spec)

    assert stats.kstest(drawn(parameter), expected.cdf).pvalue > 0.001
    kind = parameter.distribution
    assert isinstance(kind, Continuous)
    for u in (0.01, 0.3, 0.5, 0.99):
        assert kind.at(u) == pytest.approx(expected.ppf(u), rel=1e-6)
        assert kind.position(expected.ppf(u)) == pytest.approx(u, rel=1e-6)


@pytest.mark.parametrize("name", ROUNDED)
def test_rounded_draws_are_multiples_as_often_as_scipy_says(name: str) -> None:
    spec, expected = ROUNDED[name]
    step = spec.get("q", 1)

    counts = Counter(drawn(one(distribution=name, **spec)))

    for value, count in counts.items():
        share = expected.cdf(value + step / 2) - expected.cdf(value - step / 2)
        assert count / DRAWS == pytest.approx(share, abs=0.03), value
        assert value / step == pytest.approx(round(value / step))
        # As people write it: 0.3, not 0.30000000000000004.
        assert len(repr(value)) <= 6, value
        assert isinstance(value, type(step))


def test_whole_numbers_and_choices_come_as_often_as_they_should() -> None:
    whole = Counter(drawn(one(min=2, max=5)))
    chosen = Counter(drawn(one(values=["a", "b", None], probabilities=[0.6, 0.3, 0.1])))
    plain = Counter(drawn(one(values=["a", "b"])))

    assert set(whole) == {2, 3, 4, 5}
    assert stats.chisquare(list(whole.values())).pvalue > 0.001
    found = [chosen["a"], chosen["b"], chosen[None]]
    assert stats.chisquare(found, [DRAWS * p for p in (0.6, 0.3, 0.1)]).pvalue > 0.001
    assert stats.chisquare(list(plain.values())).pvalue > 0.001
    assert set(drawn(one(value={"deep": [1]}), 1)[0]) == {"deep"}


@given(st.floats(0.001, 0.999), st.sampled_from(sorted(CONTINUOUS)))
def test_a_place_and_its_value_belong_together(u: float, name: str) -> None:
    kind = one(distribution=name, **CONTINUOUS[name][0]).distribution
    assert isinstance(kind, Continuous)

    assert kind.position(kind.at(u)) == pytest.approx(u, abs=1e-9)


SPACE = {
    "lr": {"values": [0.1, 0.2]},
    "model": {"parameters": {"depth": {"min": 1, "max": 3}, "kind": {"value": "x"}}},
    "drop": {"distribution": "q_uniform", "min": 0.1, "max": 0.6, "q": 0.2},
}


def test_a_grid_is_the_product_in_its_order() -> None:
    parameters = tuple(read_parameters(SPACE).found)

    points = [
        grid.point_values(parameters, number)
        for number in range(grid.point_count(parameters))
    ]

    assert points == [
        {"lr": lr, "model": {"depth": depth, "kind": "x"}, "drop": drop}
        for lr, depth, drop in itertools.product([0.1, 0.2], [1, 2, 3], [0.2, 0.4, 0.6])
    ]
    assert [grid.point_of(parameters, point) for point in points] == list(
        range(len(points))
    )
    assert grid.point_of(parameters, {"lr": 0.1}) is None
    assert grid.point_of(parameters, {**points[0], "lr": 0.15}) is None


def test_a_grid_larger_than_memory_is_numbered() -> None:
    wide = {f"p{number}": {"min": 1, "max": 10**6} for number in range(10)}
    parameters = tuple(read_parameters(wide).found)

    assert grid.point_count(parameters) == 10**60
    last = grid.point_values(parameters, 10**60 - 1)
    assert set(last.values()) == {10**6}


def test_true_is_not_one_in_a_grid() -> None:
    parameters = tuple(read_parameters({"x": {"values": [1, True, 1.5]}}).found)

    assert grid.point_of(parameters, {"x": True}) == 1
    assert grid.point_of(parameters, {"x": 1.0}) == 0


# ---- early stopping ------------------------------------------------------------------


def test_rungs_are_those_of_the_documented_examples() -> None:
    by_first = read_hyperband({"type": "hyperband", "min_iter": 3})
    by_last = read_hyperband({"type": "hyperband", "max_iter": 27, "s": 2})
    halving = read_hyperband({"type": "hyperband", "min_iter": 4, "eta": 2})

    assert list(by_first.rungs_to(100)) == [3, 9, 27, 81]
    assert list(by_last.rungs_to(1000)) == [3, 9]
    assert list(halving.rungs_to(31)) == [4, 8, 16]
    assert list(by_first.rungs_to(2)) == []


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50), st.sampled_from([2, 3, 4])
)
def test_the_best_share_goes_on_as_numpy_counts_it(
    losses: list[float], eta: int
) -> None:
    band = Hyperband(1, eta)
    limit = float(numpy.quantile(losses, 1 / eta))

    for loss in losses:
        if abs(loss - limit) > 1e-6:
            assert band.goes_on(loss, losses) == (loss < limit)
    assert band.goes_on(min(losses), losses)


def test_a_run_without_a_finite_value_goes_on_only_among_its_like() -> None:
    band = Hyperband(1, 3)

    assert band.goes_on(None, [None, None])
    assert not band.goes_on(None, [None, 5.0])


# ---- bayes ---------------------------------------------------------------------------

BOWL = {
    "x": {"min": -5.0, "max": 5.0},
    "rate": {"distribution": "log_uniform_values", "min": 1e-5, "max": 1.0},
    "kind": {"values": ["good", "bad", "worse"]},
    "n": {"min": 1, "max": 20},
    "share": {"distribution": "beta", "a": 2, "b": 2},
}


def bowl(values: dict[str, Any]) -> float:
    kinds = {"good": 0.0, "bad": 2.0, "worse": 4.0}
    off = values["x"] - 1, math.log10(values["rate"]) + 3, (values["n"] - 7) / 5
    return sum(part**2 for part in off) + kinds[values["kind"]]


def test_proposals_beat_draws_at_random() -> None:
    parameters = tuple(read_parameters(BOWL).found)
    best: dict[str, list[float]] = {"bayes": [], "random": []}

    for seed in range(2):
        seen: list[bayes.Observation] = []
        for number in range(45):
            values = bayes.propose(parameters, seen, 1000 * seed + number)
            seen.append(bayes.Observation(values, bowl(values), ended=True))
        best["bayes"].append(min(one.loss for one in seen if one.loss is not None))
        rng = Random(seed)
        best["random"].append(min(bowl(draw(parameters, rng)) for _ in range(45)))

    assert sum(best["bayes"]) < sum(best["random"])


def test_agents_at_the_same_time_get_different_proposals() -> None:
    parameters = tuple(read_parameters({"x": {"min": 0.0, "max": 1.0}}).found)
    seen = [
        bayes.Observation({"x": n / 20}, abs(n / 20 - 0.5), ended=True)
        for n in range(20)
    ]

    for number in range(5):
        values = bayes.propose(parameters, seen, number)
        seen.append(bayes.Observation(values, None, ended=False))

    running = {one.values["x"] for one in seen if not one.ended}
    assert len(running) == 5
    assert all(0 <= x <= 1 for x in running)


def test_runs_that_ended_without_a_value_count_as_the_worst() -> None:
    """Half of the space fails, the rest is flat: proposals learn to stay out of it."""
    parameters = tuple(read_parameters({"x": {"min": 0.0, "max": 1.0}}).found)
    seen = [bayes.Observation({"x": 0.99}, 1.0, ended=True)]
    for number in range(40):
        values = bayes.propose(parameters, seen, number)
        loss = 0.5 if values["x"] < 0.5 else None
        seen.append(bayes.Observation(values, loss, ended=True))

    late = [one.values["x"] for one in seen[-15:]]
    assert sum(x < 0.5 for x in late) >= 12


def test_what_is_not_of_the_space_is_not_learned_from() -> None:
    parameters = tuple(read_parameters({"x": {"values": [1, 2]}}).found)
    seen = [bayes.Observation({"x": 9}, 0.0, True), bayes.Observation({}, 0.0, True)]

    assert bayes.propose(parameters, seen, 1)["x"] in (1, 2)


def test_without_the_library_it_is_said_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)

    with pytest.raises(QueryError, match=r"pip install 'wandb\[sweeps\]'"):
        bayes.require_library()
