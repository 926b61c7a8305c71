"""Addresses of servers: fit to be shown, and without credentials."""

from urllib.parse import urlsplit, urlunsplit


def shown(url: str) -> str:
    """An address without what may be secret in it: user, password, query."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an address that is none"
    return urlunsplit(
        (parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", "")
    )


def without_user(url: str) -> str:
    """Credentials in the address would compete with the key for one header."""
    scheme, separator, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return scheme + separator + host.rpartition("@")[2] + slash + path
