"""System metrics of a run as charts with units."""

import json
from collections.abc import Callable
from typing import Any

from tests.browser.conftest import Browser, LoggedRun

MakeRun = Callable[..., LoggedRun]
INTERVAL_S = 15.0


def sample(run: LoggedRun, first: int, count: int) -> None:
    """Rows as clients send them: shares, counters since the start, two devices."""
    rows = [
        {
            "_wandb": True,
            "_timestamp": 1.7e9 + number * INTERVAL_S,
            "_runtime": number * INTERVAL_S,
            "system.cpu": 50.0,
            "system.proc.memory.availableMB": 16_000,
            "system.network.sent": number * 30_000_000,
            "system.gpu.0.temp": 61,
            "system.gpu.1.temp": 64,
            "system.gpu.0.powerWatts": 312.5,
        }
        for number in range(first, first + count)
    ]
    run._post("wandb-events.jsonl", [json.dumps(row) for row in rows])


def chart(page: Any, name: str) -> Any:
    """The card of a chart."""
    return page.locator(f".system-card[aria-label='{name}']")


def tooltip(page: Any, name: str) -> str:
    """What the pointer in the middle of a chart is told."""
    chart(page, name).locator(".u-over").hover()
    text: str = page.locator(".tooltip").inner_text()
    return " ".join(text.split())


def test_metrics_are_grouped_and_have_their_units(
    browser: Browser, make_run: MakeRun
) -> None:
    run = make_run("machine", "run1")
    sample(run, 0, 41)
    page = browser.open(f"/{browser.server.entity}/machine/runs/run1/system")
    chart(page, "CPU utilisation").locator(".u-over").wait_for()

    headings = page.locator(".system h2").all_inner_texts()

    assert headings == ["CPU", "Memory", "Network", "GPU"]
    assert tooltip(page, "CPU utilisation") == "After 5 m CPU utilisation 50%"
    assert tooltip(page, "Memory available") == "After 5 m Memory available 16 GB"
    # 30 MB every 15 s.
    assert tooltip(page, "Network traffic") == "After 5 m sent 2 MB/s"
    both = tooltip(page, "GPU temperature")
    assert "GPU 0 61 °C" in both
    assert "GPU 1 64 °C" in both
    assert "312.5 W" in chart(page, "GPU power").inner_text()
    legend = chart(page, "GPU temperature").locator(".system-legend li")
    assert [text.strip() for text in legend.all_inner_texts()] == ["GPU 0", "GPU 1"]


def test_new_samples_arrive_while_the_run_runs(
    browser: Browser, make_run: MakeRun
) -> None:
    run = make_run("machine-live", "run1")
    page = browser.open(f"/{browser.server.entity}/machine-live/runs/run1/system")
    page.get_by_role("heading", name="No system metrics yet").wait_for()

    sample(run, 0, 3)
    page.get_by_text("3 samples").wait_for()
    chart(page, "CPU utilisation").locator(".u-over").wait_for()
    sample(run, 3, 4)

    page.get_by_text("7 samples").wait_for()
    page.wait_for_function(
        """() => {
          const over = document.querySelector(".system-card .u-over");
          const box = over.getBoundingClientRect();
          over.dispatchEvent(new MouseEvent("mousemove", {
            clientX: box.right - 1, clientY: box.top + 9, bubbles: true }));
          const tip = document.querySelector(".tooltip-head b");
          return tip !== null && tip.textContent === "1 m 30 s";
        }"""
    )
