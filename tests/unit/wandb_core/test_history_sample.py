"""The few values that a run's end shows, read from its log."""

from pathlib import Path

from wandb_core import history_sample
from wandb_core.history_sample import VALUES_MAX, WINDOW_BYTES, WINDOWS, sample_history
from wandb_proto.v1 import record_pb2 as pb

from tests.support.logged_runs import LoggedRun


def standing() -> float:
    """A clock that leaves time for everything."""
    return 0.0


def test_a_slow_machine_still_shows_the_whole_length(tmp_path: Path) -> None:
    log = LoggedRun(tmp_path / "run-r1.wandb")
    log.rows(20_000)
    end = log.path.stat().st_size
    ticks = iter(range(10**6))

    values = sample_history(log.path, end, lambda: float(next(ticks)))["loss"]

    assert len(values) == VALUES_MAX
    assert values == sorted(values)
    assert values[0] == 0.0
    assert values[-1] > 19_000 / 7


def test_short_log_gives_every_value(tmp_path: Path) -> None:
    log = LoggedRun(tmp_path / "run-r1.wandb")
    log.rows(3, text="x", flag=True)
    log.exit()

    sample = sample_history(log.path, log.path.stat().st_size)

    assert sample == {"loss": [0.0, 1 / 7, 2 / 7]}


def test_values_are_thinned_from_first_to_last(tmp_path: Path) -> None:
    log = LoggedRun(tmp_path / "run-r1.wandb")
    log.rows(1000)

    (values,) = sample_history(log.path, log.path.stat().st_size, standing).values()

    assert len(values) == VALUES_MAX
    assert (values[0], values[-1]) == (0.0, 999 / 7)
    assert values == sorted(values)


def test_long_log_is_read_in_windows_from_both_ends(tmp_path: Path) -> None:
    """A pad makes each row larger than a few KiB: the log has many more blocks."""
    log = LoggedRun(tmp_path / "run-r1.wandb")
    log.rows(1000, pad="x" * 5000)
    end = log.path.stat().st_size
    assert end > 2 * WINDOWS * WINDOW_BYTES

    values = sample_history(log.path, end, standing)["loss"]

    assert len(values) == VALUES_MAX
    assert values == sorted(values)
    assert values[0] < 50 / 7
    assert values[-1] > 950 / 7


def test_many_keys_are_limited(tmp_path: Path) -> None:
    log = LoggedRun(tmp_path / "run-r1.wandb")
    log.rows(1, **{f"k{index}": 1 for index in range(history_sample.KEYS_MAX + 50)})

    assert len(sample_history(log.path, log.path.stat().st_size)) == (
        history_sample.KEYS_MAX
    )


def test_facts_about_media_are_no_metrics(tmp_path: Path) -> None:
    log = LoggedRun(tmp_path / "run-r1.wandb")
    row = pb.HistoryRecord()
    for path, text in (("_type", '"image-file"'), ("size", "9")):
        row.item.add(nested_key=["img", path], value_json=text)
    row.item.add(key="imgs", value_json="1")
    log.append(pb.Record(history=row))

    assert sample_history(log.path, log.path.stat().st_size) == {"imgs": [1.0]}
