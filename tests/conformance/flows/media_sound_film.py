"""Audio from samples, a film and a plotly figure."""

import io
import json

import numpy as np
import plotly.graph_objects as go
import soundfile
import wandb
from flow import PROJECT, content_of

samples = np.sin(np.arange(800) / 10)
frames = np.zeros((4, 3, 32, 32), dtype=np.uint8)
figure = go.Figure(go.Scatter(x=[1, 2], y=[3, 4]))
with wandb.init(project=PROJECT) as run:
    run.log(
        {
            "tone": wandb.Audio(samples, sample_rate=8000, caption="a sine"),
            "film": wandb.Video(frames, fps=4, format="gif"),
            "chart": figure,
        }
    )

found = wandb.Api().run(f"{PROJECT}/{run.id}")
[row] = found.scan_history()
assert row["tone"]["_type"] == "audio-file"
read, rate = soundfile.read(io.BytesIO(content_of(found, row["tone"]["path"])))
assert rate == 8000
assert np.allclose(read, samples, atol=1e-3)
assert row["film"]["_type"] == "video-file"
assert content_of(found, row["film"]["path"])[:4] == b"GIF8"
assert row["chart"]["_type"] == "plotly-file"
drawn = json.loads(content_of(found, row["chart"]["path"]))
assert drawn["data"][0]["type"] == "scatter"
