"""What every side stores: the same values, run names and questions.

Runs in every side's interpreter: nothing but NumPy is imported.
"""

import math
import random

import numpy as np

METRICS = 10
CHARTED = 3
"""The metric whose history is asked for."""
CHART_POINTS = 500
SUMMARY_KEYS = 200
NAN_SHARE = 0.02
PAGE_RUNS = 50
BELOW, ABOVE, SORTED = ("k5", 0.9), ("k6", 0.1), "k7"
"""Runs with one value below and another above these, the largest of a third first."""


def key_of(metric: int) -> str:
    """The name of a metric."""
    return f"train/metric_{metric}"


def values_of(first: int, count: int, metrics: int = METRICS) -> list[list[float]]:
    """The values of these rows."""
    chance = np.random.default_rng([first, metrics])
    found: list[list[float]] = chance.random((count, metrics)).round(6).tolist()
    return found


def summary_of(number: int) -> dict[str, float]:
    """The last values of a run."""
    chance = random.Random(number)
    return {
        f"k{key}": math.nan if chance.random() < NAN_SHARE else chance.random()
        for key in range(SUMMARY_KEYS)
    }


def config_of(number: int) -> dict[str, float | str]:
    """Its inputs."""
    return {"lr": random.Random(-1 - number).random(), "model": f"m{number % 7}"}


def first_page(run_count: int) -> list[str]:
    """The answer that every side has to give."""
    found = []
    for number in range(run_count):
        summary = summary_of(number)
        if summary[BELOW[0]] < BELOW[1] and summary[ABOVE[0]] > ABOVE[1]:
            value = summary[SORTED]
            found.append((-math.inf if math.isnan(value) else value, f"r{number}"))
    return [name for _, name in sorted(found, reverse=True)[:PAGE_RUNS]]
