"""What an artifact consists of: its entries by path, and how they are stored."""

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from wandb.sdk.artifacts.artifact_manifest_entry import ArtifactManifestEntry
from wandb.sdk.artifacts.digests import manifest_digest

VERSION = 1
STORAGE_POLICY = "wandb-storage-policy-v1"
STORAGE_LAYOUT = "V2"


class ArtifactManifest:
    """The entries of one artifact, and the JSON form of the whole."""

    def __init__(
        self,
        entries: Iterable[ArtifactManifestEntry] = (),
        storage_region: str | None = None,
    ) -> None:
        self.entries: dict[str, ArtifactManifestEntry] = {e.path: e for e in entries}
        self.storage_region = storage_region

    @classmethod
    def from_manifest_json(cls, content: Mapping[str, Any]) -> "ArtifactManifest":
        """Read a manifest file.

        Raises:
            ValueError: another version, or not a manifest at all.
        """
        if content.get("version") != VERSION:
            raise ValueError(f"a manifest of version {content.get('version')!r}")
        region = (content.get("storagePolicyConfig") or {}).get("storageRegion")
        entries = (
            ArtifactManifestEntry(
                path=path,
                digest=fields["digest"],
                ref=fields.get("ref"),
                birth_artifact_id=fields.get("birthArtifactID"),
                size=fields.get("size"),
                extra=dict(fields.get("extra") or {}),
                skip_cache=bool(fields.get("skip_cache")),
            )
            for path, fields in (content.get("contents") or {}).items()
        )
        return cls(entries, region)

    @property
    def storage_policy_config(self) -> dict[str, str]:
        """How the server stores the files."""
        config = {"storageLayout": STORAGE_LAYOUT}
        if self.storage_region:
            config["storageRegion"] = self.storage_region
        return config

    def to_manifest_json(self) -> dict[str, Any]:
        """The content of the manifest file."""
        return {
            "version": VERSION,
            "storagePolicy": STORAGE_POLICY,
            "storagePolicyConfig": self.storage_policy_config,
            "contents": {
                entry.path: entry.content_json()
                for entry in sorted(self.entries.values(), key=lambda e: e.path)
            },
        }

    def add_entry(self, entry: ArtifactManifestEntry, overwrite: bool = False) -> None:
        """Add it.

        Raises:
            ValueError: the path is taken by other content.
        """
        known = self.entries.get(entry.path)
        if known is not None and known.digest != entry.digest and not overwrite:
            raise ValueError(f"Cannot add the same path twice: {entry.path!r}")
        self.entries[entry.path] = entry

    def remove_entry(self, entry: ArtifactManifestEntry) -> None:
        """Take it out.

        Raises:
            FileNotFoundError: it is not there.
        """
        if entry.path not in self.entries:
            raise FileNotFoundError(f"Cannot remove missing entry: {entry.path!r}")
        del self.entries[entry.path]

    def get_entry_by_path(self, path: Any) -> ArtifactManifestEntry | None:
        """The entry of a path, or None."""
        return self.entries.get(str(PurePosixPath(path)))

    def get_entries_in_directory(self, directory: Any) -> list[ArtifactManifestEntry]:
        """The entries below a directory."""
        prefix = str(PurePosixPath(directory)) + "/"
        return [e for path, e in self.entries.items() if path.startswith(prefix)]

    def digest(self) -> str:
        """Hex digest over all paths and digests: names the artifact's content."""
        return manifest_digest((e.path, e.digest) for e in self.entries.values())

    def size(self) -> int:
        """Bytes of all entries of known size."""
        return sum(entry.size or 0 for entry in self.entries.values())

    def __len__(self) -> int:
        return len(self.entries)

    def __repr__(self) -> str:
        return f"ArtifactManifest({len(self.entries)} entries)"
