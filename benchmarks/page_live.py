"""How long from `run.log` in a script until its metric is drawn on the page?

A script logs a metric that the page has not seen; the clock runs from the return of its
last `log` until the chart of that metric holds coloured pixels, in headless Chromium.

Estimate before building: core's linger 0.2 s, its live interval 0.5 s at the most, the
page's own wait 0.25 s, two questions and a drawing 0.1 s: about 0.8 s; limit 2 s.
Result (2 cores): 0.8 to 1.3 s.

    python benchmarks/page_live.py [--quick]
"""

import argparse
import re
import shutil
import subprocess
import sys
import time
from typing import Any

from _peers import OURS
from _report import show
from _sides import private_environment, start_server
from playwright.sync_api import sync_playwright

LIMIT_S = 2.0
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SCRIPT = """
import sys, wandb
with wandb.init(project="whole-way", id="script") as run:
    for number, _ in enumerate(sys.stdin):
        for value in range(3):
            run.log({f"metric/m{number}": float(value)})
        print("logged", flush=True)
"""
IS_DRAWN = """(metric) => {
  const canvas = document.querySelector(`[data-panel="${metric}"] .uplot canvas`);
  if (!canvas || canvas.width === 0) return false;
  const { width, height } = canvas;
  const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
  let count = 0;
  for (let at = 0; at < data.length; at += 4) {
    const [r, g, b, a] = data.slice(at, at + 4);
    if (a > 60 && Math.max(r, g, b) - Math.min(r, g, b) > 50) count += 1;
  }
  return count > 100;
}"""


def delays(script: "subprocess.Popen[str]", page: Any, count: int) -> list[float]:
    """Seconds from the last `log` of each new metric to its pixels."""
    assert script.stdin is not None
    assert script.stdout is not None
    found = []
    for number in range(count):
        script.stdin.write("go\n")
        script.stdin.flush()
        script.stdout.readline()
        logged_at = time.monotonic()
        page.wait_for_function(IS_DRAWN, arg=f"metric/m{number}", timeout=30_000)
        found.append(time.monotonic() - logged_at)
    return found


def main() -> int:
    """0 if the figure could be taken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    repeats = 3 if parser.parse_args().quick else 15
    chromium = next(filter(None, map(shutil.which, BROWSERS)), None)
    if chromium is None:
        print("no Chromium on this machine (apt-get install chromium)")
        return 1
    with private_environment("online") as environ, sync_playwright() as playwright:
        start_server(environ)
        said = subprocess.run(
            [sys.executable, "-m", "wandb_server", "open", "--print"],
            env=environ, capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        address = re.findall(r"http://\S+/auth\?token=\S+", said)[0]
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--headless", "--no-sandbox"]
        )
        page = browser.new_page()
        page.goto(address)
        page.wait_for_url(re.compile(r"//[^/]+/[^/?]+$"))  # the user's projects
        page.goto(f"{page.url}/whole-way")
        page.locator(".link-live").wait_for()
        with subprocess.Popen(
            [sys.executable, "-c", SCRIPT],
            env=environ, cwd=environ["HOME"], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        ) as script:  # fmt: skip
            values = delays(script, page, repeats + 1)[1:]  # the first starts core
        browser.close()
    show("log to pixels", OURS, values, "s", LIMIT_S)
    return 0


if __name__ == "__main__":
    sys.exit(main())
