"""Fresh servers for the flows, and the one line that counts them."""

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.backends import BACKENDS
from tests.conformance.release_counts import release_lines
from tests.conftest import end_processes_below, isolated_environment
from tests.support.server_process import ServerProcess
from tests.support.stores import running_s3


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "sample: a flow that `make test` runs too")


@pytest.fixture(scope="session")
def official() -> str:
    """The interpreter with the official client, or skip."""
    python = os.environ.get("WANDB_OFFICIAL_PYTHON", "")
    if not os.path.exists(python):
        pytest.skip("WANDB_OFFICIAL_PYTHON names no interpreter: run through make")
    return python


@pytest.fixture(scope="session", params=sorted(BACKENDS))
def server(request: pytest.FixtureRequest, official: str) -> Iterator[ServerProcess]:
    """A fresh server for all flows; each has a project of its own."""
    root = Path(tempfile.mkdtemp(prefix="wb-", dir="/tmp"))
    try:
        with BACKENDS[request.param](isolated_environment(root)) as running:
            yield running
    finally:
        end_processes_below(root)
        shutil.rmtree(root, ignore_errors=True)


@pytest.fixture(scope="session")
def far_bucket() -> Iterator[str]:
    """An S3 emulator that references point into; not the server's own store."""
    with running_s3() as endpoint:
        yield endpoint


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Flows passed / total, for every backend that was chosen, also by release."""
    passed: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for outcome in ("passed", "failed", "error"):
        for report in terminalreporter.getreports(outcome):
            for backend in BACKENDS:
                if f"test_flow[{backend}-" in report.nodeid:
                    passed[backend] += outcome == "passed"
                    total[backend] += 1
    for backend, count in total.items():
        terminalreporter.write_line(
            f"conformance {backend}: {passed[backend]}/{count} flows passed"
        )
    for backend in BACKENDS:
        for line in release_lines(terminalreporter, backend):
            terminalreporter.write_line(line)
