"""Settings of the file stream change how rows travel, not what arrives."""

import wandb
from flow import PROJECT

kinds = {
    "slow": {"x_file_stream_transmit_interval": 1.0},
    "small": {"x_file_stream_max_line_bytes": 2_000_000},
    "retried": {"x_file_stream_retry_max": 3, "x_file_stream_timeout_seconds": 20.0},
    "primary": {"x_primary": True, "x_label": "rank0", "mode": "shared"},
    "no-stats": {"x_disable_stats": True, "x_disable_meta": True},
    "parts": {"console": "wrap", "console_multipart": True},
}
for name, more in kinds.items():
    with wandb.init(project=PROJECT, id=name, settings=wandb.Settings(**more)) as run:
        for number in range(200):
            run.log({"x": number})
        print("line of", name)

for name in kinds:
    found = wandb.Api().run(f"{PROJECT}/{name}")
    assert [row["x"] for row in found.scan_history()] == list(range(200)), name
    assert found.state == "finished", name
logs = [f.name for f in wandb.Api().run(f"{PROJECT}/parts").files()]
assert any(name.startswith("logs/") for name in logs), logs
