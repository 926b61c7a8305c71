"""`wandb.Plotly`: an interactive figure of plotly, or of matplotlib through plotly."""

import json
import warnings
from typing import Any

from wandb.sdk.data_types.base_types.media import Media, MediaObject, required
from wandb.sdk.data_types.image_pixels import figure_of, is_of


class Plotly(Media):
    """A figure to log; one of matplotlib is converted.

    Raises:
        ValueError: no figure, or one of matplotlib that plotly cannot convert.
        wandb.Error: a figure of matplotlib, and plotly is not installed.
    """

    _log_type = "plotly-file"
    _kind = "plotly"

    def __init__(self, val: Any) -> None:
        super().__init__()
        figure = val
        if is_of(val, "matplotlib") or hasattr(val, "gcf"):
            figure = converted(val)
        if not is_of(figure, "plotly") or not hasattr(figure, "to_plotly_json"):
            raise ValueError(
                "Logged plots must be plotly figures, or matplotlib plots convertible "
                "to plotly via mpl_to_plotly"
            )
        self._extension = "plotly.json"
        self._content = _figure_json(figure)

    @classmethod
    def from_json(cls, json_obj: MediaObject, source_artifact: Any) -> "Plotly":
        """The figure of an artifact."""
        from wandb.sdk.data_types.base_types.media import artifact_file

        figures = required("plotly.graph_objects", "wandb.Plotly", "plotly")
        content = artifact_file(source_artifact, json_obj["path"]).read_bytes()
        plot = cls(figures.Figure(json.loads(content)))
        plot._content = content
        return plot


def converted(value: Any) -> Any:
    """A figure of matplotlib as one of plotly.

    Raises:
        ValueError: plotly cannot say it.
        wandb.Error: plotly is not installed.
    """
    tools = required("plotly.tools", "a matplotlib figure as plotly", "plotly")
    figure = figure_of(value)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return tools.mpl_to_plotly(figure)
    except Exception as problem:  # whatever another library's converter meets
        raise ValueError(f"plotly cannot convert the figure: {problem}") from problem


def _figure_json(figure: Any) -> bytes:
    encoder = required("plotly.utils", "wandb.Plotly", "plotly").PlotlyJSONEncoder
    document = figure.to_plotly_json()
    text = json.dumps(document, cls=encoder, separators=(",", ":"))
    return text.encode()
