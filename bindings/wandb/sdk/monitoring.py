"""What core is asked to sample for a run: the settings `x_stats_…`."""

import os

from wandb_proto.machine_place import MachinePlace

from wandb._publisher import Monitoring
from wandb.sdk.wandb_settings import Settings


def monitoring_of(settings: Settings) -> Monitoring | None:
    """None: nothing of this process's machine is to be recorded."""
    if settings.x_disable_machine_info:
        return None
    tree = settings.x_stats_track_process_tree
    return Monitoring(
        interval_s=0.0 if settings.x_disable_stats else _interval(settings),
        pid=settings.x_stats_pid or os.getpid(),
        whole_tree=True if tree is None else tree,
        disk_paths=settings.x_stats_disk_paths,
        gpu_ids=settings.x_stats_gpu_device_ids or (),
        place=MachinePlace.here(),
    )


def _interval(settings: Settings) -> float:
    return max(0.1, settings.x_stats_sampling_interval)
