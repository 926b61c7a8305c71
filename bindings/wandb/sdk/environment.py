"""What is recorded about machine and program, gathered in a few milliseconds."""

import os
import platform
import shutil
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from wandb_proto import VERSION
from wandb_proto.v1 import record_pb2 as pb

from wandb.sdk.git import Repository
from wandb.sdk.records import timestamp_of
from wandb.sdk.wandb_settings import Settings

_SLURM_MAX = 100


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
    environ: Mapping[str, str],
    started_at: float,
) -> pb.EnvironmentRecord:
    """The environment record; what cannot be found out is left empty."""
    facts = pb.EnvironmentRecord(
        os=platform.platform(),
        python=f"{platform.python_implementation()} {platform.python_version()}",
        started_at=timestamp_of(started_at),
        args=[_clean(argument) for argument in program.arguments],
        program=_clean(program.path),
        code_path_local=_relative(program.path, Path.cwd()),
        root=_clean(os.getcwd()),
        executable=_clean(settings.x_executable or sys.executable or ""),
        docker=settings.docker or "",
        email=settings.email or "",
        username=settings.username or "",
        writer_id=str(uuid.uuid4()),
    )
    if repository is not None:
        facts.code_path = _relative(program.path, repository.root)
        facts.git.remote_url = repository.remote_url
        facts.git.commit = repository.commit
    if not settings.x_disable_machine_info:
        _add_machine(facts, settings, environ)
    return facts


def gather_telemetry() -> pb.TelemetryRecord:
    """Versions, as the format keeps them with a run; nothing is sent elsewhere."""
    return pb.TelemetryRecord(
        python_version=platform.python_version(),
        cli_version=VERSION,
        core_version=VERSION,
        platform=f"{sys.platform}-{platform.machine()}".lower(),
    )


def _add_machine(
    facts: pb.EnvironmentRecord, settings: Settings, environ: Mapping[str, str]
) -> None:
    facts.host = settings.host or platform.node()
    facts.cpu_count_logical = os.cpu_count() or 0
    facts.cpu_count = facts.cpu_count_logical
    facts.cpu.count = facts.cpu_count
    facts.cpu.count_logical = facts.cpu_count_logical
    try:
        usage = shutil.disk_usage("/")
        facts.disk["/"].total, facts.disk["/"].used = usage.total, usage.used
        pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        facts.memory.total = max(0, pages)
    except (AttributeError, OSError, ValueError):
        pass  # not on this system
    slurm = [name for name in environ if name.startswith("SLURM_")][:_SLURM_MAX]
    for name in slurm:
        facts.slurm[name.removeprefix("SLURM_").lower()] = _clean(environ[name])


def _relative(path: str, root: Path) -> str:
    try:
        return Path(path).resolve().relative_to(root.resolve()).as_posix()
    except (OSError, ValueError):
        return ""


def _clean(text: str) -> str:
    return text.encode("utf-8", errors="replace").decode()
