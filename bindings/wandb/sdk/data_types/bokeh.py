"""Bokeh documents: a figure of bokeh that is logged becomes one of these."""

import json
from typing import Any

from wandb.sdk.data_types.base_types.media import Media, MediaObject, required


class Bokeh(Media):
    """A document or model of bokeh to log, or the path of one as JSON.

    Raises:
        TypeError: something else.
        FileNotFoundError: no such file.
    """

    _log_type = "bokeh-file"
    _kind = "bokeh"

    def __init__(self, data_or_path: Any) -> None:
        super().__init__()
        if isinstance(data_or_path, str):
            self._set_source(data_or_path, "bokeh.json")
            return
        self._extension = "bokeh.json"
        documents = required("bokeh.document", "a figure of bokeh", "bokeh")
        document = data_or_path
        if not isinstance(document, documents.Document):
            if not hasattr(data_or_path, "references"):
                raise TypeError(
                    "Bokeh constructor accepts Bokeh document/model or path to Bokeh "
                    f"json file, not {type(data_or_path).__name__}"
                )
            document = documents.Document()
            document.add_root(data_or_path)
        text = json.dumps(document.to_json(), separators=(",", ":"))
        self._content = text.encode()

    @classmethod
    def from_json(cls, json_obj: MediaObject, source_artifact: Any) -> "Bokeh":
        """The document of an artifact."""
        from wandb.sdk.data_types.base_types.media import artifact_file

        return cls(str(artifact_file(source_artifact, json_obj["path"])))
