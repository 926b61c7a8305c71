"""Random kills of training, core and server: nothing acknowledged is lost or doubled.

`pytest tests/crash --kill-points 5000 --kill-seed 7` tries more, or the same again.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.crash.kill_points import LIFE, Comparison, KillCampaign, compare


@pytest.mark.parametrize(
    ("told", "found", "expected"),
    [
        ([3], [0, 1, 2], Comparison(0, 0, 0)),
        ([3], [0, 1, 2, 3], Comparison(0, 0, 0)),
        ([3], [0, 2], Comparison(1, 0, 0)),
        ([3], [0, 1, 1, 2], Comparison(0, 1, 0)),
        ([3], [0, 2, 1], Comparison(0, 0, 1)),
        ([3], [0, 1, 2, 3, 4], Comparison(0, 1, 0)),
        ([2, 1], [0, 1, 2, LIFE], Comparison(0, 0, 0)),
        ([2, 2], [0, 1, LIFE], Comparison(1, 0, 0)),
        ([2], [0, 1, LIFE], Comparison(0, 1, 0)),
    ],
)
def test_the_comparison_sees_what_is_wrong(
    told: list[int], found: list[int], expected: Comparison
) -> None:
    assert compare(told, found) == expected


def test_whoever_is_killed_everything_that_log_returned_from_is_there_once(
    places_env: dict[str, str],
    pytestconfig: pytest.Config,
    tell_tally: Callable[[str], None],
) -> None:
    """Method: see `kill_points`. The seed is in the summary of the session."""
    seed = pytestconfig.getoption("--kill-seed")
    root = Path(places_env["HOME"]) / "work"

    with KillCampaign(places_env, root, seed) as campaign:
        tally = campaign.run(pytestconfig.getoption("--kill-points"))

    tell_tally(f"seed {seed}: {tally.line()}")
    assert not tally.faults, "\n".join(tally.faults)
    assert tally.acknowledged > 0
