"""Open the page in the user's browser without showing the token to anybody else."""

import html
import sys
import webbrowser
from collections.abc import Mapping
from pathlib import Path

from wandb_server.settings import write_private


def has_screen(environ: Mapping[str, str]) -> bool:
    """Whether a browser of this user could show itself here (not over plain ssh)."""
    if sys.platform in ("darwin", "win32"):
        return "SSH_CONNECTION" not in environ
    return bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))


def open_in_browser(address: str, private_dir: Path) -> bool:
    """Open a one-time address; False when no browser could be started.

    The browser's command line, which everybody on the machine can read, names a private
    file that leads on to the address, not the address with its token.
    """
    page = private_dir / "open.html"
    leads_to = html.escape(address, quote=True)
    write_private(page, f'<meta http-equiv="refresh" content="0; url={leads_to}">\n')
    return webbrowser.open(page.resolve().as_uri())
