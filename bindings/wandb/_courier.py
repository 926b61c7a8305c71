"""The link of a forked child: a small process that moves the child's ring to core.

gRPC does not work in a child whose parent has used it (its threads are gone, calls hang
for ever). So the child spools into its own ring as ever, and a courier process reads
that ring and has the connection. It finishes by itself when the child is gone.

```
 child                                courier (python -m wandb._courier_process)
   ring file ─────── mapped by both ──► Link ══ Publish ══► core
   stdin  ── {"method", …} one line each ─►
   stdout ◄─ {"response" | "error", "notices", "stop"} ──
```
"""

import base64
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from wandb_proto.ring import RingWriter

from wandb._launcher import CoreUnavailable, clean_environment
from wandb._spool import Notify


class Courier:
    """The same interface as `Link`, kept by another process."""

    def __init__(
        self,
        ring: RingWriter,
        environ: Mapping[str, str],
        api_key: str,
        notify: Notify,
    ) -> None:
        self.stop_requested = False
        self._ring = ring
        self._environ = environ
        self._api_key = api_key
        self._notify = notify
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the courier; without one, core takes the ring when we are gone."""
        if self._ring.path is None:
            return
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "wandb._courier_process"],
                env=clean_environment(self._environ),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError:
            return
        self._tell({"ring": str(self._ring.path), "api_key": self._api_key})

    def kick(self) -> None:
        """Send what is there now."""
        self._tell({"method": "kick"})

    def flush(self, target: Callable[[], int], timeout_s: float) -> bool:
        """Wait until core has acknowledged every record below target()."""
        deadline = time.monotonic() + timeout_s
        self.kick()
        while self._ring.tail_sequence < target():
            ended = self._process is None or self._process.poll() is not None
            if ended or time.monotonic() >= deadline:
                return False
            time.sleep(0.005)
        return True

    def ask(self, method: str, request: Any, timeout_s: float) -> Any:
        """One question; see `Link.ask`.

        Raises:
            CoreUnavailable: no answer within timeout_s, or core refuses it.
        """
        from wandb_proto.v1 import core_service_pb2 as pb

        text = base64.b64encode(request.SerializeToString()).decode()
        line = {"method": method, "timeout_s": timeout_s, "request": text}
        process = self._process
        with self._lock:
            if process is None or process.stdout is None or not self._write(line):
                raise CoreUnavailable("the courier of this process is gone")
            answer = process.stdout.readline()
        if not answer:
            raise CoreUnavailable("the courier of this process is gone")
        found = json.loads(answer)
        self.stop_requested |= found["stop"]
        for level, notice in found["notices"]:
            self._notify(level, notice)
        if "error" in found:
            raise CoreUnavailable(found["error"])
        response = type(request).DESCRIPTOR.name.replace("Request", "Response")
        return getattr(pb, response).FromString(base64.b64decode(found["response"]))

    def close(self, wait_s: float) -> bool:
        """Let the courier finish, for wait_s; it goes on without us after that."""
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            return False
        try:
            process.stdin.close()
        except OSError:
            pass
        try:
            process.wait(wait_s)
        except subprocess.TimeoutExpired:
            return False
        process.stdout.close()
        return self._ring.tail_sequence >= self._ring.sequence

    def _tell(self, line: dict[str, Any]) -> None:
        with self._lock:
            self._write(line)

    def _write(self, line: dict[str, Any]) -> bool:
        process = self._process
        if process is None or process.stdin is None:
            return False
        try:
            os.write(process.stdin.fileno(), json.dumps(line).encode() + b"\n")
        except (OSError, ValueError):
            return False
        return True
