"""An object store that fails on demand: a proxy in front of a real one.

```python
with faulty_store(endpoint) as store:
    store.fault = "down"     # stall | slow | cut | 500 | 503 | full | denied; "": well
```
"""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

SLOW_S = 0.2
CUT_BYTES = 2_000
ANSWERS = {
    "500": ("500 Internal Server Error", "InternalError"),
    "503": ("503 Slow Down", "SlowDown"),
    "full": ("403 Forbidden", "QuotaExceeded"),
    "denied": ("403 Forbidden", "AccessDenied"),
}


class FaultyStore:
    """Passes bytes on until told otherwise; a new fault cuts what is open."""

    def __init__(self, endpoint: str) -> None:
        parts = urlsplit(endpoint)
        self._upstream = (str(parts.hostname), int(parts.port or 80))
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.endpoint = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.hits = 0
        """Connections and requests that met a fault."""
        self._fault = ""
        self._open: set[socket.socket] = set()
        self._closing = False
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def fault(self) -> str:
        """What goes wrong; empty: nothing."""
        return self._fault

    @fault.setter
    def fault(self, name: str) -> None:
        self._fault = name
        for one in list(self._open):
            _cut(one)

    def close(self) -> None:
        """Take no more; idempotent."""
        self._closing = True
        self.fault = "down"
        _cut(self._listener)

    def _accept(self) -> None:
        while not self._closing:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        fault = self._fault
        if fault == "down":
            self.hits += 1
            return _cut(client)
        self._open.add(client)
        with contextlib.suppress(OSError):
            store = socket.create_connection(self._upstream)
            self._open.add(store)
            back = threading.Thread(target=_pass, args=(store, client), daemon=True)
            back.start()
            self._forward(client, store, fault)
            _cut(store)
            back.join(10)
            self._open.discard(store)
        _cut(client)
        self._open.discard(client)

    def _forward(self, client: socket.socket, store: socket.socket, fault: str) -> None:
        sent = 0
        while data := client.recv(65536):
            writes = data.startswith((b"PUT ", b"POST "))
            if fault in ANSWERS and (writes or fault not in ("full", "denied")):
                self.hits += 1
                client.sendall(_answer(*ANSWERS[fault]))
                return
            if fault == "stall":
                self.hits += 1
                while client.recv(65536):
                    continue
                return
            if fault == "slow":
                self.hits += 1
                time.sleep(SLOW_S)
            if fault == "cut" and sent + len(data) > CUT_BYTES:
                self.hits += 1
                store.sendall(data[: CUT_BYTES - sent])
                return
            store.sendall(data)
            sent += len(data)


@contextmanager
def faulty_store(endpoint: str) -> Iterator[FaultyStore]:
    """In front of the store at this address."""
    store = FaultyStore(endpoint)
    try:
        yield store
    finally:
        store.close()


def _answer(status: str, code: str) -> bytes:
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code></Error>"
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/xml\r\nConnection: close"
    return f"{head}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


def _pass(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def _cut(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
