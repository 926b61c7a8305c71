"""Calls to core: gRPC's wire protocol over HTTP/2, in the thread that calls.

```
Call ── connect ─► preface, settings, request headers (method, token)
     ── send ────► DATA: 0, length u32, message │ 0, length u32, message │ …
     ◄─ receive ── DATA likewise, at last trailers: grpc-status, grpc-message
```

Core is a gRPC server like any other. grpcio as a client would bring half a dozen
threads that wake twenty times for each message and take the processor from the
training, 40 ms of import, and calls that hang in forked processes. h2 knows HTTP/2; a
call has a connection of its own (0.1 ms on this host), so that nobody shares one.

"gRPC over HTTP2" (github.com/grpc/grpc, doc/PROTOCOL-HTTP2.md) tells the format.
"""

import os
import socket
import ssl
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from enum import IntEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from wandb_proto.core_place import CoreAddress
from wandb_proto.remote_token import CERTIFICATE_NAME

if TYPE_CHECKING:
    from h2.events import Event

SERVICE = "wandb_core.v1.CoreService"
READ_BYTES = 256 * 1024
WINDOW_BYTES = 64 << 20
"""What core may send before we have taken it: its largest message."""
CONNECT_WAIT_S = 10.0
REMOTE_PING_S = 30.0
"""A silent core on another host is asked whether it is still there, and given up after
as long again without an answer."""
_PREFIX_BYTES = 5


