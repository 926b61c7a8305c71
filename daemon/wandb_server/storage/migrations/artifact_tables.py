"""The tables of artifacts as the first migration makes them."""

import sqlalchemy as sa
from alembic import op

from wandb_server.storage.text_type import Text

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def make() -> None:
    """Make every table of artifacts."""
    op.create_table(
        "artifact_blobs",
        sa.Column("object_id", ID, autoincrement=False, nullable=False),
        sa.Column("entity", Text(), nullable=False),
        sa.Column("md5_base64", Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["object_id"], ["objects.id"], name=op.f("fk_artifact_blobs_object_id")
        ),
        sa.PrimaryKeyConstraint("object_id", name=op.f("pk_artifact_blobs")),
        sa.UniqueConstraint(
            "entity", "md5_base64", name=op.f("uq_artifact_blobs_entity_md5_base64")
        ),
    )
    op.create_table(
        "artifact_types",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("project_id", ID, nullable=False),
        sa.Column("name", Text(), nullable=False),
        sa.Column("description", Text(), nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_artifact_types_project_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_artifact_types")),
        sa.UniqueConstraint(
            "project_id", "name", name=op.f("uq_artifact_types_project_id_name")
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "artifact_collections",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("project_id", ID, nullable=False),
        sa.Column("type_id", ID, nullable=False),
        sa.Column("name", Text(), nullable=False),
        sa.Column("kind", Text(), nullable=False),
        sa.Column("description", Text(), nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("updated_at", sa.Float(), nullable=False),
        sa.Column("next_version", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.id"],
            name=op.f("fk_artifact_collections_project_id"),
        ),
        sa.ForeignKeyConstraint(
            ["type_id"],
            ["artifact_types.id"],
            name=op.f("fk_artifact_collections_type_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_artifact_collections")),
        sa.UniqueConstraint(
            "project_id", "name", name=op.f("uq_artifact_collections_project_id_name")
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "artifact_collection_tags",
        sa.Column("collection_id", ID, nullable=False),
        sa.Column("tag", Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["collection_id"],
            ["artifact_collections.id"],
            name=op.f("fk_artifact_collection_tags_collection_id"),
        ),
        sa.PrimaryKeyConstraint(
            "collection_id", "tag", name=op.f("pk_artifact_collection_tags")
        ),
    )
    op.create_table(
        "artifacts",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("collection_id", ID, nullable=False),
        sa.Column("state", Text(), nullable=False),
        sa.Column("version_index", sa.BigInteger(), nullable=True),
        sa.Column("digest", Text(), nullable=False),
        sa.Column("digest_algorithm", Text(), nullable=True),
        sa.Column("description", Text(), nullable=True),
        sa.Column("metadata", sa.LargeBinary(), nullable=True),
        sa.Column("ttl_s", sa.BigInteger(), nullable=True),
        sa.Column("history_step", sa.BigInteger(), nullable=True),
        sa.Column("run_id", ID, nullable=True),
        sa.Column("user_name", Text(), nullable=False),
        sa.Column("distributed_id", Text(), nullable=True),
        sa.Column("wanted_aliases", sa.LargeBinary(), nullable=False),
        sa.Column("commit_hash", Text(), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("file_count", sa.BigInteger(), nullable=False),
        sa.Column("manifest_id", ID, nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("updated_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["collection_id"],
            ["artifact_collections.id"],
            name=op.f("fk_artifacts_collection_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_artifacts")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_artifacts_collection_id_digest"),
        "artifacts",
        ["collection_id", "digest"],
        unique=False,
    )
    op.create_index(
        op.f("ix_artifacts_collection_id_version_index"),
        "artifacts",
        ["collection_id", "version_index"],
        unique=False,
    )
    op.create_index(op.f("ix_artifacts_run_id"), "artifacts", ["run_id"], unique=False)
    op.create_index(
        op.f("ix_artifacts_state_updated_at"),
        "artifacts",
        ["state", "updated_at"],
        unique=False,
    )
    op.create_table(
        "artifact_client_ids",
        sa.Column("client_id", Text(), nullable=False),
        sa.Column("artifact_id", ID, nullable=True),
        sa.Column("collection_id", ID, nullable=True),
        sa.ForeignKeyConstraint(
            ["artifact_id"],
            ["artifacts.id"],
            name=op.f("fk_artifact_client_ids_artifact_id"),
        ),
        sa.ForeignKeyConstraint(
            ["collection_id"],
            ["artifact_collections.id"],
            name=op.f("fk_artifact_client_ids_collection_id"),
        ),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_artifact_client_ids")),
    )
    op.create_index(
        op.f("ix_artifact_client_ids_artifact_id"),
        "artifact_client_ids",
        ["artifact_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_artifact_client_ids_collection_id"),
        "artifact_client_ids",
        ["collection_id"],
        unique=False,
    )
    op.create_table(
        "artifact_files",
        sa.Column("artifact_id", ID, nullable=False),
        sa.Column(
            "path",
            Text().with_variant(sa.Text(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("digest", Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("reference", Text(), nullable=True),
        sa.Column("object_id", ID, nullable=True),
        sa.ForeignKeyConstraint(
            ["artifact_id"],
            ["artifacts.id"],
            name=op.f("fk_artifact_files_artifact_id"),
        ),
        sa.ForeignKeyConstraint(
            ["object_id"],
            ["artifact_blobs.object_id"],
            name=op.f("fk_artifact_files_object_id"),
        ),
        sa.PrimaryKeyConstraint("artifact_id", "path", name=op.f("pk_artifact_files")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_artifact_files_object_id"),
        "artifact_files",
        ["object_id"],
        unique=False,
    )
    op.create_table(
        "artifact_holds",
        sa.Column("artifact_id", ID, nullable=False),
        sa.Column("object_id", ID, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["artifact_id"],
            ["artifacts.id"],
            name=op.f("fk_artifact_holds_artifact_id"),
        ),
        sa.ForeignKeyConstraint(
            ["object_id"],
            ["artifact_blobs.object_id"],
            name=op.f("fk_artifact_holds_object_id"),
        ),
        sa.PrimaryKeyConstraint(
            "artifact_id", "object_id", name=op.f("pk_artifact_holds")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_artifact_holds_object_id"),
        "artifact_holds",
        ["object_id"],
        unique=False,
    )
    op.create_table(
        "artifact_lineage",
        sa.Column("run_id", ID, autoincrement=False, nullable=False),
        sa.Column("artifact_id", ID, nullable=False),
        sa.Column("direction", Text(), nullable=False),
        sa.Column("used_as", Text(), nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["artifact_id"],
            ["artifacts.id"],
            name=op.f("fk_artifact_lineage_artifact_id"),
        ),
        sa.PrimaryKeyConstraint(
            "run_id", "artifact_id", "direction", name=op.f("pk_artifact_lineage")
        ),
    )
    op.create_index(
        op.f("ix_artifact_lineage_artifact_id_direction"),
        "artifact_lineage",
        ["artifact_id", "direction"],
        unique=False,
    )
    op.create_table(
        "artifact_manifests",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("artifact_id", ID, nullable=False),
        sa.Column("kind", Text(), nullable=False),
        sa.Column("name", Text(), nullable=False),
        sa.Column("digest", Text(), nullable=False),
        sa.Column("base_artifact_id", ID, nullable=True),
        sa.Column("object_id", ID, nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["artifact_id"],
            ["artifacts.id"],
            name=op.f("fk_artifact_manifests_artifact_id"),
        ),
        sa.ForeignKeyConstraint(
            ["object_id"], ["objects.id"], name=op.f("fk_artifact_manifests_object_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_artifact_manifests")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_artifact_manifests_artifact_id"),
        "artifact_manifests",
        ["artifact_id"],
        unique=False,
    )
    op.create_table(
        "artifact_memberships",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("collection_id", ID, nullable=False),
        sa.Column("artifact_id", ID, nullable=False),
        sa.Column("version_index", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["artifact_id"],
            ["artifacts.id"],
            name=op.f("fk_artifact_memberships_artifact_id"),
        ),
        sa.ForeignKeyConstraint(
            ["collection_id"],
            ["artifact_collections.id"],
            name=op.f("fk_artifact_memberships_collection_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_artifact_memberships")),
        sa.UniqueConstraint(
            "collection_id",
            "artifact_id",
            name=op.f("uq_artifact_memberships_collection_id_artifact_id"),
        ),
        sa.UniqueConstraint(
            "collection_id",
            "version_index",
            name=op.f("uq_artifact_memberships_collection_id_version_index"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_artifact_memberships_artifact_id"),
        "artifact_memberships",
        ["artifact_id"],
        unique=False,
    )
    op.create_table(
        "artifact_parts",
        sa.Column("artifact_id", ID, nullable=False),
        sa.Column("md5_hex", Text(), nullable=False),
        sa.Column("part", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("object_id", ID, nullable=False),
        sa.Column("part_md5_hex", Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["artifact_id"],
            ["artifacts.id"],
            name=op.f("fk_artifact_parts_artifact_id"),
        ),
        sa.ForeignKeyConstraint(
            ["object_id"], ["objects.id"], name=op.f("fk_artifact_parts_object_id")
        ),
        sa.PrimaryKeyConstraint(
            "artifact_id", "md5_hex", "part", name=op.f("pk_artifact_parts")
        ),
    )
    op.create_table(
        "artifact_tags",
        sa.Column("artifact_id", ID, nullable=False),
        sa.Column("tag", Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["artifact_id"], ["artifacts.id"], name=op.f("fk_artifact_tags_artifact_id")
        ),
        sa.PrimaryKeyConstraint("artifact_id", "tag", name=op.f("pk_artifact_tags")),
    )
    op.create_table(
        "artifact_aliases",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("collection_id", ID, nullable=False),
        sa.Column("membership_id", ID, nullable=False),
        sa.Column("alias", Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["collection_id"],
            ["artifact_collections.id"],
            name=op.f("fk_artifact_aliases_collection_id"),
        ),
        sa.ForeignKeyConstraint(
            ["membership_id"],
            ["artifact_memberships.id"],
            name=op.f("fk_artifact_aliases_membership_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_artifact_aliases")),
        sa.UniqueConstraint(
            "collection_id",
            "alias",
            name=op.f("uq_artifact_aliases_collection_id_alias"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_artifact_aliases_membership_id"),
        "artifact_aliases",
        ["membership_id"],
        unique=False,
    )
