"""`wandb.Html`: a page to log. The page shows it in a sandbox."""

import re
from pathlib import Path
from typing import Any

from wandb.sdk.data_types.base_types.media import (
    BatchableMedia,
    MediaObject,
    artifact_file,
)

HEAD = (
    '<base target="_blank"><link rel="stylesheet" type="text/css" '
    'href="https://app.wandb.ai/normalize.css" />'
)
"""What `inject` puts in: links open outside of the frame, plain text looks plain."""

_PATH_CHARACTERS_MAX = 4096


class Html(BatchableMedia):
    """HTML to log.

    data: text, path of a file, or an open file.
    inject: put a base target and a style sheet into its head.
    data_is_not_path: text is HTML even if a file has that name.

    Raises:
        ValueError: something else.
    """

    _log_type = "html-file"
    _kind = "html"

    def __init__(
        self, data: Any, inject: bool = True, data_is_not_path: bool = False
    ) -> None:
        super().__init__()
        self._extension = "html"
        self.html = self._read(data, data_is_not_path)
        if inject:
            self.inject_head()
        self._content = self.html.encode("utf-8", errors="replace")

    def inject_head(self) -> None:
        """Put `HEAD` into the page: into its head, else a new one, else in front."""
        for pattern, before, after in (
            (r"<head(\s[^>]*)?>", "", ""),
            (r"<html(\s[^>]*)?>", "<head>", "</head>"),
        ):
            found = re.search(pattern, self.html, re.IGNORECASE)
            if found:
                start, rest = self.html[: found.end()], self.html[found.end() :]
                self.html = f"{start}{before}{HEAD}{after}{rest}"
                return
        self.html = HEAD + self.html

    @staticmethod
    def _read(data: Any, data_is_not_path: bool) -> str:
        if isinstance(data, Path):
            return data.read_text(encoding="utf-8", errors="replace")
        if isinstance(data, str):
            if not data_is_not_path and len(data) < _PATH_CHARACTERS_MAX:
                path = Path(data)
                try:
                    if path.is_file():
                        return path.read_text(encoding="utf-8", errors="replace")
                except (OSError, ValueError):  # no text that could be a name
                    pass
            return data
        if hasattr(data, "read"):
            if hasattr(data, "seek"):
                data.seek(0)
            text = data.read()
            return text.decode("utf-8", "replace") if isinstance(text, bytes) else text
        raise ValueError("data must be a string or an io object")

    @classmethod
    def seq_to_json(cls, objects: list[MediaObject]) -> MediaObject:
        """One object of type `html`."""
        return {"_type": "html", "count": len(objects), "html": objects}

    @classmethod
    def from_json(cls, json_obj: MediaObject, source_artifact: Any) -> "Html":
        """The page of an artifact, as it was stored."""
        return cls(artifact_file(source_artifact, json_obj["path"]), inject=False)
