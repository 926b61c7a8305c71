"""Addresses of files, signed so that they need no other credentials.

    {public url}/files/{entity}/{project}/{run}/{name}?expires=<unix s>&signature=<hex>
    {public url}/artifact-data/…?expires=<unix s>&signature=<hex>

The signature is an HMAC-SHA256 over method, decoded path and expiry: an address for
reading does not allow writing, and none outlives its hour. They begin with the public
URL setting, never with what a Host header says, so that nobody can make us hand out
addresses of another server.
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class FilePlace:
    """Which file of which run."""

    entity: str
    project: str
    run: str
    name: str

    @property
    def path(self) -> str:
        """Decoded path of the address."""
        return f"/files/{self.entity}/{self.project}/{self.run}/{self.name}"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Makes and checks signed addresses."""

    public_url: str
    secret: bytes
    lifetime_s: float
    clock: Callable[[], float]

    def upload(self, place: FilePlace) -> str:
        """Where to PUT the file."""
        return self._sign("PUT", place)

    def download(self, place: FilePlace) -> str:
        """Where to GET the file."""
        return self._sign("GET", place)

    def valid(
        self, method: str, place: FilePlace, expires: str, signature: str
    ) -> bool:
        """Whether this address was handed out by us for this method and still holds."""
        wanted = self._signature(method, place, expires)
        if not hmac.compare_digest(wanted, signature):
            return False
        return self.clock() < int(expires)

    def signed(self, method: str, path: str) -> str:
        """The address of a decoded path of ours that belongs to no run."""
        expires = self._expires()
        signature = self._signature_of_path(method, path, expires)
        quoted = quote(path.encode("utf-8", "replace"), safe="/")
        return f"{self.public_url}{quoted}?expires={expires}&signature={signature}"

    def holds(self, method: str, path: str, expires: str, signature: str) -> bool:
        """Like `valid` for what `signed` made."""
        wanted = self._signature_of_path(method, path, expires)
        if not hmac.compare_digest(wanted, signature):
            return False
        return self.clock() < int(expires)

    def _expires(self) -> str:
        # Rounded up, so that pages asking twice may use their cache.
        return str((int(self.clock() + self.lifetime_s) // 3600 + 1) * 3600)

    def _sign(self, method: str, place: FilePlace) -> str:
        expires = self._expires()
        signature = self._signature(method, place, expires)
        path = quote(place.path, safe="/")
        return f"{self.public_url}{path}?expires={expires}&signature={signature}"

    def _signature_of_path(self, method: str, path: str, expires: str) -> str:
        text = "\0".join(("path", method, path, expires)).encode("utf-8", "replace")
        return hmac.new(self.secret, text, hashlib.sha256).hexdigest()

    def _signature(self, method: str, place: FilePlace, expires: str) -> str:
        parts = (method, place.entity, place.project, place.run, place.name, expires)
        text = "\0".join(parts).encode("utf-8", "surrogatepass")
        return hmac.new(self.secret, text, hashlib.sha256).hexdigest()
