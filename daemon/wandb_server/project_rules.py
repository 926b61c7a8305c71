"""Who may come to which project: the only place where entities are compared.

| | reads | writes | sets who may come |
|---|---|---|---|
| the user whose project it is | yes | yes | yes |
| member of its team | unless private | unless private | no |
| admin of its team, owner of a private one | yes | yes | yes |
| every other user of the server | if public | no | no |
| admin of the server who asks for the privilege | yes | no | yes |

The entity "" belongs to nobody: removed runs wait there.
"""

from wandb_server.model.accounts import User
from wandb_server.model.archive import Archive
from wandb_server.model.people import AccessRule, ProjectAccess

NO_RULE = AccessRule()


def refusal(entity: str, project: str) -> str:
    """What somebody is told who may not write there; the same if it does not exist."""
    return (
        f"You have no access to entity {entity!r} for writing to project {project!r}. "
        "A member of the entity's team can, or choose another entity: "
        "wandb.init(entity=...)"
    )


class ProjectRules:
    """What one user may. Cheap: one per request, which asks for each project once."""

    def __init__(self, archive: Archive, user: User, *, sees_all: bool = False) -> None:
        self.user = user
        self.sees_all = sees_all and user.admin
        self._archive = archive
        self._roles = {role.team: role for role in user.teams}
        self._known: dict[tuple[str, str], AccessRule] = {}

    def belongs_to(self, entity: str) -> bool:
        """Whether the user is the entity, or a member of that team."""
        return entity != "" and (entity == self.user.name or entity in self._roles)

    def leads(self, entity: str) -> bool:
        """Whether the user is the entity, or an admin of that team."""
        role = self._roles.get(entity)
        if entity == "":
            return False
        return entity == self.user.name or (role is not None and role.admin)

    async def may_read(self, entity: str, project: str) -> bool:
        """Whether the project, existing or not, may be looked into."""
        if self._is_open(entity):
            return True
        rule = await self.rule(entity, project)
        return rule.access is ProjectAccess.PUBLIC or self._shares(entity, rule)

    async def may_write(self, entity: str, project: str) -> bool:
        """Whether runs and artifacts in it, and itself, may be made and changed."""
        if entity == "" or not self.belongs_to(entity):
            return False
        if self.leads(entity):
            return True
        return self._shares(entity, await self.rule(entity, project))

    async def may_set(self, entity: str, project: str) -> bool:
        """Whether the user says who may come to the project."""
        if entity == "":
            return False
        if self.leads(entity) or self.sees_all:
            return True
        rule = await self.rule(entity, project)
        return self.belongs_to(entity) and rule.owner_id == self.user.id

    async def rule(self, entity: str, project: str) -> AccessRule:
        """How the project is set."""
        place = (entity, project)
        if place not in self._known:
            self._known[place] = await self._archive.people.rule(entity, project)
        return self._known[place]

    async def readable(self, entity: str, projects: list[str]) -> set[str]:
        """Those of the entity's projects that may be looked into."""
        if self._is_open(entity):
            return set(projects)
        rules = await self._archive.people.rules(entity)
        for project in projects:
            self._known[entity, project] = rules.get(project, NO_RULE)
        return {name for name in projects if await self.may_read(entity, name)}

    def forget(self) -> None:
        """Rules were changed."""
        self._known.clear()

    def _is_open(self, entity: str) -> bool:
        return entity != "" and (self.sees_all or self.leads(entity))

    def _shares(self, entity: str, rule: AccessRule) -> bool:
        if not self.belongs_to(entity):
            return False
        if rule.access is not ProjectAccess.PRIVATE:
            return True
        return rule.owner_id == self.user.id
