"""Downloads: broken off, gone on with, damaged, cached, and the limit of the cache."""

import base64
import hashlib
import http.server
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import wandb
from wandb.errors import CommError
from wandb.sdk.artifacts import fetching
from wandb.sdk.artifacts.artifact import Artifact
from wandb.sdk.artifacts.artifact_manifest import ArtifactManifest
from wandb.sdk.artifacts.artifact_manifest_entry import ArtifactManifestEntry
from wandb.sdk.artifacts.file_cache import FileCache
from wandb.sdk.artifacts.server_facts import Collection, ServerFacts

CONTENT = bytes(range(256)) * 4096


def md5(content: bytes) -> str:
    return base64.b64encode(hashlib.md5(content).digest()).decode()


@dataclass
class Store:
    """Files over HTTP; breaks off, refuses or lies on demand."""

    files: dict[str, bytes] = field(default_factory=dict)
    breaks_after: list[int] = field(default_factory=list)
    refusals: list[int] = field(default_factory=list)
    ranges: list[str | None] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def store() -> Iterator[Store]:
    store = Store()

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers.get("Range")
            store.ranges.append(asked)
            if store.refusals:
                self.send_error(store.refusals.pop(0))
                return
            content = store.files[self.path.lstrip("/")]
            first = int(asked.split("=")[1].rstrip("-")) if asked else 0
            self.send_response(206 if asked else 200)
            self.send_header("Content-Length", str(len(content) - first))
            self.end_headers()
            end = store.breaks_after.pop(0) if store.breaks_after else len(content)
            self.wfile.write(content[first:end])

        def log_message(self, *_arguments: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    store.url = f"http://127.0.0.1:{server.server_port}"
    yield store
    server.shutdown()
    thread.join()
    server.server_close()


class _Server:
    """Answers the one question of a download: where the files are."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.base_url = store.url
        self.asked = 0

    def ask(self, document: str, variables: dict[str, Any]) -> dict[str, Any]:
        self.asked += 1
        assert "GetArtifactFileUrls" in document
        names = variables["names"] or list(self.store.files)
        edges = [
            {"node": {"name": name, "directUrl": f"{self.store.url}/{name}"}}
            for name in names
        ]
        return {"artifact": {"files": {"edges": edges, "pageInfo": {}}}}


def version_of(store: Store, **files: bytes) -> Artifact:
    """A version that a server has, with these files."""
    store.files |= files
    place = Collection("e", "p", "data")
    facts = ServerFacts(
        "QQ==", place, place, 3, 3, "t", "COMMITTED", "", 0, len(files), None, {}, (),
        (), None, True, None, "", "", None,
    )  # fmt: skip
    made = Artifact._of_server(_Server(store), facts)  # type: ignore[arg-type]
    made._manifest = ArtifactManifest(
        ArtifactManifestEntry(name, md5(content), size=len(content))
        for name, content in files.items()
    )
    return made


@pytest.fixture(autouse=True)
def quick(edge: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching.time, "sleep", lambda _seconds: None)


def test_files_lie_below_the_name_of_the_version(edge: Path, store: Store) -> None:
    made = version_of(store, a=b"hello", b=b"")

    root = made.download()

    assert Path(root) == edge / "artifacts" / "data:v3"
    assert (edge / root / "a").read_bytes() == b"hello"
    assert (edge / root / "b").read_bytes() == b""
    made.verify()


def test_broken_download_goes_on_where_it_was(edge: Path, store: Store) -> None:
    made = version_of(store, a=CONTENT)
    store.breaks_after = [300_000, 700_000]

    root = made.download()

    assert (edge / root / "a").read_bytes() == CONTENT
    assert store.ranges == [None, "bytes=300000-", "bytes=700000-"]


def test_next_process_goes_on_with_a_part(edge: Path, store: Store) -> None:
    made = version_of(store, a=CONTENT)
    store.breaks_after = [500_000]
    store.refusals = []
    part = Path.home() / ".cache" / "wandb" / "artifacts" / "tmp"
    part.mkdir(parents=True)
    name = f"{hashlib.md5(CONTENT).hexdigest()}-{len(CONTENT)}.part"
    (part / name).write_bytes(CONTENT[:100_000])

    root = made.download()

    assert (edge / root / "a").read_bytes() == CONTENT
    assert store.ranges[0] == "bytes=100000-"


def test_damage_on_the_way_is_found(edge: Path, store: Store) -> None:
    made = version_of(store, a=b"right")
    store.files["a"] = b"wrong"

    with pytest.raises(CommError, match="Digest mismatch for a"):
        made.download()

    assert not (edge / "artifacts/data:v3/a").exists()
    store.files["a"] = b"right"
    assert Path(made.download(), "a").read_bytes() == b"right"


def test_refused_address_is_asked_for_again(edge: Path, store: Store) -> None:
    made = version_of(store, a=b"x")
    store.refusals = [403]

    made.download()

    assert made._client.asked == 2  # type: ignore[union-attr]


def test_what_is_there_or_cached_is_not_fetched(edge: Path, store: Store) -> None:
    made = version_of(store, a=b"hello", b=b"other")
    made.download()
    store.ranges.clear()

    made.download()
    made.download(root="elsewhere")

    assert store.ranges == []
    assert (edge / "elsewhere" / "a").read_bytes() == b"hello"
    (edge / "elsewhere" / "a").write_bytes(b"HELLO")
    made.download(root="elsewhere")
    assert (edge / "elsewhere" / "a").read_bytes() == b"hello"


def test_damaged_cache_is_fetched_again(edge: Path, store: Store) -> None:
    made = version_of(store, a=b"hello")
    made.download()
    (cached,) = (Path.home() / ".cache/wandb/artifacts/obj").rglob("*-5")
    cached.write_bytes(b"jello")

    made.download(root="elsewhere")

    assert (edge / "elsewhere" / "a").read_bytes() == b"hello"


def test_only_a_part_by_prefix_or_entry(edge: Path, store: Store) -> None:
    made = version_of(store, **{"x/a": b"1", "x/b": b"2", "y": b"3"})

    root = Path(made.download(path_prefix="x/"))

    assert sorted(p.name for p in root.rglob("*") if p.is_file()) == ["a", "b"]
    assert Path(made.get_entry("y").download("single")).read_bytes() == b"3"
    with pytest.raises(KeyError):
        made.get_entry("z")


def test_checkout_removes_and_verify_finds_strangers(edge: Path, store: Store) -> None:
    made = version_of(store, a=b"a")
    root = Path(made.download(root="root"))
    (root / "stranger").write_bytes(b"s")

    with pytest.raises(ValueError, match="not a member"):
        made.verify(root="root")
    made.checkout(root="root")
    made.verify(root="root")
    (root / "a").write_bytes(b"b")

    with pytest.raises(ValueError, match="Digest mismatch"):
        made.verify(root="root")


def test_manifest_cannot_write_outside(edge: Path, store: Store) -> None:
    made = version_of(store, **{"../out": b"x"})

    with pytest.raises(CommError, match="not sound"):
        made.download()

    assert not (edge / "out").exists()
    assert not (edge / "artifacts" / "out").exists()


def test_missing_reference_is_an_error_unless_allowed(edge: Path, store: Store) -> None:
    source = edge / "source"
    source.write_bytes(b"source")
    made = version_of(store)
    made.manifest.add_entry(
        ArtifactManifestEntry("r", md5(b"source"), ref=source.as_uri(), size=6)
    )
    made.manifest.add_entry(ArtifactManifestEntry("s", "odd://x", ref="odd://x"))

    with pytest.raises(CommError, match="odd://x"):
        made.download()
    root = made.download(allow_missing_references=True)

    assert Path(root, "r").read_bytes() == b"source"
    source.write_bytes(b"change")
    with pytest.raises(CommError, match="has changed"):
        made.download(root="again")


def test_cache_keeps_its_limit_and_what_was_used_last(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "cache", bytes_max=250)
    for index in range(3):
        content = bytes([index]) * 100
        part = tmp_path / "part"
        part.write_bytes(content)
        place = cache.keep(part, md5(content), 100)
        import os

        os.utime(place, (1000 + index, 1000 + index))
    assert cache.copy_to(md5(bytes(100)), 100, tmp_path / "used")

    freed = cache.clean_up()

    assert (freed, cache.size()) == (100, 200)
    assert cache.copy_to(md5(bytes(100)), 100, tmp_path / "again")
    assert not cache.copy_to(md5(b"\1" * 100), 100, tmp_path / "gone")
    assert cache.clean_up(0) == 200


def test_limit_of_the_cache_is_a_setting(
    edge: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_ARTIFACT_CACHE_BYTES_MAX", "10")
    made = version_of(store, a=b"1234567", b=b"abcdefg")

    made.download()

    from wandb.sdk.artifacts.file_cache import open_cache

    assert open_cache().size() == 7
    assert wandb.setup().settings.artifact_cache_bytes_max == 10
