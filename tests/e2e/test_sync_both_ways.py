"""Logs are interchangeable: the official sync uploads ours, ours uploads theirs."""

from pathlib import Path
from typing import Any

from tests.support.stack import Stack

SCRIPT = """
import wandb
run = wandb.init(project="exchange", id="{id}", name="a name", mode="offline",
                 config={{"lr": 0.1, "nested": {{"a": [1, 2]}}, "dot.key": "x"}},
                 tags=["one", "two"], settings=wandb.Settings(console="off"))
run.define_metric("acc", summary="max")
run.define_metric("epoch/*", step_metric="epoch/number")
for i in range(50):
    nest = {{"x": i, "y": {{"z": str(i)}}}}
    run.log({{"loss": 1 / (i + 1), "nest": nest, "acc": i % 7}})
run.log({{"whole": 3.0, "gap": float("nan"), "top": float("inf")}}, step=100)
run.log({{"again": True}}, step=100, commit=True)
run.summary["explicit"] = {{"best": 0.5}}
run.config.update({{"late": [1.5, None]}})
run.finish()
"""

ROWS = "[row for row in api.run('exchange/{id}').scan_history()]"
FACTS = """(lambda run: [
    run.state, run.name, run.tags, dict(run.config), dict(run.summary)
])(api.run('exchange/{id}'))"""
VOLATILE = ("_timestamp", "_runtime", "_wandb")


def comparable(value: Any) -> Any:
    """Without what differs between two uploads; NaN as text, so that it equals."""
    if isinstance(value, dict):
        return {k: comparable(v) for k, v in value.items() if k not in VOLATILE}
    if isinstance(value, list):
        return [comparable(item) for item in value]
    return repr(value) if isinstance(value, float) else value


def read(stack: Stack, run_id: str) -> tuple[Any, Any]:
    rows = stack.ask(ROWS.format(id=run_id))
    return comparable(rows), comparable(stack.ask(FACTS.format(id=run_id)))


def offline_log(cwd: Path, run_id: str) -> Path:
    (log,) = cwd.glob(f"wandb/offline-run-*-{run_id}/run-{run_id}.wandb")
    return log


def test_our_log_is_the_same_through_the_official_sync_and_our_own(
    stack: Stack, official_python: str
) -> None:
    stack.run(SCRIPT.format(id="ours"))
    log = offline_log(stack.cwd, "ours")

    stack.wandb("sync", str(log), "--id", "by-us")
    stack.call(
        official_python, "-m", "wandb", "sync", str(log),
        "--include-synced", "--id", "by-them", "--yes",
        WANDB_BASE_URL=stack.url,
    )  # fmt: skip

    by_us, by_them = read(stack, "by-us"), read(stack, "by-them")
    assert len(by_us[0]) == 51
    assert by_us[0] == by_them[0]
    assert by_us[1] == by_them[1]


def test_the_same_script_offline_under_both_packages_reads_back_equal(
    stack: Stack, official_python: str
) -> None:
    """The official SDK's log is uploaded by our sync; twice changes nothing."""
    theirs = stack.cwd / "theirs.py"
    theirs.write_text(SCRIPT.format(id="theirs"), encoding="utf-8")
    stack.call(official_python, str(theirs))
    stack.run(SCRIPT.format(id="ours"))

    for run_id in ("theirs", "ours"):
        stack.wandb("sync", str(offline_log(stack.cwd, run_id)))
    once = read(stack, "theirs")
    stack.wandb("sync", "--include-synced", str(offline_log(stack.cwd, "theirs")))

    assert read(stack, "theirs") == once
    assert once == read(stack, "ours")
