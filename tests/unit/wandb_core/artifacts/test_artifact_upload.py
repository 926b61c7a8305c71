"""Artifacts on their way from a log to a server over real HTTP."""

import asyncio
import base64
import gzip
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from wandb_core.artifacts.file_uploads import FileUploads
from wandb_core.artifacts.manifest import Entry
from wandb_core.artifacts.state_file import StateFile
from wandb_core.server_client import ServerClient
from wandb_core.server_client.artifact_calls import ArtifactCalls
from wandb_proto.v1 import record_pb2 as pb

from tests.support.artifact_records import artifact_record, md5
from tests.support.fake_server import API_KEY, FakeServer, Fault
from tests.support.logged_runs import LoggedRun
from tests.support.manual_clock import RecordingNotifier
from tests.support.uploads import log_path, uploader
from tests.support.waiting import wait_until_async

SEQUENCE = [
    "CreateArtifact",
    "CreateArtifactManifest",
    "CreateArtifactFiles",
    "put_blob",
    "CreateArtifactManifest",
    "put_blob",
    "CommitArtifact",
]


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    async with FakeServer() as server:
        yield server


@pytest.fixture
def log(tmp_path: Path) -> Iterator[LoggedRun]:
    log = LoggedRun(log_path(tmp_path))
    yield log
    log.close()


def staged_file(record: pb.Record) -> Path:
    return Path(record.artifact.manifest.contents[0].local_path)


def artifact_requests(server: FakeServer) -> list[str]:
    return [request.kind for request in server.requests if request.kind in SEQUENCE]


async def test_artifact_arrives_in_the_order_of_calls_that_servers_know(
    log: LoggedRun, server: FakeServer, tmp_path: Path
) -> None:
    record = artifact_record(
        tmp_path,
        files={"a.txt": b"hello"},
        references={"b": "https://x.org/b"},
        description="text",
        metadata='{"k":1}',
        ttl_duration_seconds=60,
    )
    record.artifact.tags.append("t")
    log.append(record)
    log.exit()

    end = await uploader(log, server).run()

    (version,) = server.artifacts.committed("data")
    assert end.uploaded
    assert artifact_requests(server) == SEQUENCE
    assert server.run("r1").complete
    fields = version.fields
    assert (fields["entityName"], fields["projectName"]) == ("tester", "p")
    assert (fields["runName"], fields["artifactTypeName"]) == ("r1", "dataset")
    assert fields["aliases"] == [{"artifactCollectionName": "data", "alias": "latest"}]
    assert (fields["digest"], fields["metadata"]) == (record.artifact.digest, '{"k":1}')
    assert (fields["tags"], fields["ttlDurationSeconds"]) == ([{"tagName": "t"}], 60)
    assert fields["enableDigestDeduplication"] is True
    assert server.artifacts.manifest(version) == {
        "version": 1,
        "storagePolicy": "wandb-storage-policy-v1",
        "storagePolicyConfig": {"storageLayout": "V2"},
        "contents": {
            "a.txt": {
                "digest": "XUFAKrxLKna5cZ2REBfFkg==",
                "birthArtifactID": version.id,
                "size": 5,
            },
            "b": {"digest": "https://x.org/b", "ref": "https://x.org/b"},
        },
    }
    put = server.of_kind("put_blob")[0]
    assert put.body == b"hello"
    assert "Authorization" not in put.headers
    assert put.headers["X-Storage"] == "yes"


async def test_staged_files_go_after_the_commit_and_those_of_users_stay(
    log: LoggedRun, server: FakeServer, tmp_path: Path
) -> None:
    mine = tmp_path / "mine.txt"
    mine.write_bytes(b"mine")
    staged = artifact_record(tmp_path, "staged", {"a": b"a"})
    users = artifact_record(tmp_path, "users")
    users.artifact.manifest.contents.add(
        path="m", digest=md5(b"mine"), size=4, local_path=str(mine)
    )
    log.append(staged, users)
    log.exit()

    await uploader(log, server).run()

    assert len(server.artifacts.committed("users")) == 1
    assert mine.exists()
    assert not Path(staged.artifact.manifest.contents[0].local_path).parent.exists()


