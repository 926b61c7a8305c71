"""The public API: runs, their config, summary and history, read from a server.

    api = wandb.Api()
    run = api.run("entity/project/run_id")
    for row in run.scan_history(keys=["loss"]):
        ...

The same calls as the official client, in a minimal form. Nothing here touches core:
questions go straight to the server over HTTP.
"""

from wandb.apis.public.api import Api
from wandb.apis.public.runs import Run, Runs

__all__ = ["Api", "Run", "Runs"]
