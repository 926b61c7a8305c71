"""How many bytes runs, projects, entities and the whole store take."""

from sqlalchemy import ColumnElement, Connection, Select, Table, func, select, union

from wandb_server.model.store_measures import StoreMeasures
from wandb_server.storage.artifact_schema import (
    artifact_blobs,
    artifact_collections,
    artifact_files,
    artifact_holds,
    artifact_manifests,
    artifacts,
)
from wandb_server.storage.schema import (
    console_lines,
    objects,
    projects,
    run_texts,
    runs,
    segments,
    tail_batches,
    users,
)

_TEXTS: tuple[tuple[Table, ColumnElement[int]], ...] = (
    (tail_batches, tail_batches.c.size_bytes),
    (console_lines, func.length(console_lines.c.text)),
    (run_texts, func.length(run_texts.c.config)),
    (run_texts, func.length(run_texts.c.summary)),
)


def bytes_of_project(connection: Connection, project_id: int) -> int:
    """Its runs, and the artifacts that it holds; a blob counts once."""
    mine = select(runs.c.id).where(runs.c.project_id == project_id)
    versions = (
        select(artifacts.c.id)
        .join(
            artifact_collections, artifact_collections.c.id == artifacts.c.collection_id
        )
        .where(artifact_collections.c.project_id == project_id)
    )
    used = union(
        *(
            select(table.c.object_id).where(
                table.c.artifact_id.in_(versions), table.c.object_id.is_not(None)
            )
            for table in (artifact_files, artifact_holds)
        )
    )
    blobs = _total(
        connection, artifact_blobs.c.size_bytes, artifact_blobs.c.object_id.in_(used)
    )
    manifests = _bytes_of_manifests(connection, versions)
    return blobs + manifests + _bytes_of_runs(connection, mine)


def bytes_of_entity(connection: Connection, entity: str) -> int:
    """Runs of all its projects, and its artifacts."""
    mine = (
        select(runs.c.id)
        .select_from(runs.join(projects, projects.c.id == runs.c.project_id))
        .where(projects.c.entity == entity)
    )
    versions = (
        select(artifacts.c.id)
        .join(
            artifact_collections, artifact_collections.c.id == artifacts.c.collection_id
        )
        .join(projects, projects.c.id == artifact_collections.c.project_id)
        .where(projects.c.entity == entity)
    )
    blobs = artifact_blobs.c.size_bytes
    held = _total(connection, blobs, artifact_blobs.c.entity == entity)
    manifests = _bytes_of_manifests(connection, versions)
    return held + manifests + _bytes_of_runs(connection, mine)


def store_measures(connection: Connection, waiting_changes: int) -> StoreMeasures:
    """Numbers for operators."""
    sizes = select(
        func.coalesce(func.sum(objects.c.size_bytes), 0),
        func.coalesce(
            func.sum(objects.c.size_bytes).filter(objects.c.state != "live"), 0
        ),
    )
    stored, garbage = connection.execute(sizes).one()
    waiting = select(func.coalesce(func.sum(runs.c.tail_row_count), 0), func.count())
    tail = connection.execute(waiting.where(runs.c.tail_row_count > 0)).one()
    kept = select(
        func.coalesce(func.sum(segments.c.row_count), 0),
        func.coalesce(func.sum(segments.c.point_count), 0),
    )
    rows, points = connection.execute(kept).one()
    states = select(runs.c.state, func.count()).group_by(runs.c.state)
    return StoreMeasures(
        stored_bytes=int(stored),
        garbage_bytes=int(garbage),
        tail_rows=int(tail[0]),
        tail_runs=int(tail[1]),
        segment_rows=int(rows),
        segment_points=int(points),
        runs_by_state={row[0]: row[1] for row in connection.execute(states)},
        users=connection.scalar(select(func.count()).select_from(users)) or 0,
        waiting_changes=waiting_changes,
    )


def _bytes_of_manifests(connection: Connection, versions: Select[tuple[int]]) -> int:
    return _total(
        connection,
        artifact_manifests.c.size_bytes,
        artifact_manifests.c.artifact_id.in_(versions),
    )


def _bytes_of_runs(connection: Connection, mine: Select[tuple[int]]) -> int:
    total = _total(connection, objects.c.size_bytes, objects.c.run_id.in_(mine))
    for table, size in _TEXTS:
        total += _total(connection, size, table.c.run_id.in_(mine))
    return total


def _total(
    connection: Connection, size: ColumnElement[int], which: ColumnElement[bool]
) -> int:
    found = connection.scalar(select(func.coalesce(func.sum(size), 0)).where(which))
    return int(found or 0)
