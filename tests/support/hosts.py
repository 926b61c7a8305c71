"""Network namespaces as hosts: each has its own interfaces and its own directories.

```
 host ──10.213.1.0/30── node 1
   └────10.213.2.0/30── node 2
```

Needs root and the program `ip`; `why_no_hosts` says why there are none.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SCRIPT_TIMEOUT_S = 90.0
UPLINK = "uplink"


@dataclass(frozen=True)
class Host:
    """A place where processes run; `namespace` "" is this machine itself."""

    namespace: str
    address: str
    env: dict[str, str]

    def start(
        self, *command: str, cwd: str | None = None, **more_env: str
    ) -> subprocess.Popen[str]:
        """Run a command there; its output is one pipe."""
        inside = ["ip", "netns", "exec", self.namespace] if self.namespace else []
        place = Path(cwd or self.env["HOME"])
        place.mkdir(parents=True, exist_ok=True)
        return subprocess.Popen(
            [*inside, *command],
            env=self.env | more_env,
            cwd=place,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def python(
        self, code: str, *arguments: str, **more_env: str
    ) -> subprocess.Popen[str]:
        """Start Python source there."""
        return self.start(sys.executable, "-c", code, *arguments, **more_env)

    def run(self, *command: str, check: bool = True, **more_env: str) -> str:
        """Run a command there to its end; what it said."""
        return said_by(self.start(*command, **more_env), check=check)

    def core(self, *arguments: str) -> str:
        """`wandb core …` there."""
        return self.run(sys.executable, "-m", "wandb_core", *arguments)

    def plug(self, *, connected: bool) -> None:
        """Put in or pull the cable of a node."""
        state = "up" if connected else "down"
        _ip("-n", self.namespace, "link", "set", UPLINK, state)


def said_by(process: subprocess.Popen[str], *, check: bool = True) -> str:
    """Wait for the end of a process; what it said."""
    said, _ = process.communicate(timeout=SCRIPT_TIMEOUT_S)
    assert not check or process.returncode == 0, said
    return said


def remote_variables(exports: str) -> dict[str, str]:
    """The variables that `wandb core start --listen … --export` printed."""
    lines = [line.removeprefix("export ") for line in exports.splitlines()]
    return dict(line.split("=", 1) for line in lines if line.startswith("WANDB_"))


def why_no_hosts() -> str:
    """Why there are no namespaces here; "" if there are."""
    if shutil.which("ip") is None:
        return "the program ip is not installed (apt-get install iproute2)"
    name = f"wb{os.getpid()}t"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True)
    if made.returncode:
        return f"no network namespaces here: {made.stderr.strip()}"
    _ip("netns", "del", name)
    return ""


@contextmanager
def connected_hosts(
    host_env: dict[str, str], *node_envs: dict[str, str]
) -> Iterator[tuple[Host, list[Host]]]:
    """One host and nodes that reach it, each through its interface UPLINK."""
    mark = f"wb{os.getpid()}"
    spaces = [f"{mark}h", *(f"{mark}n{number}" for number in range(len(node_envs)))]
    try:
        for space in spaces:
            _ip("netns", "add", space)
            _ip("-n", space, "link", "set", "lo", "up")
        nodes = []
        for number, (space, env) in enumerate(zip(spaces[1:], node_envs, strict=True)):
            _connect(spaces[0], space, number)
            nodes.append(Host(space, f"10.213.{number}.1", env))
        yield Host(spaces[0], "", host_env), nodes
    finally:
        for space in spaces:
            subprocess.run(["ip", "netns", "del", space], capture_output=True)


def _connect(host: str, node: str, number: int) -> None:
    """`address` of a node is where it finds the host."""
    side = f"node{number}"
    peer = ("peer", "name", UPLINK, "netns", node)
    _ip("-n", host, "link", "add", side, "type", "veth", *peer)
    for space, name, last in ((host, side, 1), (node, UPLINK, 2)):
        _ip("-n", space, "address", "add", f"10.213.{number}.{last}/30", "dev", name)
        _ip("-n", space, "link", "set", name, "up")


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True)
    assert done.returncode == 0, f"ip {arguments}: {done.stderr}"