async def test_same_content_is_sent_once(
    log: LoggedRun, server: FakeServer, tmp_path: Path
) -> None:
    first = artifact_record(tmp_path, "one", {"a": b"same", "b": b"same", "c": b"c"})
    again = artifact_record(tmp_path, "two", {"x": b"same", "y": b"new"})
    repeated = artifact_record(tmp_path, "one", {"a": b"same", "b": b"same", "c": b"c"})
    repeated.artifact.client_id = "r" * 128
    log.append(first, again, repeated)
    log.exit()

    await uploader(log, server).run()

    files = [r.body for r in server.of_kind("put_blob") if b"wandb-st" not in r.body]
    assert sorted(files) == [b"c", b"new", b"same"]
    assert len(server.artifacts.committed("one")) == 1


async def test_versions_are_numbered_in_the_order_of_the_log(
    log: LoggedRun, server: FakeServer, tmp_path: Path
) -> None:
    for index in range(5):
        content = {"a": b"x" * (100_000 if index == 0 else index)}
        log.append(artifact_record(tmp_path, "m", content, client_id=str(index) * 128))
    log.exit()

    await uploader(log, server).run()

    versions = server.artifacts.committed("m")
    assert [v.fields["clientID"][0] for v in versions] == list("01234")
    assert [v.manifests[0]["base"] for v in versions[1:]] == [
        v.id for v in versions[:-1]
    ]


async def test_killed_upload_goes_on_and_sends_only_what_misses(
    log: LoggedRun, server: FakeServer, tmp_path: Path
) -> None:
    """Goal: a core that dies in the middle of an artifact. Method: its files are
    refused for the moment, the upload is cancelled, three of five files get there,
    and another upload goes on from the log.
    """
    files = {f"f{index}": bytes([index]) * 1000 for index in range(5)}
    log.append(artifact_record(tmp_path, "done", {"d": b"done"}))
    first = asyncio.get_running_loop().create_task(uploader(log, server).run())
    await wait_until_async(lambda: bool(server.artifacts.committed("done")))
    server.fail("put_blob", Fault(status=503), times=None)
    log.append(artifact_record(tmp_path, "half", files))
    log.exit()
    await log.announce()
    await wait_until_async(lambda: server.failure_count > 0)
    first.cancel()
    await asyncio.wait([first])
    await server.down()  # what is still on its way from the first one is gone
    await server.up()
    for index in range(3):
        server.artifacts.put(
            base64.b64decode(md5(files[f"f{index}"])).hex(), files[f"f{index}"]
        )
    server.heal()
    server.requests.clear()

    end = await uploader(log, server).run()

    sent = [r.body for r in server.of_kind("put_blob") if b"wandb-st" not in r.body]
    assert end.uploaded
    assert sorted(sent) == [files["f3"], files["f4"]]
    assert len(server.artifacts.committed("half")) == 1
    assert len(server.of_kind("CreateArtifact")) == 1, "`done` was not begun again"
    assert len(server.artifacts.versions) == 2


async def test_passing_trouble_anywhere_changes_nothing(
    log: LoggedRun, server: FakeServer, tmp_path: Path
) -> None:
    log.append(artifact_record(tmp_path, "data", {"a": b"a", "b": b"b"}))
    log.exit()
    for kind in dict.fromkeys(SEQUENCE):
        server.fail(kind, Fault(status=503))
        server.fail(kind, Fault.connection_reset(after=True))

    end = await uploader(log, server).run()

    assert end.uploaded
    assert len(server.artifacts.committed("data")) == 1
    assert server.artifacts.blobs.keys() >= {
        "0cc175b9c0f1b6a831c399e269772661",
        "92eb5ffee6ae2fec3ad71c777531578f",
    }


