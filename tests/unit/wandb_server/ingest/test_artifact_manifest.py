"""Manifests: what is kept of them, and what cannot be one."""

import json
from typing import Any

import pytest
from wandb_server.errors import QueryError
from wandb_server.ingest.artifact_manifest import (
    ManifestText,
    merge_manifests,
    read_manifest,
    write_manifest,
)


def manifest(contents: dict[str, Any], **head: Any) -> ManifestText:
    text = json.dumps({"version": 1, **head, "contents": contents})
    return read_manifest(text.encode(), "manifest")


def test_what_was_written_is_read_again_without_what_leaked() -> None:
    kept = {"digest": "abc=", "size": 3, "birthArtifactID": "QQ==", "extra": {"e": 1}}
    leaked = {"local_path": "/home/ann/secret.txt", "skip_cache": True}

    read = manifest({"a/ü.txt": {**kept, **leaked}}, storagePolicy="p")
    again = json.loads(write_manifest(read))

    assert again == {"version": 1, "storagePolicy": "p", "contents": {"a/ü.txt": kept}}


def test_later_manifests_replace_entries_of_earlier_ones() -> None:
    first = manifest({"a": {"digest": "1"}, "b": {"digest": "2"}}, version=1)
    second = manifest({"b": {"digest": "3"}, "c": {"digest": "4"}}, version=2)

    merged = merge_manifests([first, second])

    digests = {path: entry.digest for path, entry in merged.entries.items()}
    assert digests == {"a": "1", "b": "3", "c": "4"}
    assert merged.head["version"] == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"{", "is not JSON"),
        (b"[]", "no object"),
        (b'{"contents": []}', "no object"),
        (b'{"contents": {"a": {}}}', "'a' has no digest"),
        (b'{"contents": {"a": {"digest": 1}}}', "'a' has no digest"),
        (b'{"contents": {"a": {"digest": "x", "size": -1}}}', "the size -1"),
        (b'{"contents": {"a": {"digest": "x", "size": 1.5}}}', "the size 1.5"),
        (b'{"contents": {"a": {"digest": "x", "ref": 1}}}', "not text"),
        (b'{"contents": {"": {"digest": "x"}}}', "1 to 2560"),
        (b'{"contents": {"a\\u0000": {"digest": "x"}, "a\\ufffd": {"digest": "y"}}}',
         "twice"),
    ],
)  # fmt: skip
def test_what_is_no_manifest_is_refused_in_words(text: bytes, said: str) -> None:
    with pytest.raises(QueryError, match="manifest") as refused:
        read_manifest(text, "manifest")

    assert said in str(refused.value)
