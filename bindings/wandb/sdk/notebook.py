"""How a run shows in a notebook: a link, and its page in a frame where that can be.

The server of this project does not let its pages be framed (another page could steal
clicks on them); then the run's latest values stand below the link.
"""

import sys
from typing import Any

from wandb import _terminal

HEIGHT = 420
ASK_S_MAX = 2.0
_SHOW = "Display W&amp;B run"


def in_notebook() -> bool:
    """Whether this process is the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and "IPKernelApp" in getattr(shell, "config", {})


def shows_html() -> bool:
    """Whether what `init` and `finish` say is to be shown as HTML."""
    return _terminal.shows("log") and in_notebook()


def link(url: str, text: str) -> str:
    """An anchor that opens in a tab of its own."""
    safe = _escaped(url)
    return f'<a href="{safe}" target="_blank" rel="noopener">{_escaped(text)}</a>'


def frame(
    url: str | None, name: str, height: int = HEIGHT, hidden: bool = False
) -> str:
    """The page of a run as HTML: a link, and the page in a frame.

    A page whose server does not let itself be framed stays blank there; the link works.
    hidden: the frame is shown after a press on a button. Without a url, a sentence.
    """
    if not url:
        return f"<p>Run {_escaped(name)} has no page: it is on this machine only.</p>"
    separator = "&" if "?" in url else "?"
    source = _escaped(f"{url}{separator}jupyter=true")
    style = f"border:none;width:100%;height:{int(height)}px;"
    shown = f'<iframe src="{source}" style="{style}"></iframe>'
    if hidden:
        shown = f"<details><summary>{_SHOW}</summary>{shown}</details>"
    return f"<div>View run {link(url, name)}</div>{shown}"


def card(url: str | None, name: str, values: str) -> str:
    """A run without a frame: a link if it has a page, and `values`, which is HTML."""
    if not url:
        head = f"Run {_escaped(name)} has no page: it is on this machine only."
    else:
        head = f"View run {link(url, name)}"
    return f"<div>{head}</div>{values}"


def can_be_framed(url: str) -> bool:
    """Whether the server of this address lets its pages be framed; asks it."""
    import urllib.error
    import urllib.request

    request = urllib.request.Request(url, method="HEAD")
    try:
        with urllib.request.urlopen(request, timeout=ASK_S_MAX) as answer:
            headers = answer.headers
    except urllib.error.HTTPError as refusal:
        with refusal:
            headers = refusal.headers
    except (OSError, ValueError):
        return False
    policy = headers.get("Content-Security-Policy", "")
    return not headers.get("X-Frame-Options") and "frame-ancestors" not in policy


def show_html(text: str) -> bool:
    """Show HTML in the current cell; False where there is no notebook."""
    if not in_notebook():
        return False
    from IPython import display

    display.display(display.HTML(text))  # type: ignore[no-untyped-call]
    return True


def mime_bundle(text: str, plain: str) -> dict[str, Any]:
    """What IPython shows for an object: HTML, or its plain text elsewhere."""
    return {"text/html": text, "text/plain": plain}


def _escaped(text: str) -> str:
    from html import escape  # only where there is a page to show it

    return escape(text, quote=True)
