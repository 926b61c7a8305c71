"""What core is told about a stream: whose records come, and what to sample for it."""

from dataclasses import dataclass
from typing import Any

from wandb_proto.machine_place import MachinePlace
from wandb_proto.ring import RingReader


@dataclass(frozen=True, slots=True)
class Monitoring:
    """The settings of system metrics, and where this process is."""

    interval_s: float
    """0: no samples."""
    pid: int
    whole_tree: bool
    disk_paths: tuple[str, ...]
    gpu_ids: tuple[int, ...]
    place: MachinePlace


@dataclass(frozen=True, slots=True)
class Publisher:
    """What core is told about a stream when it is opened."""

    stream_id: str
    run_id: str
    log_path: str
    ring_path: str
    api_key: str
    pid: int
    primary: bool
    monitoring: Monitoring | None = None
    """What core is to sample; None: nothing."""
    carries_files: bool = False
    """Core is on another host: files of the run are sent, too."""

    @classmethod
    def of(
        cls, reader: RingReader, api_key: str, monitoring: Monitoring | None = None
    ) -> "Publisher":
        """What the ring's header says; a core on another host hears no path of ours."""
        known = reader.header
        is_remote = bool(known.core_address)
        return cls(
            stream_id=known.stream_id,
            run_id=known.run_id,
            log_path=known.log_name if is_remote else known.log_path,
            ring_path="" if is_remote else str(reader.path or ""),
            api_key=api_key,
            pid=known.pid,
            primary=known.primary,
            monitoring=monitoring if known.primary else None,
            carries_files=is_remote,
        )

    def opening(self, pb: Any) -> Any:
        """The same as a message; pb: the module of core's service."""
        opening = pb.StreamOpening(
            stream_id=self.stream_id,
            run_id=self.run_id,
            log_path=self.log_path,
            ring_path=self.ring_path,
            api_key=self.api_key,
            pid=self.pid,
            primary=self.primary,
        )
        if (asked := self.monitoring) is not None:
            opening.monitoring.CopyFrom(
                pb.Monitoring(
                    interval_s=asked.interval_s,
                    pid=asked.pid,
                    whole_tree=asked.whole_tree,
                    disk_paths=asked.disk_paths,
                    gpu_ids=asked.gpu_ids,
                    boot_id=asked.place.boot_id,
                    pid_namespace=asked.place.pid_namespace,
                )
            )
        return opening
