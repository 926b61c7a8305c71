"""Ids of runs."""

import random

_CHARACTERS = "0123456789abcdefghijklmnopqrstuvwxyz"


_RANDOM = random.SystemRandom()


def generate_id(length: int = 8) -> str:
    """Random base-36 characters; independent of `random.seed`."""
    return "".join(_RANDOM.choice(_CHARACTERS) for _ in range(length))
