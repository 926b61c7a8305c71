"""Drafts: what can be added, how it is named, copied and digested.

Digests are computed here from the description of the format, not by our code.
"""

import base64
import datetime
import gc
import gzip
import hashlib
import http.server
import json
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import wandb
from wandb.sdk.artifacts.exceptions import (
    ArtifactFinalizedError,
    ArtifactNotLoggedError,
)
from wandb.sdk.data_types.base_types.wb_value import WBValue
from wandb_proto.v1 import record_pb2 as pb


def md5(content: bytes) -> str:
    return base64.b64encode(hashlib.md5(content).digest()).decode()


def artifact_of(stream: Any) -> pb.ArtifactRecord:
    kinds = [(r, r.WhichOneof("record_type")) for r in stream.records]
    (found,) = [record.artifact for record, kind in kinds if kind == "artifact"]
    return found


@pytest.fixture
def files(edge: Path) -> Path:
    (edge / "a.txt").write_bytes(b"hello")
    (edge / "dir" / "sub").mkdir(parents=True)
    (edge / "dir" / "one").write_bytes(b"1")
    (edge / "dir" / "sub" / "two").write_bytes(b"22")
    return edge


@pytest.mark.parametrize("name", ["a b", "a/b", "", "x" * 129, "é", "a:b"])
def test_names_that_cannot_be_are_refused(edge: Path, name: str) -> None:
    with pytest.raises(ValueError, match="Artifact name"):
        wandb.Artifact(name, "t")


def test_reserved_types_are_refused(edge: Path) -> None:
    for name in ("job", "wandb-x"):
        with pytest.raises(ValueError, match="reserved for internal use"):
            wandb.Artifact("x", name)
    assert wandb.Artifact("x", "run").type == "run"


def test_metadata_is_checked_and_made_plain(edge: Path) -> None:
    made = wandb.Artifact("x", "t", metadata={"a": (1, 2), "n": float("nan")})

    assert made.metadata == {"a": [1, 2], "n": None}
    with pytest.raises(ValueError, match="100 metadata keys"):
        wandb.Artifact("x", "t", metadata={str(i): i for i in range(101)})
    with pytest.raises(TypeError, match="metadata"):
        wandb.Artifact("x", "t", metadata=[1])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="not JSON compliant"):
        made.metadata = {"x": float("inf")}


def test_digests_are_those_of_the_format(files: Path) -> None:
    made = wandb.Artifact("x", "t")

    made.add_file("a.txt")
    made.add_dir("dir", name="d")
    made.add_reference("https://x.org/r", checksum=False)

    entries = made.manifest.entries
    assert {path: (e.digest, e.size) for path, e in entries.items()} == {
        "a.txt": (md5(b"hello"), 5),
        "d/one": (md5(b"1"), 1),
        "d/sub/two": (md5(b"22"), 2),
        "r": ("https://x.org/r", None),
    }
    text = "wandb-artifact-manifest-v1\n" + "".join(
        f"{path}:{digest}\n"
        for path, digest in sorted(
            [
                ("a.txt", md5(b"hello")),
                ("d/one", md5(b"1")),
                ("d/sub/two", md5(b"22")),
                ("r", "https://x.org/r"),
            ]
        )
    )
    assert made.digest == hashlib.md5(text.encode()).hexdigest()
    assert made.size == 8


def test_file_may_change_right_after_it_was_added(files: Path) -> None:
    made = wandb.Artifact("x", "t")
    entry = made.add_file("a.txt")

    (files / "a.txt").write_bytes(b"other")

    assert Path(entry.local_path or "").read_bytes() == b"hello"


def test_immutable_file_is_not_copied(files: Path) -> None:
    entry = wandb.Artifact("x", "t").add_file("a.txt", policy="immutable")

    assert entry.local_path == str(files / "a.txt")
    with pytest.raises(ValueError, match="mutable"):
        wandb.Artifact("x", "t").add_file("a.txt", policy="bogus")


