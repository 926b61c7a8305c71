"""What an upsert says about a run, from the fold of its log."""

from wandb_core.run_state import RunState
from wandb_core.server_client import RunFields
from wandb_core.uploader.context import UploadContext


def run_fields(
    state: RunState,
    context: UploadContext,
    *,
    entity: str,
    project: str,
    config_json: str,
) -> RunFields:
    """Everything that the log says; what it does not say stays as it is there.

    Raises nothing: a log without a run record is never uploaded.
    """
    run = state.run
    assert run is not None
    environment = state.environment()
    return RunFields(
        name=context.run_id,
        project=project or None,
        entity=entity or None,
        id=run.storage_id or None,
        group_name=run.run_group or None,
        display_name=run.display_name or None,
        notes=run.notes or ("" if "notes" in state.emptied else None),
        commit=run.git.commit or None,
        config=config_json,
        host=run.host or None,
        program=(environment.program if environment else "") or None,
        repo=run.git.remote_url or None,
        job_type=context.job_type or run.job_type or None,
        sweep=run.sweep_id or None,
        tags=context.tags(run.tags) or (() if "tags" in state.emptied else None),
    )
