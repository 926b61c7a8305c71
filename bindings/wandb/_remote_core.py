"""A core on another host: where it is, and whether it is the one that we trust.

```
WANDB_CORE_ADDRESS ─► its certificate ─► fingerprint as in WANDB_CORE_TOKEN? ─► TLS that
                                         │ no: somebody else answers     trusts only it
                                         └► refused, nothing was sent
```
"""

import socket
from collections.abc import Mapping
from dataclasses import dataclass

from wandb_proto import PROTOCOL_VERSION
from wandb_proto.core_place import CoreAddress
from wandb_proto.places import Places
from wandb_proto.remote_token import (
    ADDRESS_VARIABLE,
    TOKEN_VARIABLE,
    RemoteToken,
    fingerprint_of,
    join_address,
    split_address,
)

from wandb._launcher import CoreUnavailable, ensure_core, wait_until_gone
from wandb._link import Connector, WrongCore

CONNECT_WAIT_S = 10.0


@dataclass(frozen=True, slots=True)
class RemoteCore:
    """What the environment says."""

    host: str
    port: int
    token: RemoteToken

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "RemoteCore | None":
        """None: core is on this host.

        Raises:
            ValueError: address or token is missing or makes no sense.
        """
        address = environ.get(ADDRESS_VARIABLE, "")
        if not address:
            return None
        try:
            host, port = split_address(address)
        except ValueError as error:
            raise ValueError(f"{ADDRESS_VARIABLE}: {error}") from error
        try:
            token = RemoteToken.parse(environ.get(TOKEN_VARIABLE, ""))
        except ValueError as error:
            raise ValueError(f"{TOKEN_VARIABLE}: {error}") from error
        return cls(host or "localhost", port, token)

    @property
    def address(self) -> str:
        """HOST:PORT"""
        return join_address(self.host, self.port)

    def reach(self) -> CoreAddress:
        """Its address with the certificate that was checked; sends nothing secret.

        Raises:
            WrongCore: the fingerprint is another one.
            CoreUnavailable: nobody answers.
        """
        import ssl

        address = self.address
        try:
            pem = ssl.get_server_certificate(
                (self.host, self.port), timeout=CONNECT_WAIT_S
            )
        except (OSError, ValueError) as error:
            raise CoreUnavailable(f"core at {address}: {_reason(error)}") from error
        if fingerprint_of(pem) != self.token.fingerprint:
            raise WrongCore(
                f"{address} is not the core that {TOKEN_VARIABLE} was made for: its "
                "certificate has another fingerprint. Nothing was sent to it."
            )
        return CoreAddress(0, address, self.token.secret, "", "", PROTOCOL_VERSION, pem)


def connector_for(places: Places, environ: Mapping[str, str]) -> Connector:
    """How this process reaches core: on another host, or on this one, started there.

    Raises:
        ValueError: see `RemoteCore.from_environment`.
    """
    if remote := RemoteCore.from_environment(environ):
        return Connector(remote.reach, lambda wait_s: False)
    return Connector(
        lambda: ensure_core(places, environ),
        lambda wait_s: wait_until_gone(places, wait_s),
    )


def _reason(error: Exception) -> str:
    if isinstance(error, socket.gaierror):
        return "its host is not known"
    return getattr(error, "strerror", "") or str(error)
