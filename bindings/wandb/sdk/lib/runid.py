"""Ids of runs."""

import secrets

_CHARACTERS = "0123456789abcdefghijklmnopqrstuvwxyz"


def generate_id(length: int = 8) -> str:
    """Random base-36 characters; independent of `random.seed`."""
    return "".join(secrets.choice(_CHARACTERS) for _ in range(length))
