"""Files of another host on their way to core, over real TLS, and what is refused."""

import hashlib
import os
import sys
import uuid
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from wandb._core_calls import CoreCalls
from wandb._remote_sending import FileSending, Line
from wandb_core.transaction_log import read_all
from wandb_proto.core_place import CoreAddress
from wandb_proto.places import Places
from wandb_proto.v1 import core_service_pb2 as service
from wandb_proto.v1 import record_pb2 as pb

from tests.contract.test_remote_core import RemoteClient
from tests.support.core_process import PublishStream, open_run, stop_any_core
from tests.support.desk import desk
from tests.support.hosts import remote_variables

MIB = 1 << 20
ARTIFACT = "abcdefgh" * 16


class Run:
    """One run of another host, its log begun."""

    def __init__(self, client: RemoteClient, places: Places) -> None:
        self.client = client
        self.name = uuid.uuid4().hex
        self.ref = service.RunRef(run_id="r", log_path=self.name)
        self.directory = places.state_dir / "remote" / f"run-r-{self.name}"
        """Each run has its own: they share one core."""
        opening = service.StreamOpening(
            stream_id=uuid.uuid4().hex, run_id="r", log_path=self.name, primary=True
        )
        metadata = [("wandb-token", client.address.token)]
        self.stream = PublishStream(client.stub, opening, metadata)
        self.stream.send(1, [open_run("r")])
        self.stream.wait_acknowledged(2)

    def send(self, file: service.CarriedFile, *pieces: bytes, sha256: bytes) -> None:
        """Send a whole file."""
        self.client.ask("CarryFile", self.parts(file, *pieces, sha256=sha256))

    def parts(
        self,
        file: service.CarriedFile,
        *pieces: bytes,
        sha256: bytes = b"",
        offset: int = 0,
    ) -> Iterator[service.FilePart]:
        """The messages of a call; without a hash it breaks off."""
        for number, data in enumerate(pieces):
            part = service.FilePart(offset=offset, data=data)
            if not number:
                part.run.CopyFrom(self.ref)
                part.file.CopyFrom(file)
            if number + 1 == len(pieces):
                part.sha256 = sha256
            offset += len(data)
            yield part

    def log(self, record: pb.Record, sequence: int = 1) -> list[str]:
        """Bring a record into the log; what misses for it."""
        request = service.CarryRecordsRequest(
            run=self.ref,
            stream_id="s",
            first_sequence=sequence,
            records=[record.SerializeToString()],
        )
        return list(self.client.ask("CarryRecords", request).missing)

    def places(self) -> list[Path]:
        """All that lies where logs of other hosts go, but core's own files."""
        below = self.directory.parent
        return sorted(path for path in below.rglob("*") if _is_carried(path))

    def logged(self, kind: str) -> list[Any]:
        """What the log holds of a kind of record."""
        (path,) = self.directory.glob("*.wandb")
        found = [one.record for one in read_all(path)]
        return [getattr(r, kind) for r in found if r.WhichOneof("record_type") == kind]


@pytest.fixture(scope="module")
def core() -> Iterator[tuple[RemoteClient, Places]]:
    """One core for all: it takes longer to start than a test."""
    with desk() as user:
        command = [sys.executable, "-m", "wandb_core", "start", "--export"]
        started = user.call(*command, "--listen", "127.0.0.1:0")
        client = RemoteClient(remote_variables(started.stdout))
        yield client, Places.from_environment(user.env)
        client.channel.close()
        stop_any_core(user.env)


@pytest.fixture
def run(core: tuple[RemoteClient, Places]) -> Iterator[Run]:
    run = Run(*core)
    with run.stream:
        yield run


def _is_carried(path: Path) -> bool:
    return ".wandb" not in path.name and path.name != "arriving"