def test_same_path_twice_needs_the_same_content(files: Path) -> None:
    made = wandb.Artifact("x", "t")
    made.add_file("a.txt")
    made.add_file("a.txt")
    (files / "b").write_bytes(b"b")

    with pytest.raises(ValueError, match=r"Cannot add the same path twice: 'a\.txt'"):
        made.add_file("b", name="a.txt")
    made.add_file("b", name="a.txt", overwrite=True)

    assert made.manifest.entries["a.txt"].digest == md5(b"b")


def test_paths_cannot_lead_out(files: Path) -> None:
    made = wandb.Artifact("x", "t")

    for name in ("../a", "q/../../a", "/abs"):
        with pytest.raises(ValueError, match="Invalid artifact path"):
            made.add_file("a.txt", name=name)
    for path in ("missing", "dir"):
        with pytest.raises(ValueError, match="Path is not a file"):
            made.add_file(path)
    with pytest.raises(ValueError, match="Path is not a directory"):
        made.add_dir("a.txt")


def test_temporary_file_is_named_after_its_content(files: Path) -> None:
    entry = wandb.Artifact("x", "t").add_file("a.txt", is_tmp=True)

    assert entry.path == hashlib.md5(b"hello").hexdigest()[:20] + ".txt"


def test_new_file_is_added_at_the_end_of_its_block(edge: Path) -> None:
    made = wandb.Artifact("x", "t")
    with made.new_file("d/n.txt") as file:
        file.write("new")

    assert made.manifest.entries["d/n.txt"].digest == md5(b"new")
    with (
        pytest.raises(ValueError, match="already exists"),
        made.new_file("d/n.txt"),
    ):
        pass
    with pytest.raises(KeyError), made.new_file("broken") as file:
        raise KeyError
    assert list(made.manifest.entries) == ["d/n.txt"]


def test_remove_takes_files_and_directories(files: Path) -> None:
    made = wandb.Artifact("x", "t")
    made.add_dir("dir")

    made.remove("sub")
    assert list(made.manifest.entries) == ["one"]
    made.remove("one")
    with pytest.raises(FileNotFoundError):
        made.remove("one")


def test_added_paths_are_remembered(files: Path) -> None:
    made = wandb.Artifact("x", "t")
    made.add_file("a.txt", name="renamed")

    assert made.get_added_local_path_name(str(files / "a.txt")) == "renamed"
    assert made.get_added_local_path_name("dir/one") is None


def test_file_reference_covers_a_directory(files: Path) -> None:
    made = wandb.Artifact("x", "t")
    uri = (files / "dir").as_uri()

    made.add_reference(uri, name="d")

    entry = made.manifest.entries["d/sub/two"]
    assert (entry.ref, entry.digest) == (f"{uri}/sub/two", md5(b"22"))
    assert entry.ref_target() == str(files / "dir" / "sub" / "two")
    with pytest.raises(ValueError, match="Exceeded 1 objects"):
        made.add_reference(uri, max_objects=1)
    with pytest.raises(ValueError, match="must be a valid file or directory"):
        made.add_reference("file:///nowhere")
    with pytest.raises(ValueError, match="must be URIs"):
        made.add_reference("dir")
    with pytest.raises(ValueError, match="must pass name"):
        made.add_reference("ftp2://x")


