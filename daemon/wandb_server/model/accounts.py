"""Who is asking: users, services and their API keys."""

from dataclasses import dataclass

from wandb_server.model.people import TeamRole


@dataclass(frozen=True, slots=True)
class User:
    """A person or service; `name` is also the entity that owns the user's projects."""

    id: int
    name: str
    email: str
    admin: bool
    created_at: float
    teams: tuple[TeamRole, ...] = ()
    service: bool = False
    """Not a person; it speaks for the team that it is in."""
    code_saving: bool = False
    """Clients keep the scripts of this user's runs without being asked."""

    @property
    def entity(self) -> str:
        """Where projects go when no entity is named."""
        return self.teams[0].team if self.service and self.teams else self.name


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is known of a key after it was shown once: only its hash is stored."""

    id: int
    user_id: int
    label: str
    hint: str
    """The first characters, enough to recognise it."""
    created_at: float
