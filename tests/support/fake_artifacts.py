"""The artifact operations of `FakeServer`: versions by content, blobs by MD5.

Contents that it has get no upload address, as real servers do; a commit checks that
every file of the manifest is there and that the digest fits, which real ones need not.
"""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class FakeArtifact:
    """One version."""

    id: str
    fields: dict[str, Any]
    state: str = "PENDING"
    version: int | None = None
    manifests: list[dict[str, Any]] = field(default_factory=list)
    """As begun: type, name, digest, base."""
    used_by: list[str] = field(default_factory=list)


class FakeArtifacts:
    """What the server has of artifacts."""

    def __init__(self, base_url: Callable[[], str]) -> None:
        self.versions: dict[str, FakeArtifact] = {}
        self.blobs: dict[str, bytes] = {}
        """Hex MD5 -> content."""
        self.takes_parts = False
        self._base_url = base_url
        self._parts: dict[str, dict[int, bytes]] = {}

    def committed(self, name: str) -> list[FakeArtifact]:
        """Versions of a collection, oldest first."""
        found = [
            version
            for version in self.versions.values()
            if version.fields["artifactCollectionName"] == name
            and version.version is not None
        ]
        return sorted(found, key=lambda version: version.version or 0)

    def manifest(self, version: FakeArtifact) -> dict[str, Any]:
        """The content of its last manifest."""
        digest = version.manifests[-1]["digest"]
        found: dict[str, Any] = json.loads(self.blobs[_hex(digest)])
        return found

    def knows(self, operation: str) -> bool:
        return hasattr(self, f"_{operation}")

    def execute(self, operation: str, variables: dict[str, Any]) -> dict[str, Any]:
        """The data of the answer."""
        answer: dict[str, Any] = getattr(self, f"_{operation}")(variables)
        return answer

    def put(self, path: str, content: bytes) -> str:
        """Take a blob or a part; the ETag. ValueError: it is not what it should be."""
        digest = hashlib.md5(content).hexdigest()
        if path.startswith("parts/"):
            _, upload_id, number = path.split("/")
            self._parts.setdefault(upload_id, {})[int(number)] = content
        elif digest != path:
            raise ValueError(f"MD5 is {digest}, not {path}")
        else:
            self.blobs[path] = content
        return digest

    def _CreateArtifact(self, variables: dict[str, Any]) -> dict[str, Any]:
        fields = variables["input"]
        name = fields["artifactCollectionName"]
        same = [
            version
            for version in self.committed(name)
            if version.fields["digest"] == fields["digest"]
        ]
        if same:
            found = same[-1]
        else:
            mine = [
                version
                for version in self.versions.values()
                if version.fields["clientID"] == fields["clientID"]
            ]
            found = mine[0] if mine else self._new(fields)
        versions = self.committed(name)
        latest = {"id": versions[-1].id} if versions else None
        sequence = {"id": _id("seq-" + name), "latestArtifact": latest}
        return {
            "createArtifact": {
                "artifact": {
                    "id": found.id,
                    "state": found.state,
                    "artifactSequence": sequence,
                }
            }
        }

    def _new(self, fields: dict[str, Any]) -> FakeArtifact:
        made = FakeArtifact(_id(f"Artifact:{len(self.versions)}"), fields)
        self.versions[made.id] = made
        return made

    def _CreateArtifactManifest(self, variables: dict[str, Any]) -> dict[str, Any]:
        version = self.versions[variables["artifactID"]]
        version.manifests.append(
            {
                "type": variables["manifestType"],
                "name": variables["name"],
                "digest": variables["digest"],
                "base": variables["baseArtifactID"],
            }
        )
        number = len(version.manifests) - 1
        place = self._manifest_place(version, number, variables["digest"])
        return {"createArtifactManifest": {"artifactManifest": place}}

    def _UpdateArtifactManifest(self, variables: dict[str, Any]) -> dict[str, Any]:
        decoded = base64.b64decode(variables["artifactManifestID"]).decode()
        artifact_id, number = decoded.split("|")
        version = self.versions[artifact_id]
        version.manifests[int(number)]["digest"] = variables["digest"]
        place = self._manifest_place(version, int(number), variables["digest"])
        return {"updateArtifactManifest": {"artifactManifest": place}}

    def _manifest_place(
        self, version: FakeArtifact, number: int, digest: str
    ) -> dict[str, Any]:
        file: dict[str, Any] = {"id": _id("file")}
        if digest:
            file |= {"uploadUrl": self._url(_hex(digest)), "uploadHeaders": []}
        return {"id": _id(f"{version.id}|{number}"), "file": file}

    def _CreateArtifactFiles(self, variables: dict[str, Any]) -> dict[str, Any]:
        nodes = [self._place(spec) for spec in variables["input"]["artifactFiles"]]
        edges = [{"node": node} for node in nodes]
        return {"createArtifactFiles": {"files": {"edges": edges}}}

    def _place(self, spec: dict[str, Any]) -> dict[str, Any]:
        digest = _hex(spec["md5"])
        node: dict[str, Any] = {
            "id": _id("f"),
            "name": spec["name"],
            "storagePath": f"blobs/{digest}",
            "uploadUrl": None if digest in self.blobs else self._url(digest),
            "uploadHeaders": ["X-Storage:yes"],
            "uploadMultipartUrls": None,
            "artifact": {"id": spec["artifactID"]},
        }
        parts = spec["uploadPartsInput"]
        if parts and self.takes_parts and digest not in self.blobs:
            urls = [
                {
                    "partNumber": part["partNumber"],
                    "uploadUrl": self._url(f"parts/{digest}/{part['partNumber']}"),
                }
                for part in parts
            ]
            node["uploadMultipartUrls"] = {"uploadID": digest, "uploadUrlParts": urls}
            node["uploadUrl"] = None
        return node

    def _CompleteMultipartUploadArtifact(
        self, variables: dict[str, Any]
    ) -> dict[str, Any]:
        fields = variables["input"]
        parts = self._parts.pop(fields["uploadID"])
        for part in fields["completedParts"]:
            digest = hashlib.md5(parts[part["partNumber"]]).hexdigest()
            assert digest == part["hexMD5"]
        content = b"".join(parts[number] for number in sorted(parts))
        self.put(hashlib.md5(content).hexdigest(), content)
        assert fields["storagePath"].endswith(hashlib.md5(content).hexdigest())
        return {"completeMultipartUploadArtifact": {"digest": ""}}

    def _CommitArtifact(self, variables: dict[str, Any]) -> dict[str, Any]:
        version = self.versions[variables["artifactID"]]
        contents = self.manifest(version)["contents"]
        missing = [
            path
            for path, entry in contents.items()
            if "ref" not in entry and _hex(entry["digest"]) not in self.blobs
        ]
        assert not missing, f"committed without {missing}"
        if version.state != "COMMITTED":
            name = version.fields["artifactCollectionName"]
            version.state, version.version = "COMMITTED", len(self.committed(name))
        return {"commitArtifact": {"artifact": {"id": version.id, "digest": ""}}}

    def _UseArtifact(self, variables: dict[str, Any]) -> dict[str, Any]:
        fields = variables["input"]
        self.versions[fields["artifactID"]].used_by.append(fields["runName"])
        return {"useArtifact": {"artifact": {"id": fields["artifactID"]}}}

    def _ClientIDMapping(self, variables: dict[str, Any]) -> dict[str, Any]:
        for version in self.versions.values():
            if version.fields["clientID"] == variables["clientID"]:
                return {"clientIDMapping": {"serverID": version.id}}
        return {"clientIDMapping": None}

    def _url(self, path: str) -> str:
        return f"{self._base_url()}/blobs/{path}"


def _id(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _hex(digest: str) -> str:
    return base64.b64decode(digest).hex()