@pytest.fixture
def web() -> Iterator[str]:
    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("ETag", '"abc"')
            self.send_header("Content-Length", "3")
            self.end_headers()
            self.wfile.write(b"xyz")

        def log_message(self, *_arguments: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_http_reference_is_identified_by_its_etag(edge: Path, web: str) -> None:
    made = wandb.Artifact("x", "t")

    (entry,) = made.add_reference(f"{web}/file.bin")

    assert (entry.path, entry.digest, entry.size) == ("file.bin", "abc", 3)
    assert entry.extra == {"etag": '"abc"'}


def test_final_artifact_cannot_be_changed(files: Path) -> None:
    made = wandb.Artifact("x", "t")
    made.finalize()

    with pytest.raises(ArtifactFinalizedError, match="Can't modify"):
        made.add_file("a.txt")
    with pytest.raises(AttributeError):
        made.remove("a.txt")


def test_what_only_a_server_knows_is_refused_before(edge: Path) -> None:
    made = wandb.Artifact("x", "t")

    for name in ("version", "aliases", "entity", "url", "created_at", "ttl"):
        with pytest.raises(ArtifactNotLoggedError, match=f"Artifact.{name}"):
            getattr(made, name)
    for call in (made.download, made.wait, made.files, made.verify, made.new_draft):
        with pytest.raises(ArtifactNotLoggedError):
            call()
    assert (made.id, made.name, made.state, made.is_draft()) == (
        None,
        "x",
        "PENDING",
        True,
    )


def test_ttl_is_checked(edge: Path) -> None:
    made = wandb.Artifact("x", "t")

    made.ttl = datetime.timedelta(days=1)
    assert made.ttl == datetime.timedelta(days=1)
    made.ttl = wandb.ArtifactTTL.INHERIT
    assert made.ttl is None
    with pytest.raises(ValueError, match="positive"):
        made.ttl = datetime.timedelta(0)


def test_staged_files_of_a_forgotten_draft_go(files: Path, tmp_path: Path) -> None:
    made = wandb.Artifact("x", "t")
    made.add_file("a.txt")
    staging = tmp_path / "data" / "artifacts" / "staging"
    assert len(list(staging.rglob("*"))) == 2

    del made
    gc.collect()

    assert list(staging.rglob("*")) == []


def test_logged_artifact_is_one_record(
    files: Path, make_run: Callable[..., Any], tmp_path: Path
) -> None:
    run, stream = make_run()
    made = wandb.Artifact("x", "t", description="d", metadata={"k": 1})
    made.add_file("a.txt")
    made.ttl = datetime.timedelta(minutes=1)

    assert run.log_artifact(made, aliases=["best"], tags=["one"]) is made

    record = artifact_of(stream)
    assert (record.name, record.type, record.description) == ("x", "t", "d")
    assert (record.metadata, record.digest) == ('{"k":1}', made.digest)
    assert (list(record.aliases), list(record.tags)) == (["best", "latest"], ["one"])
    assert (record.finalize, record.ttl_duration_seconds) == (True, 60)
    assert (len(record.client_id), len(record.sequence_client_id)) == (128, 128)
    (entry,) = record.manifest.contents
    local = Path(entry.local_path)
    assert local.parent.name == record.client_id[:32]
    del made
    gc.collect()
    assert local.read_bytes() == b"hello", "now core removes it"


def test_path_becomes_an_artifact_named_after_it(
    files: Path, make_run: Callable[..., Any]
) -> None:
    run, _ = make_run()

    assert run.log_artifact("a.txt").name == "run-abc-a.txt"
    logged = run.log_artifact("dir", name="d", type="dataset")
    assert (logged.name, logged.type) == ("d", "dataset")
    assert sorted(logged.manifest.entries) == ["one", "sub/two"]
    model = run.log_model("a.txt", aliases=["prod"])
    assert (model.name, model.type) == ("run-abc-a.txt", "model")
    with pytest.raises(ValueError, match="there is nothing at 'missing'"):
        run.log_artifact("missing")
    with pytest.raises(ValueError, match="Aliases"):
        run.log_artifact("a.txt", aliases=["a/b"])


def test_large_manifest_goes_to_a_file(
    edge: Path, make_run: Callable[..., Any]
) -> None:
    run, stream = make_run()
    made = wandb.Artifact("big", "t")
    for index in range(16_385):
        made.add_reference(f"s4://b/{index}", name=f"p{index:05}")

    run.log_artifact(made)

    manifest = artifact_of(stream).manifest
    assert len(manifest.contents) == 0
    with gzip.open(manifest.manifest_file_path, "rt") as file:
        lines = [json.loads(line) for line in file]
    assert len(lines) == 16_385
    assert lines[1] == {
        "path": "p00001",
        "digest": "s4://b/1",
        "ref": "s4://b/1",
        "extra": {},
        "skip_cache": False,
    }


def test_writers_of_one_version_need_a_common_name(
    files: Path, make_run: Callable[..., Any]
) -> None:
    run, stream = make_run()

    with pytest.raises(TypeError, match="distributed_id"):
        run.upsert_artifact("a.txt")
    run.upsert_artifact("a.txt", name="joint", distributed_id="g")

    record = artifact_of(stream)
    assert (record.distributed_id, record.finalize) == ("g", False)


def test_offline_run_uses_nothing(edge: Path, make_run: Callable[..., Any]) -> None:
    run, _ = make_run(mode="offline")

    with pytest.raises(TypeError, match="Cannot use artifact when in offline mode"):
        run.use_artifact("x:latest")
    with pytest.raises(TypeError, match="offline"):
        run.use_model("x:latest")
    with pytest.raises(ArtifactNotLoggedError):
        run.log_artifact(wandb.Artifact("x", "t")).wait()


def test_code_is_chosen_by_name_or_function(
    edge: Path, make_run: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("main.py", "data.csv", "requirements.txt", "wandb/own.py", "p/q.py"):
        path = edge / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
    run, _ = make_run(program="main.py")

    logged = run.log_code()
    chosen = run.log_code(
        ".", "tables", lambda path: path.endswith(".csv"), lambda path, root: False
    )

    assert (logged.name, logged.type) == ("source-p-main.py", "code")
    assert sorted(logged.manifest.entries) == ["main.py", "p/q.py", "requirements.txt"]
    assert (chosen.name, list(chosen.manifest.entries)) == ("tables", ["data.csv"])
    assert run.log_code(include_fn=lambda path: False) is None
    capsys.readouterr()
    assert run.log_code("nowhere") is None
    assert f"no source file below {os.path.abspath('nowhere')}" in (
        capsys.readouterr().err
    )


class _Value(WBValue):
    _log_type = "test-value"

    def to_json(self, run_or_artifact: Any) -> dict[str, Any]:
        with run_or_artifact.new_file("media/part.bin", mode="wb") as file:
            file.write(b"part")
        return {"_type": "test-value", "path": "media/part.bin"}


def test_value_is_added_with_its_files_once(edge: Path) -> None:
    made, value = wandb.Artifact("x", "t"), _Value()

    entry = made.add(value, "v")

    assert entry.path == "v.test-value.json"
    assert made.add(value, "other") is entry
    assert sorted(made.manifest.entries) == ["media/part.bin", "v.test-value.json"]
    assert json.loads(Path(entry.local_path).read_text())["_type"] == "test-value"
    with pytest.raises(TypeError, match="media object"):
        made.add(5, "n")


def test_names_of_artifacts_and_collections_are_understood(edge: Path) -> None:
    from wandb.sdk.artifacts.look_up import parse_path

    assert parse_path("x", "e", "p") == ("e", "p", "x")
    assert parse_path("q/x:v1", "e", "p") == ("e", "q", "x:v1")
    assert parse_path("f/q/x:best", None, None) == ("f", "q", "x:best")
    for path in ("a/b/c/d", "//x", ""):
        with pytest.raises(ValueError, match="Invalid artifact path"):
            parse_path(path, "e", "p")
    with pytest.raises(ValueError, match="names no project"):
        parse_path("x:v0", "e", None)


def test_disabled_run_takes_everything_and_does_nothing(files: Path) -> None:
    run = wandb.init(mode="disabled")

    logged = run.log_artifact("a.txt")

    assert logged.wait().anything is not None
    assert run.link_artifact(logged, "x") is not None
    assert run.log_code() is None
    run.finish()
    assert not os.path.exists("artifacts")
