"""The last line of `make crash`: how many kill points, and what was lost."""

from collections.abc import Callable

import pytest

TALLY = "tally"


@pytest.fixture
def tell_tally(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Leaves a campaign's line for the end of the session, in whichever process."""
    return lambda line: record_property(TALLY, line)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the lines."""
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, line in report.user_properties:
                if name == TALLY and report.when == "call":
                    terminalreporter.write_line(str(line))
