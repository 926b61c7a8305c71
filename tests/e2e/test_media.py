"""Media from the script to the server and back, and how a seed's script logs them."""

import json
from typing import Any

import pytest

from tests.support.stack import Stack

pytest.importorskip("PIL")

SCRIPT = """
import json, threading, numpy as np, wandb
run = wandb.init(project="p", id="r", settings={"console": "off"})
random = np.random.default_rng(1)
def picture(): return wandb.Image(random.integers(0, 256, (9, 7, 3), dtype=np.uint8))
for step in range(3):
    run.log({"loss": step, "examples": [picture() for _ in range(4)]})
def log(number):
    run.log({f"thread {number}": picture()})
threads = [threading.Thread(target=log, args=(number,)) for number in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
run.log({"page": wandb.Html("<b>x</b>"), "big": np.arange(100.0)})
run.summary["best"] = picture()
run.finish()
"""

READ = """
import json, wandb
run = wandb.Api().run("p/r")
names = {file.name: file.size for file in run.files()}
rows = list(run.scan_history())
read = {"names": names, "rows": rows, "summary": run.summary_metrics}
print(json.dumps(read, default=dict))
"""

DOWNLOAD = """
import hashlib, wandb
run = wandb.Api().run("p/r")
best = run.summary_metrics["best"]
run.file(best["path"]).download(root="got")
print(hashlib.sha256(open("got/" + best["path"], "rb").read()).hexdigest())
"""


def objects(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, list):
        return [found for item in value for found in objects(item)]
    if not isinstance(value, dict):
        return []
    own = [value] if "_type" in value else []
    return own + [found for item in value.values() for found in objects(item)]


def test_media_reach_the_server_with_their_rows(
    stack: Stack, official_python: str
) -> None:
    """Read by the official client, which knows nothing of how we made the files."""
    stack.run(SCRIPT)

    def ask(code: str) -> str:
        done = stack.call(official_python, "-c", code, WANDB_BASE_URL=stack.url)
        return done.stdout.splitlines()[-1]

    read = json.loads(ask(READ))

    rows = read["rows"]
    assert [row["_step"] for row in rows] == list(range(8))
    for row in rows[:3]:
        assert row["examples"]["_type"] == "images/separated"
        assert row["examples"]["count"] == 4
        assert set(row["examples"]["filenames"]) <= set(read["names"])
    threads = [key for row in rows[3:7] for key in row if key.startswith("thread")]
    assert sorted(threads) == [f"thread {number}" for number in range(4)]
    assert rows[7]["big"]["_type"] == "histogram"
    assert len(rows[7]["big"]["values"]) == 32
    files = [item for item in objects(rows) if "path" in item]
    assert len(files) == 5
    for item in [*files, read["summary"]["best"]]:
        assert read["names"][item["path"]] == item["size"]
    best = read["summary"]["best"]
    assert ask(DOWNLOAD) == best["sha256"]


IDIOMS = """
import io, wandb, numpy as np, matplotlib
matplotlib.use("agg")
import matplotlib.pyplot as plt
import pandas as pd
run = wandb.init(project="p", mode="offline", settings={"console": "off"})
plt.plot([1, 2, 3]); wandb.log({"chart": plt})
fig, ax = plt.subplots(); ax.imshow(np.random.rand(10, 10)); wandb.log({"heat": fig})
wandb.log({"frame": pd.DataFrame({"a": [1, 2]}), "series": pd.Series([1, 2])})
wandb.log({"e": [wandb.Image(np.random.rand(8, 8), caption=f"{i}") for i in range(3)]})
wandb.log({"plot": wandb.Image(plt), "v": wandb.Video(np.zeros((2, 3, 4, 4)), fps=4)})
wandb.log({"x": [wandb.Image(np.zeros((2, 2))), wandb.Html("a")], "t": (1, 2)})
wandb.log({"no": wandb.Object3D({"type": "lidar/beta", "points": np.ones((2, 3))})})
print("SUMMARY", {k: v.get("_type") for k, v in run.summary.items() if "get" in dir(v)})
run.finish()
"""


def test_idioms_of_scripts_are_stored(stack: Stack) -> None:
    done = stack.run(IDIOMS)

    [line] = [line for line in done.stdout.splitlines() if line.startswith("SUMMARY")]
    types = eval(line.removeprefix("SUMMARY"))  # noqa: S307 - printed by ourselves
    assert types["chart"] == "plotly-file"
    assert types["heat"] == "image-file"
    assert types["frame"] == "table-file"
    assert types["e"] == "images/separated"
    assert (types["v"], types["no"]) == ("video-file", "object3D-file")
    assert "was not logged" not in done.stderr
