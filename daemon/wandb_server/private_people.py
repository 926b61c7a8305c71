"""Users and teams as one user may see and change them.

| who | sees | changes |
|---|---|---|
| every user | themselves, who is in a team with them | the own keys |
| admin of a team | | members and service accounts of the team |
| admin of the server | everybody | everything |
"""

from collections.abc import Sequence

from wandb_server.errors import NotAllowed, NotFound, QueryError
from wandb_server.model.accounts import ApiKey, User
from wandb_server.model.archive import Archive
from wandb_server.model.people import Team
from wandb_server.project_rules import ProjectRules


class PrivatePeople:
    """What `rules.user` may know of others. Cheap: one per request."""

    def __init__(self, archive: Archive, rules: ProjectRules) -> None:
        self._archive = archive
        self._people = archive.people
        self._rules = rules
        self._user = rules.user
        self._known: dict[str, User | None] = {rules.user.name: rules.user}

    def may_know(self, user: User) -> bool:
        """Whether more than the name of that user is told."""
        if user.id == self._user.id or self._user.admin:
            return True
        mine = {role.team for role in self._user.teams}
        return any(role.team in mine for role in user.teams)

    async def named(self, name: str) -> User | None:
        """Asked once per request; None if there is nobody of that name."""
        if name not in self._known:
            self._known[name] = await self._archive.user_named(name)
        return self._known[name]

    async def found(self, text: str | None) -> Sequence[User]:
        """Known people whose name or e-mail address begins so; by default oneself."""
        if not text:
            return (self._user,)
        found: Sequence[User] = await self._people.find_users(text)
        return [user for user in found if self.may_know(user)]

    async def one(self, name_or_email: str | None) -> User | None:
        """The known person of exactly that name or e-mail address."""
        if not name_or_email:
            return self._user
        for user in await self.found(name_or_email):
            if name_or_email in (user.name, user.email):
                return user
        return None

    async def team(self, name: str) -> Team | None:
        """None if absent, or one is neither in it nor an admin."""
        if not (self._user.admin or self._rules.belongs_to(name)):
            return None
        team: Team | None = await self._people.team(name)
        return team

    async def is_team(self, name: str) -> bool:
        """Whether a name that one came across is a team's."""
        if name == self._user.name:
            return False
        return self._rules.belongs_to(name) or await self._people.team(name) is not None

    async def keys_of(self, user: User) -> Sequence[ApiKey]:
        """Nobody else's but for admins."""
        if user.id != self._user.id and not self._user.admin:
            return ()
        return await self._archive.keys_of(user)

    # changes -------------------------------------------------------------------------
    async def make_key(self, label: str) -> tuple[ApiKey, str]:
        """A key of one's own, and its text."""
        made: tuple[ApiKey, str] = await self._people.add_key(self._user.name, label)
        return made

    async def revoke_key(self, key_id: int) -> None:
        """A key of one's own; an admin's word counts for everybody's."""
        owner = self._user
        if owner.admin:
            for user in await self._archive.users():
                if key_id in {key.id for key in await self._archive.keys_of(user)}:
                    owner = user
        await self._people.revoke_key(owner.name, key_id)

    async def create_user(self, email: str, *, admin: bool) -> User:
        """Named after the e-mail address."""
        self._require_admin("make users")
        if await self._with_email(email) is not None:
            raise QueryError("email", f"{email!r} belongs to a user already")
        name = "".join(
            letter
            if letter.isascii() and (letter.isalnum() or letter in "_.-")
            else "-"
            for letter in email.partition("@")[0]
        ).lstrip("-_.")
        user: User = await self._people.add_user(name, email, admin=admin)
        return user

    async def create_team(self, name: str, leader: str | None) -> Team:
        """The leader, by default oneself, is its admin."""
        self._require_admin("make teams")
        team: Team = await self._people.add_team(
            name, {leader or self._user.name: True}
        )
        return team

    async def invite(self, team: str, who: str, *, admin: bool) -> User:
        """Put a user of this server into the team, at once."""
        await self._require_leader(team)
        user = await self._archive.user_named(who) or await self._with_email(who)
        if user is None:
            raise QueryError(
                "invite",
                f"there is no user {who!r}; an admin makes one with: "
                "wandb server user add",
            )
        await self._people.add_member(team, user.name, admin=admin)
        return user

    async def dismiss(self, team: str, user_id: int) -> None:
        """Out of the team."""
        await self._require_leader(team)
        found = await self._people.team(team)
        names = {member.user_id: member.name for member in found.members}
        if user_id not in names:
            raise NotFound(f"member of team {team}", str(user_id))
        await self._people.remove_member(team, names[user_id])

    async def create_service_account(self, team: str, name: str) -> User:
        """With a key, which `fresh_key` tells its maker once."""
        await self._require_leader(team)
        made: tuple[User, ApiKey, str] = await self._people.add_service_account(
            team, name, "made with the account"
        )
        user, _, text = made
        self._people.keep_fresh(self._user.id, user.id, text)
        return user

    def fresh_key(self, user_id: int) -> str | None:
        """The key of a service account that the asker made a moment ago, once."""
        key: str | None = self._people.take_fresh(self._user.id, user_id)
        return key

    async def _with_email(self, email: str) -> User | None:
        found = [u for u in await self._archive.users() if email and u.email == email]
        return found[0] if found else None

    async def _require_leader(self, team: str) -> None:
        if await self.team(team) is None:
            raise NotFound("team", team)
        if not (self._user.admin or self._rules.leads(team)):
            raise NotAllowed(f"Only admins of team {team} change who is in it.")

    def _require_admin(self, what: str) -> None:
        if not self._user.admin:
            raise NotAllowed(f"Only admins of this server {what}.")
