"""Teams, their members, and who may see a project.

A name is an entity: a user's or a team's, never both. Projects belong to an entity.

| a project that is | reads and writes |
|---|---|
| `private` | who made it private, and the admins of its team |
| `team` (so it begins) | every member of its team; of a user's project: the user |
| `public` | like `team`; and every user of the server reads |
"""

import enum
from dataclasses import dataclass


class ProjectAccess(enum.Enum):
    """Who may come to a project."""

    PRIVATE = "private"
    TEAM = "team"
    PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class AccessRule:
    """How a project is set; `owner_id` is the user who set it, None: nobody did."""

    access: ProjectAccess = ProjectAccess.TEAM
    owner_id: int | None = None


@dataclass(frozen=True, slots=True)
class TeamRole:
    """A team that a user is in."""

    team: str
    admin: bool


@dataclass(frozen=True, slots=True)
class TeamMember:
    """A user in a team."""

    user_id: int
    name: str
    email: str
    admin: bool
    """Of the team."""
    service: bool


@dataclass(frozen=True, slots=True)
class Team:
    """A team with its members in the order in which they came."""

    id: int
    name: str
    created_at: float
    members: tuple[TeamMember, ...]
