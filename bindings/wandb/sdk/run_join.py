"""A run in another process: what a pickled run becomes there.

The copy writes to the same log through a stream of its own. It is not the writer that
ends the run: its `finish` only hands over what is left.
"""

from typing import Any

from wandb.sdk import records
from wandb.sdk.core_questions import RunQuestions
from wandb.sdk.live_run import LiveRun
from wandb.sdk.run_disabled import NoopRun
from wandb.sdk.run_start import open_stream
from wandb.sdk.server_choice import choose_server
from wandb.sdk.wandb_run import Run, RunParts
from wandb.sdk.wandb_settings import Settings
from wandb.sdk.wandb_setup import setup


def join_run(
    facts: records.RunFacts, settings: Settings, config: dict[str, Any]
) -> Run:
    """The run of this id in this process: itself where it is active, else a copy."""
    session = setup()
    for run in session.runs:
        if run.id == facts.run_id:
            return run
    if settings._noop:
        return NoopRun(settings, session, config)
    server = choose_server(settings, session.places, session.environ)
    stream = open_stream(session, settings, server, primary=False)
    questions = RunQuestions(stream, facts.run_id, settings.sync_file or "")
    copy = LiveRun(RunParts(settings, facts, stream, questions, session))
    copy._config.load(config)
    copy._owner_pid = 0
    session.add(copy)
    return copy
