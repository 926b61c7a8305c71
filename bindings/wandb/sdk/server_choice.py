"""Which server a run goes to, and with which key.

```
base_url given (argument, variable, settings file)? ── yes ─► that server
  │ no
  ├─ mode not given, in CI or a batch job ─► offline, with a message
  └─ else ─► the local server, started on demand
```
A key alone, or a netrc entry, does not make a server configured.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from wandb_proto import credentials
from wandb_proto.places import Places

from wandb.sdk.wandb_settings import Settings
from wandb.sdk.where import batch_variable

LOCAL_PORT = 8080


@dataclass(frozen=True, slots=True)
class ServerChoice:
    """Where runs go."""

    base_url: str
    app_url: str
    local: bool
    """The server that comes with us, on this machine."""
    api_key: str | None
    key_from_environment: bool
    """The key is known to this process only and is written nowhere."""
    offline_because: str = ""
    """Variable for which an unconfigured run stays offline; "" if it does not."""


def choose_server(
    settings: Settings, places: Places, environ: Mapping[str, str]
) -> ServerChoice:
    """The server that these settings mean."""
    local = settings.base_url is None
    base_url = settings.base_url or local_url(places)
    kept = credentials.read_key(environ, base_url)
    because = ""
    if local and "mode" not in settings.given:
        because = batch_variable(environ) or ""
    return ServerChoice(
        base_url=base_url,
        app_url=(settings.app_url_override or base_url),
        local=local,
        api_key=settings.api_key or kept,
        key_from_environment=bool(settings.api_key) and settings.api_key != kept,
        offline_because=because,
    )


def local_url(places: Places) -> str:
    """Address of the local server: running, remembered, or the usual one."""
    address = _read(places.server_address)
    if isinstance(url := address.get("url"), str) and url:
        return url.rstrip("/")
    remembered = _read(places.data_dir / "server" / "settings.json").get("port")
    port = remembered if isinstance(remembered, int) else LOCAL_PORT
    return f"http://localhost:{port}"


def _read(path: Path) -> dict[str, object]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
