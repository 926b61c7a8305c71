"""What a process on another host needs to know to trust a core, and to be let in.

```
WANDB_CORE_ADDRESS  node0:7777
WANDB_CORE_TOKEN    <SHA-256 of core's certificate, 64 hex digits>.<secret>
```

The certificate is self-signed and made for one core; the fingerprint in the token is
the only reason to trust it, the secret the only reason to be let in.
"""

import re
from dataclasses import dataclass

ADDRESS_VARIABLE = "WANDB_CORE_ADDRESS"
TOKEN_VARIABLE = "WANDB_CORE_TOKEN"

CERTIFICATE_NAME = "wandb-core"
"""In every certificate of a core, whatever its host is called."""

_TOKEN = re.compile(r"([0-9a-f]{64})\.([A-Za-z0-9_-]{32,128})")
_LOG_NAME = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class RemoteToken:
    """Both halves of the token."""

    fingerprint: str
    secret: str

    @classmethod
    def parse(cls, text: str) -> "RemoteToken":
        """Raises ValueError, without the text in it: it may be a secret."""
        found = _TOKEN.fullmatch(text.strip())
        if found is None:
            raise ValueError(
                "it is not a token of a core (64 hex digits, a dot and a secret); "
                "`wandb core start --listen` prints one"
            )
        return cls(found[1], found[2])

    def __str__(self) -> str:
        return f"{self.fingerprint}.{self.secret}"


def split_address(text: str) -> tuple[str, int]:
    """`HOST:PORT` or `[IPv6]:PORT`; an empty host stays empty.

    Raises:
        ValueError: it is neither.
    """
    host, colon, port = text.strip().rpartition(":")
    host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise ValueError(f"{text!r} is not HOST:PORT")
    return host, int(port)


def join_address(host: str, port: int) -> str:
    """The opposite of `split_address`."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def fingerprint_of(certificate_pem: str) -> str:
    """SHA-256 of a certificate, as in the token."""
    import hashlib
    import ssl

    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate_pem)).hexdigest()


def is_log_name(text: str) -> bool:
    """Whether this names a log of a process on another host: 32 hex digits."""
    return _LOG_NAME.fullmatch(text) is not None
