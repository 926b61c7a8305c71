"""`run.save`: which files, under which names, and what core is told.

Names and return values were compared with the official client 0.31.0; where ours differ
(directories among the matches, files that lie in the run's directory) a test says so.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from wandb.errors import UsageError
from wandb_proto.v1 import record_pb2 as pb

MakeRun = Callable[..., Any]


@pytest.fixture
def run_dir(edge: Path) -> Path:
    """Three files in the working directory; the run's own is elsewhere."""
    for name in ("c.txt", "d/b.txt", "d/e/a.txt"):
        path = edge / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    found = edge / "wandb" / "run-1"
    (found / "files").mkdir(parents=True)
    return found


@pytest.fixture
def saving(make_run: MakeRun, run_dir: Path) -> tuple[Any, Callable[[], list[Any]]]:
    """A run, and what its stream was told of files: (name, policy) pairs per call."""
    run, stream = make_run(sync_dir=str(run_dir))

    def told() -> list[Any]:
        return [
            [(item.path, item.policy) for item in record.files.files]
            for record in stream.records
            if record.WhichOneof("record_type") == "files"
        ]

    return run, told


NOW, END, LIVE = (
    pb.FilesItem.NOW,
    pb.FilesItem.END,
    pb.FilesItem.LIVE,
)


@pytest.mark.parametrize(
    ("pattern", "base", "names"),
    [
        ("c.txt", None, ["c.txt"]),
        (b"c.txt", None, ["c.txt"]),
        (Path("c.txt"), None, ["c.txt"]),
        ("d/e/a.txt", None, ["d/e/a.txt"]),
        ("d/e/a.txt", "d", ["e/a.txt"]),
        ("d/**", None, ["d/b.txt", "d/e/a.txt"]),  # official: IsADirectoryError
        ("d/*", None, ["d/b.txt"]),  # the same
        ("{cwd}/d/b.txt", None, ["d/b.txt"]),
        ("{cwd}/d/e/*", "{cwd}", ["d/e/a.txt"]),
        ("../work/c.txt", None, ["c.txt"]),
        ("nothing*", None, []),
        ("gs://bucket/x", None, []),
    ],
)
def test_names_are_relative_to_the_base(
    saving: Any, run_dir: Path, pattern: Any, base: str | None, names: list[str]
) -> None:
    run, told = saving
    if isinstance(pattern, str):
        pattern = pattern.format(cwd=Path.cwd())
    if base is not None:
        base = base.format(cwd=Path.cwd())

    found = run.save(pattern, base_path=base)

    assert found == [str(run_dir / "files" / name) for name in names]
    assert told() == ([[(name, LIVE) for name in names]] if names else [])
    for path in found:
        assert os.path.islink(path)
        text = Path(path).read_text()  # every file holds its own name
        assert Path(path).resolve() == Path.cwd().resolve() / text


def test_a_missing_file_is_told(
    saving: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    run, told = saving

    assert run.save("modle.pt") == []

    assert "there is no file" in (message := capsys.readouterr().err)
    assert str(Path.cwd() / "modle.pt") in message
    assert told() == []


@pytest.mark.parametrize(
    ("policy", "value"), [("now", NOW), ("end", END), ("live", LIVE)]
)
def test_policies_are_told(saving: Any, policy: str, value: int) -> None:
    run, told = saving

    run.save("c.txt", policy=policy)

    assert told() == [[("c.txt", value)]]


@pytest.mark.parametrize(
    ("arguments", "error", "part"),
    [
        ({"glob_str": "c.txt", "policy": "later"}, ValueError, "live, now and end"),
        ({"glob_str": "c.txt", "base_path": "/nope"}, ValueError, "base path /nope"),
        ({"glob_str": "../x.txt"}, ValueError, "base_path="),
        ({"glob_str": "d/e"}, IsADirectoryError, "d/e/*"),
        ({"glob_str": None}, TypeError, ""),
    ],
)
def test_what_cannot_be_saved_says_why(
    saving: Any, arguments: dict[str, Any], error: type[Exception], part: str
) -> None:
    run, told = saving

    with pytest.raises(error) as refusal:
        run.save(**arguments)

    assert part in str(refusal.value)
    assert told() == []


def test_files_in_the_runs_directory_stay_as_they_are(
    saving: Any, run_dir: Path
) -> None:
    """The official client links them once more, under `files/`."""
    run, told = saving
    own = Path(run.dir) / "model" / "weights.bin"
    own.parent.mkdir()
    own.write_text("w")

    assert run.save(str(own)) == [str(own)]
    assert run.save(str(own.parent / "*"), base_path=run.dir) == [str(own)]

    assert told() == [[("model/weights.bin", LIVE)]] * 2
    assert not own.is_symlink()
    assert own.read_text() == "w"


def test_a_pattern_may_be_taken_literally(
    saving: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    run, _ = saving
    Path("[x]*.txt").write_text("x")

    assert len(run.save("[x]*.txt", glob=False)) == 1
    assert run.save("d/*", glob=False) == []
    assert "glob=True" in capsys.readouterr().err


def test_where_links_cannot_be_made_a_copy_is(
    saving: Any, run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError("no links on this file system")

    run, _ = saving
    monkeypatch.setattr(os, "symlink", refuse)

    (found,) = run.save("c.txt")

    assert not os.path.islink(found)
    assert Path(found).read_text() == "c.txt"


def test_a_file_that_cannot_be_placed_is_told_and_the_others_are_saved(
    saving: Any, run_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, told = saving
    (run_dir / "files" / "d").write_text("in the way")
    Path("e.txt").write_text("e")

    assert run.save("d/b.txt") == []
    assert run.save("e.txt") != []

    assert told() == [[("e.txt", LIVE)]]
    assert "d/b.txt is not saved" in capsys.readouterr().err


def test_after_the_end_nothing_can_be_saved(saving: Any) -> None:
    run, _ = saving
    run._ended(None)

    with pytest.raises(UsageError, match="is finished"):
        run.save("c.txt")
