"""Readable names for runs that came without one."""

import hashlib

_FIRST = (
    "amber",
    "brave",
    "calm",
    "clear",
    "crisp",
    "dawn",
    "deep",
    "eager",
    "early",
    "fair",
    "fresh",
    "gentle",
    "golden",
    "happy",
    "jolly",
    "kind",
    "lively",
    "lucky",
    "mellow",
    "misty",
    "noble",
    "quick",
    "quiet",
    "rapid",
    "royal",
    "silver",
    "smooth",
    "snowy",
    "spring",
    "sunny",
    "vivid",
    "wise",
)
_SECOND = (
    "bird",
    "brook",
    "butterfly",
    "cloud",
    "comet",
    "dream",
    "dune",
    "fern",
    "field",
    "fire",
    "firefly",
    "flower",
    "forest",
    "frog",
    "glade",
    "grass",
    "haze",
    "hill",
    "lake",
    "leaf",
    "meadow",
    "moon",
    "paper",
    "pine",
    "planet",
    "pond",
    "rain",
    "river",
    "sea",
    "sky",
    "star",
    "wave",
)


def readable_name(run_name: str, number: int) -> str:
    """`calm-river-7`: the words follow from the run's id, the number counts runs."""
    digest = hashlib.sha256(run_name.encode("utf-8", "surrogatepass")).digest()
    first, second = _FIRST[digest[0] % len(_FIRST)], _SECOND[digest[1] % len(_SECOND)]
    return f"{first}-{second}-{number}"
