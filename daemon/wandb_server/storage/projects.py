"""Projects: made on first use, listed with what their runs add up to."""

from sqlalchemy import Connection, func, select

from wandb_server.model.projects import Project
from wandb_server.storage.database import insert
from wandb_server.storage.schema import projects, runs


def create_project(
    connection: Connection, entity: str, name: str, now: float
) -> tuple[int, bool]:
    """(id, made just now); nothing changes when it exists."""
    found = project_id(connection, entity, name)
    if found is not None:
        return found, False
    statement = insert(connection, projects).values(
        entity=entity, name=name, created_at=now
    )
    connection.execute(statement.on_conflict_do_nothing())
    made = project_id(connection, entity, name)
    assert made is not None
    return made, True


def project_id(connection: Connection, entity: str, name: str) -> int | None:
    """None if there is none."""
    named = (projects.c.entity == entity) & (projects.c.name == name)
    found: int | None = connection.scalar(select(projects.c.id).where(named))
    return found


def list_projects(
    connection: Connection, entity: str, name: str | None = None
) -> list[Project]:
    """The entity's projects (or the one called `name`), newest activity first."""
    statement = (
        select(
            projects,
            func.count(runs.c.id).label("run_count"),
            func.max(runs.c.heartbeat_at).label("last_activity_at"),
        )
        .select_from(projects.outerjoin(runs, runs.c.project_id == projects.c.id))
        .where(projects.c.entity == entity)
        .group_by(projects.c.id)
    )
    if name is not None:
        statement = statement.where(projects.c.name == name)
    found = [
        Project(
            id=row["id"],
            entity=row["entity"],
            name=row["name"],
            created_at=row["created_at"],
            run_count=row["run_count"],
            last_activity_at=row["last_activity_at"],
        )
        for row in connection.execute(statement).mappings()
    ]
    return sorted(found, key=lambda project: -(project.last_activity_at or 0))
