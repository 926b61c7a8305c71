"""The one user of an embedded server: named like the login, with a key in netrc."""

import getpass
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from wandb_proto import credentials

from wandb_server.model.accounts import User
from wandb_server.model.archive import Archive
from wandb_server.operations.people import RESERVED_NAMES

NAME_CHARACTERS_MAX = 64
KEY_LABEL = "written by wandb server start"


@dataclass(frozen=True, slots=True)
class KeptKey:
    """Where clients of this user find the key, or the key if it could not be kept."""

    path: Path | None
    """The netrc file, None if nothing was written."""
    problem: str | None = None
    key: str | None = None
    """Set only with `problem`: shown once, so that it is not lost."""


def login_name() -> str:
    """Whose process this is."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without an entry, as in containers
        return "local"


def entity_name(login: str) -> str:
    """The login name as it may stand in addresses and in the official client."""
    name = re.sub(r"[^a-z0-9_-]+", "-", login.lower()).strip("-_")[:NAME_CHARACTERS_MAX]
    if not name:
        return "local"
    return f"{name}-user" if name in RESERVED_NAMES else name


async def local_user(archive: Archive, login: str) -> User:
    """The first user; made when there is none."""
    users = await archive.users()
    if users:
        return users[0]
    return await archive.create_user(entity_name(login), admin=True)


async def keep_key(
    archive: Archive, user: User, environ: Mapping[str, str], machines: tuple[str, ...]
) -> KeptKey:
    """See that netrc holds a key of this user for every one of the base URLs."""
    keys = {url: credentials.read_key(environ, url) for url in machines}
    fitting = [key for key in keys.values() if key and await _is_of(archive, user, key)]
    if len(fitting) == len(machines):
        return KeptKey(None)
    key = fitting[0] if fitting else f"local-{secrets.token_hex(20)}"
    if not fitting:
        await archive.add_key(user, key, KEY_LABEL)
    try:
        paths = [credentials.write_key(environ, url, key) for url in machines]
    except OSError as error:
        where = credentials.netrc_path(environ)
        return KeptKey(None, f"Cannot write {where}: {error.strerror}.", key)
    return KeptKey(paths[0])


async def _is_of(archive: Archive, user: User, key: str) -> bool:
    owner = await archive.user_of_key(key)
    return owner is not None and owner.id == user.id
