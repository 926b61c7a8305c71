"""API keys by reference: looked up when they are needed, never written by core."""

from collections.abc import Mapping

from wandb_proto.credentials import read_key


class ApiKeys:
    """Keys handed over by processes (memory only), else the user's netrc file.

    The netrc file is read at each question, so that a later login is picked up.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._handed_over: dict[str, str] = {}

    def hand_over(self, base_url: str, key: str) -> None:
        """A process knows this key from its own environment."""
        self._handed_over[base_url.rstrip("/")] = key

    def find(self, base_url: str) -> str | None:
        """The key for this server now, or None."""
        handed_over = self._handed_over.get(base_url.rstrip("/"))
        return handed_over or read_key(self._environ, base_url)
