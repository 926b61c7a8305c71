"""The tables of artifacts, beside those of `schema`.

```
projects ── artifact_types ── artifact_collections ─┬─ artifact_collection_tags
                                   │                ├─ artifacts (a sequence's versions)
                                   │                └─ artifact_memberships ─ _aliases
artifacts ─┬─ artifact_files ─────► artifact_blobs ─► objects    after the commit
           ├─ artifact_holds ─────► artifact_blobs               before it
           ├─ artifact_manifests ─► objects
           ├─ artifact_parts ─────► objects        of a file that is sent in parts
           ├─ artifact_tags, artifact_client_ids
           └─ artifact_lineage ◄─ runs
```

A version is a member of the sequence that it was made in (from its commit on) and of
every portfolio that it is linked to. A blob is there once per entity, however many
versions hold it; it may go when neither a file nor a hold refers to it.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    UniqueConstraint,
)

from wandb_server.storage.id_type import Id
from wandb_server.storage.schema import metadata
from wandb_server.storage.text_type import Text


def _identity() -> Column[int]:
    return Column("id", Id, primary_key=True, autoincrement=True)


def _of(table: str, name: str, *, primary: bool = False) -> Column[int]:
    return Column(
        name, Id, ForeignKey(f"{table}.id"), nullable=False, primary_key=primary
    )


artifact_types = Table(
    "artifact_types",
    metadata,
    _identity(),
    _of("projects", "project_id"),
    Column("name", Text, nullable=False),
    Column("description", Text),
    Column("created_at", Float, nullable=False),
    UniqueConstraint("project_id", "name"),
    sqlite_autoincrement=True,
)

artifact_collections = Table(
    "artifact_collections",
    metadata,
    _identity(),
    _of("projects", "project_id"),
    _of("artifact_types", "type_id"),
    Column("name", Text, nullable=False),
    # sequence | portfolio
    Column("kind", Text, nullable=False),
    Column("description", Text),
    Column("created_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
    # Numbers of versions are never given twice.
    Column("next_version", BigInteger, nullable=False),
    UniqueConstraint("project_id", "name"),
    sqlite_autoincrement=True,
)

artifact_collection_tags = Table(
    "artifact_collection_tags",
    metadata,
    _of("artifact_collections", "collection_id", primary=True),
    Column("tag", Text, primary_key=True),
)

artifacts = Table(
    "artifacts",
    metadata,
    _identity(),
    _of("artifact_collections", "collection_id"),
    # PENDING | COMMITTED | DELETED
    Column("state", Text, nullable=False),
    # None until the commit.
    Column("version_index", BigInteger),
    Column("digest", Text, nullable=False),
    Column("digest_algorithm", Text),
    Column("description", Text),
    Column("metadata", LargeBinary),
    # None: nothing was said; -1: kept for ever.
    Column("ttl_s", BigInteger),
    Column("history_step", BigInteger),
    # No foreign key: it outlives its run.
    Column("run_id", Id, index=True),
    Column("user_name", Text, nullable=False),
    Column("distributed_id", Text),
    # JSON list of [collection, alias], given at the commit.
    Column("wanted_aliases", LargeBinary, nullable=False),
    Column("commit_hash", Text),
    Column("size_bytes", BigInteger, nullable=False),
    Column("file_count", BigInteger, nullable=False),
    Column("manifest_id", Id),
    Column("created_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
    Index(None, "collection_id", "version_index"),
    Index(None, "collection_id", "digest"),
    Index(None, "state", "updated_at"),
    sqlite_autoincrement=True,
)

artifact_tags = Table(
    "artifact_tags",
    metadata,
    _of("artifacts", "artifact_id", primary=True),
    Column("tag", Text, primary_key=True),
)

artifact_client_ids = Table(
    "artifact_client_ids",
    metadata,
    # An id that a client chose before the server gave one: of a version, or of the
    # sequence that it belongs to.
    Column("client_id", Text, primary_key=True),
    Column("artifact_id", Id, ForeignKey("artifacts.id"), index=True),
    Column("collection_id", Id, ForeignKey("artifact_collections.id"), index=True),
)

artifact_memberships = Table(
    "artifact_memberships",
    metadata,
    _identity(),
    _of("artifact_collections", "collection_id"),
    Column("artifact_id", Id, ForeignKey("artifacts.id"), nullable=False, index=True),
    Column("version_index", BigInteger, nullable=False),
    Column("created_at", Float, nullable=False),
    UniqueConstraint("collection_id", "version_index"),
    UniqueConstraint("collection_id", "artifact_id"),
    sqlite_autoincrement=True,
)

artifact_aliases = Table(
    "artifact_aliases",
    metadata,
    _identity(),
    _of("artifact_collections", "collection_id"),
    Column(
        "membership_id",
        Id,
        ForeignKey("artifact_memberships.id"),
        nullable=False,
        index=True,
    ),
    Column("alias", Text, nullable=False),
    UniqueConstraint("collection_id", "alias"),
    sqlite_autoincrement=True,
)

artifact_lineage = Table(
    "artifact_lineage",
    metadata,
    # No foreign key: runs are removed by other hands.
    Column("run_id", Id, primary_key=True, autoincrement=False),
    _of("artifacts", "artifact_id", primary=True),
    # input | output
    Column("direction", Text, primary_key=True),
    Column("used_as", Text),
    Column("created_at", Float, nullable=False),
    Index(None, "artifact_id", "direction"),
)

artifact_manifests = Table(
    "artifact_manifests",
    metadata,
    _identity(),
    Column("artifact_id", Id, ForeignKey("artifacts.id"), nullable=False, index=True),
    # FULL | INCREMENTAL | PATCH
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    # Base64 MD5 of its bytes; empty until the client knows it.
    Column("digest", Text, nullable=False),
    Column("base_artifact_id", Id),
    # None until its bytes are there.
    Column("object_id", Id, ForeignKey("objects.id")),
    Column("size_bytes", BigInteger, nullable=False),
    Column("created_at", Float, nullable=False),
    sqlite_autoincrement=True,
)

artifact_blobs = Table(
    "artifact_blobs",
    metadata,
    Column(
        "object_id",
        Id,
        ForeignKey("objects.id"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("entity", Text, nullable=False),
    Column("md5_base64", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    UniqueConstraint("entity", "md5_base64"),
)

artifact_files = Table(
    "artifact_files",
    metadata,
    _of("artifacts", "artifact_id", primary=True),
    # Compared byte by byte everywhere: pages and prefixes go by this order.
    Column("path", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("size_bytes", BigInteger),
    # Where the bytes lie, if not here.
    Column("reference", Text),
    Column("object_id", Id, ForeignKey("artifact_blobs.object_id"), index=True),
    sqlite_with_rowid=False,
)

artifact_holds = Table(
    "artifact_holds",
    metadata,
    _of("artifacts", "artifact_id", primary=True),
    Column(
        "object_id",
        Id,
        ForeignKey("artifact_blobs.object_id"),
        primary_key=True,
        autoincrement=False,
        index=True,
    ),
    sqlite_with_rowid=False,
)

artifact_parts = Table(
    "artifact_parts",
    metadata,
    _of("artifacts", "artifact_id", primary=True),
    # Hexadecimal MD5 of the whole file.
    Column("md5_hex", Text, primary_key=True),
    Column("part", Integer, primary_key=True, autoincrement=False),
    Column("object_id", Id, ForeignKey("objects.id"), nullable=False),
    Column("part_md5_hex", Text, nullable=False),
)

ARTIFACT_TABLES = (
    artifact_types,
    artifact_collections,
    artifact_collection_tags,
    artifacts,
    artifact_tags,
    artifact_client_ids,
    artifact_memberships,
    artifact_aliases,
    artifact_lineage,
    artifact_manifests,
    artifact_blobs,
    artifact_files,
    artifact_holds,
    artifact_parts,
)
"""In the order in which they can be made; emptied from the other end."""
