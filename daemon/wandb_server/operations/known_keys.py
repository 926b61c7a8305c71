"""Whose API keys were shown a moment ago, so that a post need not ask every time."""

from wandb_server.model.accounts import User
from wandb_server.storage.people import hash_of

KNOWN_S = 1.0
"""So long another server of the same database may not know that a key was revoked."""
KNOWN_MAX = 10_000


class KnownKeys:
    """Users by key, for a second. Used by one thread.

    What this server changes about people counts at once: `forget` also keeps out the
    answers of questions that were asked before it.
    """

    def __init__(self) -> None:
        self._kept: dict[str, tuple[float, User]] = {}
        self.age = 0
        """Changes with `forget`; what was asked at an older age is not kept."""

    def get(self, key: str, now: float) -> User | None:
        """None: not known, or too long ago."""
        until, user = self._kept.get(hash_of(key), (0.0, None))
        return user if now < until <= now + KNOWN_S else None

    def keep(self, key: str, user: User, now: float, age: int) -> None:
        """Remember the answer to a question of this age."""
        if age != self.age:
            return
        if len(self._kept) >= KNOWN_MAX:
            self._kept.clear()
        self._kept[hash_of(key)] = (now + KNOWN_S, user)

    def forget(self) -> None:
        """Something about people changed."""
        self._kept.clear()
        self.age += 1