class Code(IntEnum):
    """How a call ended: gRPC's codes, as far as we look at them."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    UNIMPLEMENTED = 12
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


class CallError(Exception):
    """A call that did not end well; the message says why."""

    def __init__(self, code: int, details: str) -> None:
        super().__init__(details or _name_of(code))
        self.code = code

    @property
    def is_passing(self) -> bool:
        """Whether asking again can help: core is gone, or is another one by now."""
        passing = (Code.UNAVAILABLE, Code.CANCELLED, Code.UNAUTHENTICATED)
        return self.code in passing


class CoreCalls:
    """The methods of core at one address. Has no state: use it in any thread."""

    def __init__(self, address: CoreAddress) -> None:
        self._address = address

    def call(self, method: str, timeout_s: float | None = None) -> "Call":
        """Begin a call, to send and receive several messages."""
        return Call(self._address, method, timeout_s)

    def ask(self, method: str, request: Any, timeout_s: float | None = None) -> Any:
        """One message, one answer.

        Raises:
            CallError: it failed, or there was no answer within timeout_s.
        """
        return self.ask_in_parts(method, (request,), timeout_s)

    def ask_in_parts(
        self, method: str, requests: Iterable[Any], timeout_s: float | None = None
    ) -> Any:
        """Several messages, one answer; else like `ask`."""
        call = self.call(method, timeout_s)
        try:
            for request in requests:
                call.send(request)
            call.end()
            answer = call.receive()
            if answer is None:
                raise CallError(Code.UNKNOWN, f"core did not answer {method}")
            return answer
        finally:
            call.close()


class Call:
    """One call on a connection of its own. For one thread, but for `cancel`."""

    def __init__(
        self, address: CoreAddress, method: str, timeout_s: float | None = None
    ) -> None:
        """Connect and begin.

        Raises:
            CallError: core cannot be reached.
        """
        from h2.config import H2Configuration
        from h2.connection import H2Connection
        from h2.settings import SettingCodes
        from wandb_proto.v1 import core_service_pb2 as pb

        service = pb.DESCRIPTOR.services_by_name["CoreService"]
        known = service.methods_by_name[method].output_type.name
        self._parse: Callable[[bytes], Any] = getattr(pb, known).FromString
        self._deadline = None if timeout_s is None else time.monotonic() + timeout_s
        self._is_remote = bool(address.certificate)
        self._heard_at = time.monotonic()
        self._pinged = False
        self._received = bytearray()
        self._messages: deque[bytes] = deque()
        self._status: tuple[int, str] | None = None
        self._socket = self._connect(address)
        self._http = H2Connection(
            H2Configuration(client_side=True, header_encoding=None)
        )
        self._http.initiate_connection()
        self._http.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: WINDOW_BYTES})
        self._http.increment_flow_control_window(WINDOW_BYTES)
        self._stream = self._http.get_next_available_stream_id()
        headers = [
            (":method", "POST"),
            (":scheme", "https" if self._is_remote else "http"),
            (":path", f"/{SERVICE}/{method}"),
            (":authority", CERTIFICATE_NAME if self._is_remote else "localhost"),
            ("te", "trailers"),
            ("content-type", "application/grpc"),
            ("wandb-token", address.token),
        ]
        if timeout_s is not None:
            headers.append(("grpc-timeout", f"{max(1, round(timeout_s * 1000))}m"))
        try:
            self._http.send_headers(self._stream, headers)
            self._flush()
        except BaseException:
            self.close()
            raise

    def send(self, message: Any) -> None:
        """Send one message; waits while core takes none.

        Raises:
            CallError: the call is over.
        """
        if self._is_remote:
            self._look()
        body = message.SerializeToString()
        data = b"\0" + len(body).to_bytes(4, "big") + body
        begin = 0
        while begin < len(data):
            self._raise_if_over()
            room = min(
                self._http.local_flow_control_window(self._stream),
                self._http.max_outbound_frame_size,
            )
            if room <= 0:
                self._pump(None)
                continue
            self._http.send_data(self._stream, data[begin : begin + room])
            self._flush()
            begin += room

    def end(self) -> None:
        """Nothing more will be sent."""
        if self._status is None:
            self._http.end_stream(self._stream)
            self._flush()

    def receive(self, wait_s: float | None = None) -> Any:
        """The next message; None: there will be none, the call ended well.

        Raises:
            TimeoutError: none came within wait_s.
            CallError: the call failed, or its time is over.
        """
        until = None if wait_s is None else time.monotonic() + wait_s
        while not self._messages:
            if self._status is not None:
                if self._status[0] == Code.OK:
                    return None
                raise CallError(*self._status)
            self._pump(until)
        return self._parse(self._messages.popleft())

    def cancel(self) -> None:
        """End it from another thread: who sends or receives gets a `CallError`."""
        with suppress(OSError):
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def close(self) -> None:
        """Let go of the connection; core sees that a call that goes on is given up."""
        with suppress(OSError):
            self._socket.close()

    def leave_to_parent(self) -> None:
        """In a forked child: the connection is the parent's alone."""
        with suppress(OSError, ValueError):
            os.close(self._socket.detach())

    def _connect(self, address: CoreAddress) -> socket.socket:
        try:
            return _connected(address, self._left_s(CONNECT_WAIT_S))
        except OSError as error:
            text = f"cannot reach core at {address.address}: {error}"
            raise CallError(Code.UNAVAILABLE, text) from error

    def _look(self) -> None:
        """Take in what has come: core on another host asks for signs of life, too."""
        try:
            while self._status is None:
                self._pump(0.0)
        except TimeoutError:
            return

    def _flush(self) -> None:
        if data := self._http.data_to_send():
            try:
                self._socket.settimeout(self._left_s(None))
                self._socket.sendall(data)
            except TimeoutError:
                raise _too_late() from None
            except OSError as error:
                # What core said before it hung up is the better reason.
                self._read_rest()
                self._raise_if_over()
                raise _lost(error) from error

    def _read_rest(self) -> None:
        with suppress(CallError, TimeoutError, OSError):
            while self._status is None:
                self._pump(time.monotonic() + 0.1)

    def _raise_if_over(self) -> None:
        if self._status is not None:
            raise CallError(self._status[0] or Code.UNAVAILABLE, self._status[1])

    def _pump(self, until: float | None) -> None:
        """Wait for bytes from core and take them in."""
        try:
            data = self._read(until)
        except TimeoutError:
            raise
        except OSError as error:
            raise _lost(error) from error
        if data is None:
            return
        self._heard_at, self._pinged = time.monotonic(), False
        from h2.exceptions import ProtocolError

        try:
            for event in self._http.receive_data(data):
                self._take(event)
        except ProtocolError as error:
            raise _lost(error) from error
        if self._status is None:
            self._flush()

    def _read(self, until: float | None) -> bytes | None:
        """Some bytes; None: a silent core was asked for a sign of life.

        Raises:
            TimeoutError: nothing came in time.
        """
        now = time.monotonic()
        ends = [end for end in (until, self._deadline) if end is not None]
        if self._is_remote:
            ends.append(self._heard_at + REMOTE_PING_S * (1 + self._pinged))
        wait_s = max(0.001, min(ends) - now) if ends else None
        self._socket.settimeout(wait_s)
        try:
            data = self._socket.recv(READ_BYTES)
        except TimeoutError:
            now = time.monotonic()
            if self._deadline is not None and now >= self._deadline:
                raise _too_late() from None
            if until is not None and now >= until:
                raise
            if self._pinged:
                raise _lost("core is silent") from None
            self._pinged = True
            self._http.ping(b"wandb..?")
            self._flush()
            return None
        if not data:
            raise _lost("core closed the connection")
        return data

    def _take(self, event: "Event") -> None:
        from h2 import events

        match event:
            case events.DataReceived():
                self._http.acknowledge_received_data(
                    event.flow_controlled_length or 0, self._stream
                )
                self._received += event.data or b""
                self._split()
            case events.TrailersReceived() | events.ResponseReceived():
                headers = dict(event.headers or ())
                if b"grpc-status" in headers:
                    text = unquote(headers.get(b"grpc-message", b"").decode())
                    self._status = int(headers[b"grpc-status"]), text
            case events.StreamReset() | events.ConnectionTerminated():
                self._over(Code.UNAVAILABLE, "core ended the call")
            case events.StreamEnded():
                self._over(Code.UNKNOWN, "core ended the call without a status")

    def _over(self, code: Code, text: str) -> None:
        self._status = self._status or (code, text)

    def _split(self) -> None:
        """Take whole messages out of what was received."""
        while len(self._received) >= _PREFIX_BYTES:
            end = _PREFIX_BYTES + int.from_bytes(self._received[1:_PREFIX_BYTES], "big")
            if len(self._received) < end:
                return
            self._messages.append(bytes(self._received[_PREFIX_BYTES:end]))
            del self._received[:end]

    def _left_s(self, otherwise: float | None) -> float | None:
        if self._deadline is None:
            return otherwise
        return max(0.001, self._deadline - time.monotonic())


def _connected(address: CoreAddress, wait_s: float | None) -> socket.socket:
    """On this host in the clear, else with core's certificate alone."""
    text = address.address
    if text.startswith("unix:"):
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.settimeout(wait_s)
            connection.connect(text.removeprefix("unix:"))
        except BaseException:
            connection.close()
            raise
        return connection
    host, _, port = text.rpartition(":")
    connection = socket.create_connection((host.strip("[]"), int(port)), wait_s)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if not address.certificate:
        return connection
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # of Linux
        wait_ms = round(2 * REMOTE_PING_S * 1000)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, wait_ms)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=address.certificate)
    context.set_alpn_protocols(["h2"])
    try:
        return context.wrap_socket(connection, server_hostname=CERTIFICATE_NAME)
    except BaseException:
        connection.close()
        raise


def _lost(reason: object) -> CallError:
    return CallError(Code.UNAVAILABLE, f"connection to core lost: {reason}")


def _too_late() -> CallError:
    return CallError(Code.DEADLINE_EXCEEDED, "core did not answer in time")


def _name_of(code: int) -> str:
    try:
        return Code(code).name
    except ValueError:
        return f"gRPC status {code}"
