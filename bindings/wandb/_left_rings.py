"""What killed processes of this host had not yet sent to a core on another host.

No core of this host touches such rings, and the other one cannot see them. So the next
process that uses the same core starts this program, which sends the rest of each ring
whose writer is dead and removes it. `wandb core deliver` starts it too.

    python -m wandb._left_rings     exit code 1: something could not be delivered
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from wandb_proto.places import Places, make_private
from wandb_proto.ring import RingReader

from wandb._launcher import clean_environment, detached
from wandb._link import Link
from wandb._publisher import Publisher
from wandb._remote_core import RemoteCore, connector_for
from wandb._terminal import termlog, termwarn

DELIVERY_WAIT_S = 60.0
START_WAIT_S = 10.0


def start_delivery(places: Places, environ: Mapping[str, str], own_ring: str) -> None:
    """Start this program in the background if there are other rings than our own.

    Never looks into one here: closing a ring of one's own gives its lock away.
    """
    names = {
        path.name
        for directory in places.spool_dirs
        for path in directory.glob("*.ring")
    }
    if names <= {Path(own_ring).name}:
        return
    command = [sys.executable, "-P", "-m", "wandb._left_rings"]
    env = clean_environment(environ)
    if key := environ.get("WANDB_API_KEY"):
        env["WANDB_API_KEY"] = key
    try:
        subprocess.run(
            detached(command),
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
            timeout=START_WAIT_S,
        )
    except (OSError, subprocess.SubprocessError):
        return  # the next process tries again


def deliver(environ: Mapping[str, str]) -> tuple[int, int]:
    """Send what is left for the core that the environment names; blocks.

    Returns how many rings were emptied and removed, and how many could not be.
    """
    remote = RemoteCore.from_environment(environ)
    if remote is None:
        return 0, 0
    places = Places.from_environment(environ)
    done = failed = 0
    for reader in _claimed(places, remote.address):
        if _send(reader, places, environ):
            done += 1
        else:
            failed += 1
        reader.close()
    return done, failed


def _claimed(places: Places, core_address: str) -> Iterator[RingReader]:
    """Rings of dead writers that go to this core; each is ours until it is closed."""
    for directory in places.spool_dirs:
        try:
            make_private(directory)
            paths = sorted(directory.glob("*.ring"))
        except OSError:
            continue
        for path in paths:
            try:
                reader = RingReader.open(path)
            except (OSError, ValueError):
                continue
            if reader.header.core_address == core_address and reader.claim():
                yield reader
            else:
                reader.close()


def _send(reader: RingReader, places: Places, environ: Mapping[str, str]) -> bool:
    publisher = Publisher.of(reader, environ.get("WANDB_API_KEY", ""))
    link = Link(reader, publisher, connector_for(places, environ), _tell)
    link.start()
    if not link.close(DELIVERY_WAIT_S):
        return False
    reader.discard()
    return True


def _tell(level: str, text: str) -> None:
    (termlog if level == "info" else termwarn)(text)


def main() -> int:
    """Deliver, and say what came of it."""
    try:
        done, failed = deliver(os.environ)
    except ValueError as problem:
        termwarn(str(problem))
        return 1
    if done or failed:
        termlog(f"{done} rings of killed processes delivered, {failed} still wait")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
