"""Who may come in: Host and Origin, API keys, browser sessions, signed addresses.

Every route names one `Access`; what is not `OPEN` needs proof. A cookie proves less
than a key, because browsers send it along with requests that other pages make: together
with a method that changes something it counts only from our own Origin.
"""

import base64
import binascii
import enum
import hmac
from urllib.parse import urlsplit

from aiohttp import web

from wandb_server.addresses import FilePlace
from wandb_server.api.surroundings import Surroundings
from wandb_server.model.accounts import User
from wandb_server.settings import LOOPBACK_HOSTS

SAFE_METHODS = frozenset(("GET", "HEAD"))


class Access(enum.Enum):
    """Rule of a route."""

    OPEN = "open"
    """Everybody; the answer tells nothing."""
    USER = "user"
    """API key, or cookie session."""
    PAGE = "page"
    """Like USER; who is refused gets a page for people instead of JSON."""
    FILE = "file"
    """Like USER, or an address signed for this method and file."""
    SIGNED = "signed"
    """An address signed for this method and path; nobody needs to be known."""
    ADMIN = "admin"
    """API key or session of an admin of the server, or the token of `CONTROL`."""
    METRICS = "metrics"
    """Like `ADMIN`, or everybody if the settings say so."""
    CONTROL = "control"
    """The token in the private address file of the local server."""


def host_allowed(around: Surroundings, host: str) -> bool:
    """Whether the Host header names us: else a foreign page may be talking to us
    through a name that it let point here."""
    if host.endswith("]") or ":" not in host:
        name, port = host, ""
    else:
        name, _, port = host.rpartition(":")
    public = urlsplit(around.public_url)
    allowed = {*around.settings.allowed_hosts, public.hostname or ""}
    if name in LOOPBACK_HOSTS:
        return port in ("", str(around.port), str(public.port or ""))
    return name in allowed


def origin_allowed(around: Surroundings, request: web.Request) -> bool:
    """Whether a request with a cookie comes from a page of ours."""
    origin = request.headers.get("Origin")
    if origin is None:
        return request.headers.get("Sec-Fetch-Site") == "same-origin"
    parts = urlsplit(origin)
    public = urlsplit(around.public_url)
    if (parts.scheme, parts.netloc) == (public.scheme, public.netloc):
        return True
    return parts.netloc == request.host and host_allowed(around, parts.netloc)


async def user_of(around: Surroundings, request: web.Request) -> User | None:
    """Who asks, by key or cookie; None if nobody that we know."""
    key = _key(request.headers.get("Authorization", ""))
    if key is not None:
        return await around.archive.user_of_key(key)
    token = request.cookies.get(around.cookie_name)
    if not token:
        return None
    if request.method not in SAFE_METHODS and not origin_allowed(around, request):
        return None
    return await around.archive.user_of_session(token, around.clock())


def user_of_signature(around: Surroundings, request: web.Request) -> User | None:
    """On whose behalf a signed address was handed out, None if it does not hold.

    The signature covers the file. It was handed out to somebody who might read or write
    it, so it counts as its entity.
    """
    parts = request.match_info
    place = FilePlace(parts["entity"], parts["project"], parts["run"], parts["name"])
    expires = request.query.get("expires", "")
    signature = request.query.get("signature", "")
    if not around.addresses.valid(request.method, place, expires, signature):
        return None
    return User(id=0, name=place.entity, email="", admin=False, created_at=0.0)


def has_signature(around: Surroundings, request: web.Request) -> bool:
    """Whether this very address was handed out by us, for this method."""
    # HEAD tells less than GET.
    method = "GET" if request.method == "HEAD" else request.method
    expires = request.query.get("expires", "")
    signature = request.query.get("signature", "")
    return around.addresses.holds(method, request.path, expires, signature)


def has_control_token(around: Surroundings, request: web.Request) -> bool:
    """Whether the request carries the token of the private address file."""
    key = _key(request.headers.get("Authorization", "")) or ""
    return hmac.compare_digest(key.encode(), around.control_token.encode())


def _key(authorization: str) -> str | None:
    """The secret in an Authorization header: `Basic api:<key>` or `Bearer <key>`."""
    scheme, _, rest = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(rest.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return text.partition(":")[2]
