"""How long a version lives when nothing is said about it."""

from enum import Enum


class ArtifactTTL(Enum):
    """Value of `artifact.ttl` besides a timedelta and None (kept for ever)."""

    INHERIT = 0
    """What the project says."""
