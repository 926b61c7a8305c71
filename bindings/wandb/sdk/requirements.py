"""`requirements.txt`: what is installed where the run runs."""

import json
import re
from collections.abc import Iterable
from importlib import metadata

from wandb.sdk.git import without_credentials

PACKAGES_MAX = 10_000
_FACT = re.compile(r"^(Name|Version):(.*)$", re.MULTILINE)
_VERSION_CONTROL = ("git", "hg", "svn", "bzr")


def requirement_lines(
    distributions: Iterable[metadata.Distribution] | None = None,
) -> list[str]:
    """`name==version`, or `name @ url` where that is how it was installed; by name.

    URLs are without credentials and queries. Of two with the same name the first on
    the path counts, as it does for imports.
    """
    found: dict[str, str] = {}
    for distribution in distributions or metadata.distributions():
        try:
            name, line = _described(distribution)
        except Exception:  # damaged metadata of others: theirs is left out
            continue
        if name:
            found.setdefault(re.sub(r"[-_.]+", "-", name).lower(), line)
        if len(found) >= PACKAGES_MAX:
            break
    return [found[name] for name in sorted(found)]


def _described(distribution: metadata.Distribution) -> tuple[str, str]:
    # Parsing all of it as an e-mail, as `distribution.metadata` does, takes ten times
    # as long.
    text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO")
    head = (text or "").partition("\n\n")[0]
    facts = dict(_FACT.findall(head))
    name = facts.get("Name", "").strip()
    origin = distribution.read_text("direct_url.json")
    url = _url(json.loads(origin)) if origin else ""
    version = facts.get("Version", "").strip()
    return name, f"{name} @ {url}" if url else f"{name}=={version}"


def _url(origin: object) -> str:
    """Of a package from version control or an archive; "" for one from this disk."""
    if not isinstance(origin, dict):
        return ""
    url = without_credentials(str(origin.get("url") or "")).partition("?")[0]
    if not url or url.startswith("file:"):
        return ""
    source = origin.get("vcs_info")
    if isinstance(source, dict) and source.get("vcs") in _VERSION_CONTROL:
        return f"{source['vcs']}+{url}@{source.get('commit_id', 'HEAD')}"
    return url
