"""What `wandb.Api` needs to know of the settings."""

from dataclasses import dataclass
from typing import Any

from wandb.sdk.server_choice import choose_server
from wandb.sdk.wandb_setup import setup

TIMEOUT_S = 20.0
_OVERRIDES = ("base_url", "entity", "project")


@dataclass(frozen=True, slots=True)
class PublicSettings:
    """Where `Api` reads from, and as whom."""

    base_url: str
    entity: str | None
    project: str | None
    api_key: str | None
    timeout_s: float


def public_settings(
    overrides: dict[str, Any], timeout: float | None = None, api_key: str | None = None
) -> PublicSettings:
    """The settings of the process with what the caller says on top.

    Raises:
        SettingsError: an override that there is not, or a value it cannot take.
    """
    session = setup()
    given = {name: overrides.get(name) for name in _OVERRIDES if overrides.get(name)}
    settings = session.settings.merged(given)
    server = choose_server(settings, session.places, session.environ)
    return PublicSettings(
        base_url=server.base_url,
        entity=settings.entity,
        project=settings.project,
        api_key=api_key or server.api_key,
        timeout_s=timeout or settings.x_graphql_timeout_seconds or TIMEOUT_S,
    )