async def test_refused_artifact_is_told_and_the_run_goes_on(
    log: LoggedRun, server: FakeServer, tmp_path: Path
) -> None:
    notifier = RecordingNotifier()
    lost = artifact_record(tmp_path, "lost", {"a": b"a"})
    staged_file(lost).unlink()
    changed = artifact_record(tmp_path, "changed", {"a": b"a"})
    staged_file(changed).write_bytes(b"longer")
    log.append(lost, changed, artifact_record(tmp_path, "good", {"a": b"a"}))
    log.rows(1)
    log.exit()
    upload = uploader(log, server, notifier)

    end = await upload.run()

    assert end.uploaded
    assert end.missing_files == ("artifact lost", "artifact changed")
    assert len(server.artifacts.committed("good")) == 1
    assert server.artifacts.committed("changed") == []
    outcome = await upload.artifact_outcome(lost.artifact.client_id, 1.0)
    assert outcome.state == "failed"
    assert "cannot be read" in outcome.error
    told = " ".join(text for _, text in notifier.told)
    assert "artifact lost was not uploaded" in told
    assert "has changed since it was added (1 bytes then, 6 now)" in told


async def test_failed_artifact_is_tried_again_by_the_next_upload(
    log: LoggedRun, server: FakeServer, tmp_path: Path
) -> None:
    record = artifact_record(tmp_path, "data", {"a": b"a"})
    log.append(record)
    log.exit()
    server.fail("CreateArtifact", Fault(status=400), times=None)
    await uploader(log, server).run()
    server.heal()

    end = await uploader(log, server).run()

    assert end.missing_files == ()
    assert len(server.artifacts.committed("data")) == 1


async def test_expired_address_is_asked_for_again(
    log: LoggedRun, server: FakeServer, tmp_path: Path
) -> None:
    log.append(artifact_record(tmp_path, "data", {"a": b"a"}))
    log.exit()
    server.fail("put_blob", Fault(status=403))

    await uploader(log, server).run()

    assert len(server.artifacts.committed("data")) == 1
    assert len(server.of_kind("CreateArtifactFiles")) == 2


async def test_reference_by_client_id_gets_the_id_of_the_server(
    log: LoggedRun, server: FakeServer, tmp_path: Path
) -> None:
    source = artifact_record(tmp_path, "source", {"a": b"a"})
    client_id = source.artifact.client_id
    refs = {
        "a": f"wandb-client-artifact://{client_id}/a",
        "b": f"wandb-client-artifact://{client_id}:latest/x/b",
    }
    log.append(source, artifact_record(tmp_path, "user", references=refs))
    log.exit()

    await uploader(log, server).run()

    (made,) = server.artifacts.committed("source")
    (user,) = server.artifacts.committed("user")
    hex_id = base64.b64decode(made.id).hex()
    contents = server.artifacts.manifest(user)["contents"]
    assert contents["a"]["ref"] == f"wandb-artifact://{hex_id}/a"
    assert contents["b"]["ref"] == f"wandb-artifact://{hex_id}/x/b"


async def test_use_is_told_of_found_and_of_new_versions(
    log: LoggedRun, server: FakeServer, tmp_path: Path
) -> None:
    record = artifact_record(tmp_path, "new", {"a": b"a"}, use_after_commit=True)
    log.append(record)
    log.append(artifact_record(tmp_path, "found", {"b": b"b"}))
    log.exit()
    await uploader(log, server).run()
    (found,) = server.artifacts.committed("found")
    other = LoggedRun(log_path(tmp_path, "r2", "run-2"), "r2")
    other.append(pb.Record(use_artifact=pb.UseArtifactRecord(id=found.id, name="x")))
    other.exit()

    await uploader(other, server).run()
    other.close()

    assert server.artifacts.committed("new")[0].used_by == ["r1"]
    assert found.used_by == ["r2"]


async def test_parts_of_one_version_are_committed_by_the_last(
    log: LoggedRun, server: FakeServer, tmp_path: Path
) -> None:
    common = {"distributed_id": "group"}
    log.append(
        artifact_record(tmp_path, "joint", {"a": b"a"}, finalize=False, **common)
    )
    last = artifact_record(
        tmp_path, "joint", {"b": b"b"}, client_id="b" * 128, **common
    )
    log.append(last)
    log.append(artifact_record(tmp_path, "more", {"c": b"c"}, incremental_beta1=True))
    log.exit()

    await uploader(log, server).run()

    kinds = [
        (v.fields["distributedID"], v.manifests[0]["type"], v.manifests[0]["name"])
        for v in server.artifacts.versions.values()
    ]
    patch = ("group", "PATCH", "wandb_manifest.patch.json")
    increment = (None, "INCREMENTAL", "wandb_manifest.incremental.json")
    assert kinds == [patch, patch, increment]
    assert len(server.of_kind("UpdateArtifactManifest")) == 3
    assert len(server.of_kind("CommitArtifact")) == 2


