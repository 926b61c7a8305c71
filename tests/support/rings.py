"""Rings as killed training processes leave them."""

from collections.abc import Mapping
from pathlib import Path

from wandb_proto.places import Places, make_private
from wandb_proto.ring import RingHeader, RingWriter

RING_BYTES = 1 << 20


def ring_of(environ: Mapping[str, str], stream_id: str = "s1") -> Path:
    """Where the ring of a stream lies."""
    spool_dir = make_private(Places.from_environment(environ).spool_dirs[0])
    return spool_dir / f"{stream_id}.ring"


def write_ring(
    path: Path, log_path: Path, payloads: list[bytes], *, pid: int = 1
) -> RingWriter:
    """A ring with these records in it, as of process `pid`; locked until closed."""
    header = RingHeader(
        stream_id=path.stem,
        run_id="run1",
        log_path=str(log_path),
        overflow_dirs=(),
        pid=pid,
        primary=True,
    )
    writer = RingWriter.create(path.parent, header, RING_BYTES)
    for payload in payloads:
        assert writer.append(payload)
    return writer
