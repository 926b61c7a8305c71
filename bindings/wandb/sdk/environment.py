"""What is recorded about program and machine.

The program is known at once; the machine takes some milliseconds on large ones.
"""

import os
import platform
import shutil
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from wandb_proto import VERSION
from wandb_proto.v1 import record_pb2 as pb

from wandb.sdk.git import Repository
from wandb.sdk.records import timestamp_of
from wandb.sdk.wandb_settings import Settings

_SLURM_MAX = 100
_CPUINFO = Path("/proc/cpuinfo")


@dataclass(frozen=True, slots=True)
class Program:
    """What is running: the script and its arguments."""

    path: str
    arguments: tuple[str, ...]


def find_program(settings: Settings) -> Program:
    """The script of this process, or what the settings say it is."""
    main = sys.modules.get("__main__")
    found = getattr(main, "__file__", None) or (sys.argv[0] if sys.argv else "")
    if found in ("", "-c"):
        found = "<python with no main file>"
    path = settings.program or settings.notebook_name or found
    return Program(path, tuple(settings.args or sys.argv[1:]))


def gather_environment(
    settings: Settings,
    program: Program,
    repository: Repository | None,
    started_at: float,
) -> pb.EnvironmentRecord:
    """The program of the run; what cannot be found out is left empty."""
    facts = pb.EnvironmentRecord(
        os=platform.platform(),
        python=f"{platform.python_implementation()} {platform.python_version()}",
        started_at=timestamp_of(started_at),
        args=[_clean(argument) for argument in program.arguments],
        program=_clean(program.path),
        code_path=_relative(program.path, Path.cwd()),
        code_path_local=_relative(program.path, Path.cwd()),
        root=_clean(os.getcwd()),
        executable=_clean(settings.x_executable or sys.executable or ""),
        docker=settings.docker or "",
        email=settings.email or "",
        username=settings.username or "",
    )
    if repository is not None:
        facts.code_path = _relative(program.path, repository.root)
        facts.git.remote_url = repository.remote_url
        facts.git.commit = repository.commit
    if not settings.x_disable_machine_info:
        facts.host = settings.host or platform.node()
    return facts


def gather_machine(
    settings: Settings, environ: Mapping[str, str]
) -> pb.EnvironmentRecord:
    """What the machine has; `x_stats_…` settings win over what is found."""
    cores = _Cores.of_this_machine()
    facts = pb.EnvironmentRecord(
        cpu_count=settings.x_stats_cpu_count or cores.physical,
        cpu_count_logical=settings.x_stats_cpu_logical_count or cores.logical,
        gpu_count=settings.x_stats_gpu_count or 0,
        gpu_type=settings.x_stats_gpu_type or "",
    )
    if cores.model:
        facts.cpu.model = cores.model
    for path in settings.x_stats_disk_paths:
        with suppress(OSError, ValueError):
            usage = shutil.disk_usage(path)
            facts.disk[path].total, facts.disk[path].used = usage.total, usage.used
    with suppress(AttributeError, OSError, ValueError):  # not on this system
        pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        facts.memory.total = max(0, pages)
    slurm = [name for name in environ if name.startswith("SLURM_")][:_SLURM_MAX]
    for name in slurm:
        facts.slurm[name.removeprefix("SLURM_").lower()] = _clean(environ[name])
    return facts


def gather_telemetry() -> pb.TelemetryRecord:
    """Versions, as the format keeps them with a run; nothing is sent elsewhere."""
    return pb.TelemetryRecord(
        python_version=platform.python_version(),
        cli_version=VERSION,
        core_version=VERSION,
        platform=f"{sys.platform}-{platform.machine()}".lower(),
    )


@dataclass(frozen=True, slots=True)
class _Cores:
    """Of the processor, as far as the system tells."""

    logical: int
    physical: int
    model: str = ""

    @classmethod
    def of_this_machine(cls) -> "_Cores":
        logical = os.cpu_count() or 0
        try:
            text = _CPUINFO.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return cls(logical, logical, platform.processor())
        places: set[tuple[str, str]] = set()
        model = ""
        for block in text.split("\n\n"):
            pairs = (line.partition(":") for line in block.splitlines())
            facts = {name.strip(): value.strip() for name, _, value in pairs}
            model = model or facts.get("model name", "")
            if "core id" in facts:
                places.add((facts.get("physical id", ""), facts["core id"]))
        return cls(logical, len(places) or logical, model)


def _relative(path: str, root: Path) -> str:
    try:
        return Path(path).resolve().relative_to(root.resolve()).as_posix()
    except (OSError, ValueError):
        return ""


def _clean(text: str) -> str:
    return text.encode("utf-8", errors="replace").decode()
