"""Which HTTP proxy a request goes through: the rules of the usual variables."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Proxies:
    """Addresses of proxies by scheme, and the hosts that go without."""

    http: str | None = None
    https: str | None = None
    direct_hosts: tuple[str, ...] = ()

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "Proxies":
        """Read http_proxy, https_proxy and no_proxy, in lower or upper case."""

        def read(name: str) -> str:
            return environ.get(name) or environ.get(name.upper()) or ""

        hosts = (host.strip().lstrip(".") for host in read("no_proxy").split(","))
        return cls(
            http=read("http_proxy") or None,
            https=read("https_proxy") or None,
            direct_hosts=tuple(host for host in hosts if host),
        )

    def choose(self, url: str) -> str | None:
        """The proxy for this address; None for none. Loopback never has one."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        if host in LOOPBACK or any(
            _covers(direct, host) for direct in self.direct_hosts
        ):
            return None
        return self.https if parts.scheme == "https" else self.http


def _covers(direct: str, host: str) -> bool:
    return direct in ("*", host) or host.endswith("." + direct)