async def test_large_manifest_is_read_from_its_file(
    log: LoggedRun, server: FakeServer, tmp_path: Path
) -> None:
    record = artifact_record(tmp_path, "large", {"a": b"a"})
    entry = record.artifact.manifest.contents[0]
    lines = [
        {
            "path": "a",
            "digest": entry.digest,
            "size": 1,
            "local_path": entry.local_path,
        },
        {"path": "r", "digest": "s3://b/k", "ref": "s3://b/k", "extra": {"etag": "e"}},
    ]
    file = Path(entry.local_path).with_name("manifest.jl.gz")
    with gzip.open(file, "wt") as out:
        out.writelines(json.dumps(line) + "\n" for line in lines)
    record.artifact.manifest.ClearField("contents")
    record.artifact.manifest.manifest_file_path = str(file)
    log.append(record)
    log.exit()

    await uploader(log, server).run()

    (version,) = server.artifacts.committed("large")
    contents = server.artifacts.manifest(version)["contents"]
    assert contents["a"]["size"] == 1
    assert contents["r"] == {
        "digest": "s3://b/k",
        "ref": "s3://b/k",
        "extra": {"etag": "e"},
    }
    assert not file.exists()


async def test_large_file_goes_in_parts(server: FakeServer, tmp_path: Path) -> None:
    content = bytes(range(256)) * 1000
    path = tmp_path / "large"
    path.write_bytes(content)
    server.artifacts.takes_parts = True
    entry = Entry("large", md5(content), size=len(content), local_path=str(path))
    told: list[int] = []
    async with ServerClient(server.base_url, API_KEY) as client:
        uploads = FileUploads(
            client,
            ArtifactCalls(client),
            _Once(),
            "QQ==",
            "TQ==",
            told.append,
            parts_from_bytes=1000,
            part_bytes_min=100_000,
        )
        await uploads.send([entry])

    assert [len(r.body) for r in server.of_kind("put_blob")] == [
        100_000,
        100_000,
        56_000,
    ]
    assert content in server.artifacts.blobs.values()
    assert sum(told) == len(content)


async def test_outcome_is_known_while_and_after_the_upload(
    log: LoggedRun, server: FakeServer, tmp_path: Path
) -> None:
    record = artifact_record(tmp_path, "data", {"a": b"a"})
    client_id = record.artifact.client_id
    log.append(record)
    server.fail("CommitArtifact", Fault(status=503), times=None)
    upload = uploader(log, server)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(upload.run())
        await wait_until_async(lambda: server.failure_count > 0)
        assert (await upload.artifact_outcome(client_id, 0.01)).state == "pending"
        assert upload.status.artifacts_left == 1
        server.heal()
        outcome = await upload.artifact_outcome(client_id, 5.0)
        log.exit()
        await log.announce()
        await task

    (version,) = server.artifacts.committed("data")
    assert (outcome.state, outcome.artifact_id) == ("committed", version.id)
    fresh = uploader(log, server)
    assert await fresh.artifact_outcome(client_id, 1.0) == outcome


def test_damaged_state_file_means_that_nothing_is_known(tmp_path: Path) -> None:
    path = log_path(tmp_path)
    path.parent.mkdir()
    state = StateFile(path, "here")
    state.save()
    state.path.write_bytes(b'{"version": 1, "dest')

    assert StateFile(path, "here").items == {}


def test_state_of_another_destination_is_not_this_one(tmp_path: Path) -> None:
    path = log_path(tmp_path)
    path.parent.mkdir()
    state = StateFile(path, "here")
    state.seen = 100
    state.save()

    assert StateFile(path, "here").seen == 100
    assert StateFile(path, "there").seen == 0


class _Once:
    """Attempts that are made once."""

    async def call(self, attempt):  # type: ignore[no-untyped-def]
        return await attempt()