def digest(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def refusal(call: Callable[[], Any]) -> grpc.StatusCode:
    """How a call fails."""
    with pytest.raises(grpc.RpcError) as caught:
        call()
    code: grpc.StatusCode = caught.value.code()
    return code


def test_a_file_appears_whole_and_then_its_record_is_logged(run: Run) -> None:
    content = os.urandom(2 * MIB + 5)
    file = service.CarriedFile(name="media/a/b.bin", byte_count=len(content))
    record = pb.Record()
    record.files.files.add(path="media/a/b.bin", policy=pb.FilesItem.NOW)
    assert run.log(record) == ["media/a/b.bin"]

    pieces = [content[:MIB], content[MIB : 2 * MIB], content[2 * MIB :]]
    run.send(file, *pieces, sha256=digest(content))
    assert [run.log(record) for _ in range(2)] == [[], []]

    assert (run.directory / "files/media/a/b.bin").read_bytes() == content
    assert [item.path for one in run.logged("files") for item in one.files] == [
        "media/a/b.bin"
    ]


def test_a_call_that_breaks_off_goes_on_where_it_was(run: Run) -> None:
    content = os.urandom(3 * MIB)
    file = service.CarriedFile(name="x", byte_count=len(content))
    run.client.ask("CarryFile", run.parts(file, content[:MIB]))

    request = service.FindCarriedRequest(run=run.ref, file=file)
    found = run.client.ask("FindCarried", request)
    assert (found.byte_count, found.sha256) == (MIB, digest(content[:MIB]))
    assert not (run.directory / "files" / "x").exists()
    rest = run.parts(
        file, content[MIB : 2 * MIB], content[2 * MIB :],
        sha256=digest(content), offset=MIB,
    )  # fmt: skip
    run.client.ask("CarryFile", rest)

    assert (run.directory / "files" / "x").read_bytes() == content
    found = run.client.ask("FindCarried", request)
    assert (found.byte_count, found.sha256) == (len(content), digest(content))


def test_what_is_not_the_file_that_was_meant_is_not_put_there(run: Run) -> None:
    file = service.CarriedFile(name="x", byte_count=3)
    run.send(file, b"abc", sha256=digest(b"abc"))

    wrong_hash = refusal(lambda: run.send(file, b"xyz", sha256=digest(b"abc")))
    too_long = refusal(lambda: run.send(file, b"abcd", sha256=digest(b"abcd")))
    too_short = refusal(lambda: run.send(file, b"ab", sha256=digest(b"ab")))
    gap = refusal(
        lambda: run.client.ask(
            "CarryFile", run.parts(file, b"c", sha256=digest(b"abc"), offset=2)
        )
    )

    assert {wrong_hash, too_long, too_short, gap} == {grpc.StatusCode.ABORTED}
    assert (run.directory / "files" / "x").read_bytes() == b"abc"


OUTSIDE = [
    *(("", name) for name in ("../r.txt", "/tmp/x", "", ".", "a/../../b", "a\0b")),
    *(("", name) for name in ("taken/below", "folder", "n" * 300, "n/" * 3000)),
    ("../../../../../../tmp/aaaaaaaaaaa", "0"),
    ("short", "0"),
    *((ARTIFACT[:32], name) for name in ("../0", "x", "")),
]


def test_no_name_leads_out_of_its_folder(run: Run) -> None:
    for name in ("taken", "folder/a"):
        file = service.CarriedFile(name=name, byte_count=1)
        run.send(file, b"t", sha256=digest(b"t"))
    before = run.places()

    for artifact, name in OUTSIDE:
        file = service.CarriedFile(artifact=artifact, name=name, byte_count=1)
        code = refusal(
            lambda file=file: run.send(file, b"x", sha256=digest(b"x"))  # type: ignore[misc]
        )
        assert code is grpc.StatusCode.INVALID_ARGUMENT, (artifact, name)

    assert run.places() == before


def test_a_link_in_the_run_directory_is_not_followed(run: Run, tmp_path: Path) -> None:
    (run.directory / "files").mkdir(exist_ok=True)
    (run.directory / "files" / "out").symlink_to(tmp_path)

    file = service.CarriedFile(name="out/x", byte_count=1)
    code = refusal(lambda: run.send(file, b"x", sha256=digest(b"x")))

    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert list(tmp_path.glob("x")) == []


def test_paths_of_another_host_name_no_file_here(run: Run) -> None:
    """Neither on the way of the rows nor on that of carried records."""
    record = pb.Record()
    record.artifact.client_id = ARTIFACT
    record.artifact.manifest.manifest_file_path = "/etc/passwd"
    record.artifact.manifest.contents.add(path="p", local_path="/etc/passwd")
    record.artifact.manifest.contents.add(path="q", local_path="../../etc/passwd")
    named = pb.Record()
    named.files.files.add(path="../../../etc/passwd", policy=pb.FilesItem.NOW)
    data = [record.SerializeToString(), named.SerializeToString()]

    run.client.publish("r", run.name, *data)
    assert run.logged("artifact") == []
    assert [list(one.files) for one in run.logged("files")] == [[], []]
    assert refusal(lambda: run.log(named)) is grpc.StatusCode.INVALID_ARGUMENT
    other = pb.Record()
    other.exit.exit_code = 0
    assert refusal(lambda: run.log(other)) is grpc.StatusCode.INVALID_ARGUMENT
    assert run.log(record) == []

    (found,) = run.logged("artifact")
    paths = [entry.local_path for entry in found.manifest.contents]
    for path in (*paths, found.manifest.manifest_file_path):
        assert path.startswith("another host:")


def test_an_artifacts_files_lie_in_its_own_folder(run: Run) -> None:
    record = pb.Record()
    record.artifact.client_id = ARTIFACT
    record.artifact.manifest.contents.add(path="p", local_path="0")
    assert run.log(record) == ["0"]
    file = service.CarriedFile(artifact=ARTIFACT[:32], name="0", byte_count=1)

    run.send(file, b"x", sha256=digest(b"x"))
    assert run.log(record) == []

    (found,) = run.logged("artifact")
    (entry,) = found.manifest.contents
    assert Path(entry.local_path).read_bytes() == b"x"
    folder = run.directory / "artifacts" / "staging" / ARTIFACT[:32]
    assert Path(entry.local_path).parent == folder
    Path(entry.local_path).unlink()  # committed; its sender had no answer, and repeats
    assert run.log(record) == []
    assert len(run.logged("artifact")) == 1


# ---- the sender ----------------------------------------------------------------------


class Changing(CoreCalls):
    """Changes the file after the first part of each call went out."""

    def __init__(self, address: CoreAddress, change: Callable[[], None]) -> None:
        super().__init__(address)
        self.count = 0
        self._change = change

    def ask_in_parts(
        self, method: str, requests: Iterable[Any], timeout_s: float | None = None
    ) -> Any:
        if method == "CarryFile":
            self.count += 1
            requests = self._changed(iter(requests))
        return super().ask_in_parts(method, requests, timeout_s)

    def _changed(self, parts: Iterator[Any]) -> Iterator[Any]:
        yield next(parts)
        self._change()
        yield from parts


def test_a_file_that_changes_while_it_is_sent_arrives_as_it_is_then(
    run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"a" * 3 * MIB)
    changes = iter([b"b" * 3 * MIB])

    def change() -> None:
        if content := next(changes, b""):
            path.write_bytes(content)

    calls = Changing(run.client.address, change)
    FileSending().send(Line(calls, run.ref), path, "", "f")

    assert calls.count == 2
    assert (run.directory / "files" / "f").read_bytes() == b"b" * 3 * MIB


def test_a_file_that_never_rests_arrives_nevertheless(run: Run, tmp_path: Path) -> None:
    """A growing log: a beginning of it is there, and later more."""
    path = tmp_path / "f"
    path.write_bytes(b"a" * 2 * MIB)

    def grow() -> None:
        with path.open("ab") as file:
            file.write(b"more")

    calls = Changing(run.client.address, grow)
    state = FileSending().send(Line(calls, run.ref), path, "", "f")

    found = (run.directory / "files" / "f").read_bytes()
    assert len(found) == state[0] >= 2 * MIB
    assert path.read_bytes().startswith(found)
    assert path.stat().st_size > len(found)


def test_only_the_rest_is_sent_of_what_core_has_in_part(
    run: Run, tmp_path: Path
) -> None:
    content = os.urandom(4 * MIB)
    path = tmp_path / "f"
    path.write_bytes(content)
    file = service.CarriedFile(name="f", byte_count=len(content))
    pieces = [content[:MIB], content[MIB : 2 * MIB]]
    run.client.ask("CarryFile", run.parts(file, *pieces))
    line = Line(CoreCalls(run.client.address), run.ref)

    first, second = FileSending(), FileSending()
    first.send(line, path, "", "f")
    second.send(line, path, "", "f")

    assert (first.sent_bytes, second.sent_bytes) == (2 * MIB, 0)
    assert (run.directory / "files" / "f").read_bytes() == content
