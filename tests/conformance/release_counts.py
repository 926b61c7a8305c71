"""Which releases and flows there are, and the table that counts them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

RELEASES = ("0.16", "0.19", "0.22", "0.25", "0.28")
FLOWS = sorted(path.stem for path in Path(__file__).with_name("releases").glob("*.py"))
SHOWN = {"passed": "ok", "failed": "FAIL", "error": "ERROR", "skipped": "-"}


def release_lines(reporter: pytest.TerminalReporter, backend: str) -> Iterator[str]:
    """A row per flow, a column per release, then passed / total; none if none ran."""
    found: dict[tuple[str, str], str] = {}
    for outcome, shown in SHOWN.items():
        for report in reporter.getreports(outcome):
            for flow in FLOWS:
                for release in RELEASES:
                    if f"test_release[{backend}-{flow}-{release}]" in report.nodeid:
                        found[flow, release] = shown
    if not found:
        return
    yield f"older official clients, {backend}"
    yield " " * 16 + "".join(release.rjust(7) for release in RELEASES)
    for flow in FLOWS:
        row = "".join(found.get((flow, release), "").rjust(7) for release in RELEASES)
        yield flow.ljust(16) + row
    ran = [shown for shown in found.values() if shown != "-"]
    yield f"conformance {backend}: {ran.count('ok')}/{len(ran)} older flows passed"
