"""The last line of `make crash`: how many kill points, and what was lost."""

import pytest

TALLIES = pytest.StashKey[list[str]]()
"""One line per campaign of this session."""


@pytest.fixture
def tallies(pytestconfig: pytest.Config) -> list[str]:
    """Where a campaign leaves its line for the end of the session."""
    return pytestconfig.stash.setdefault(TALLIES, [])


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the lines."""
    for line in config.stash.get(TALLIES, []):
        terminalreporter.write_line(line)
