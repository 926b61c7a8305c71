"""What is to be sampled for one run, and what its figures are counted from."""

from dataclasses import dataclass

from wandb_proto.machine_place import MachinePlace
from wandb_proto.v1.core_service_pb2 import Monitoring

INTERVAL_S_MIN = 0.1
PATHS_MAX = 64


@dataclass(frozen=True, slots=True)
class Watch:
    """The settings of one run's system metrics."""

    interval_s: float
    """0: no samples, only what is known of the machine once."""
    pid: int
    """0: its processes cannot be seen from here."""
    whole_tree: bool
    disk_paths: tuple[str, ...]
    gpu_ids: frozenset[int]
    """Empty: all."""

    @classmethod
    def of(cls, asked: Monitoring, here: MachinePlace) -> "Watch | None":
        """None if the run is on another machine: ours says nothing about it."""
        if asked.boot_id != here.boot_id:
            return None
        sees_processes = asked.pid_namespace == here.pid_namespace
        interval_s = asked.interval_s
        return cls(
            interval_s=max(INTERVAL_S_MIN, interval_s) if interval_s > 0 else 0.0,
            pid=asked.pid if sees_processes else 0,
            whole_tree=asked.whole_tree,
            disk_paths=tuple(asked.disk_paths)[:PATHS_MAX],
            gpu_ids=frozenset(asked.gpu_ids),
        )
