"""Where core listens: a Unix socket in a private directory, or a loopback port."""

import logging
import os
from contextlib import suppress
from pathlib import Path

import grpc.aio
from wandb_proto.places import make_private
from wandb_proto.v1 import core_service_pb2_grpc as service_grpc

from wandb_core.errors import CoreError
from wandb_core.model import Reception
from wandb_core.receiver.service import CoreServicer
from wandb_core.receiver.token import TokenCheck
from wandb_core.settings import CoreSettings

_log = logging.getLogger(__name__)

STOP_GRACE_S = 1.0
"""How long calls that are being answered may take when core stops."""


FLOW_OPTIONS = (
    ("grpc.http2.max_frame_size", 1 << 20),
    ("grpc.http2.lookahead_bytes", 4 << 20),
    ("grpc.http2.bdp_probe", 0),
)
"""A batch comes in one piece, without waiting for leave or being asked how fast it is:
each frame and answer more costs its sender, which is a training process."""


class Endpoint:
    """The listening gRPC server of one core."""

    def __init__(
        self, reception: Reception, token: str, settings: CoreSettings
    ) -> None:
        self._reception = reception
        self._token = token
        self._settings = settings
        self._server: grpc.aio.Server | None = None
        self._socket: Path | None = None

    async def open(self, socket: Path) -> str:
        """Listen; returns the address for clients. A stale socket file is removed.

        Raises:
            CoreError: neither the socket nor a port can be had.
        """
        limit = self._settings.message_bytes_max
        self._server = grpc.aio.server(
            interceptors=[TokenCheck(self._token)],
            options=[
                ("grpc.max_receive_message_length", limit),
                ("grpc.max_send_message_length", limit),
                ("grpc.so_reuseport", 0),
                *FLOW_OPTIONS,
            ],
        )
        service_grpc.add_CoreServiceServicer_to_server(
            CoreServicer(self._reception), self._server
        )
        address = self._bind(self._server, socket)
        await self._server.start()
        return address

    def socket_is_there(self) -> bool:
        """False if somebody removed our socket file: nobody can reach us any more."""
        return self._socket is None or self._socket.exists()

    async def close(self) -> None:
        """Stop listening, let calls that are being answered end, remove the socket."""
        if self._server is not None:
            await self._server.stop(STOP_GRACE_S)
            self._server = None
        if self._socket is not None:
            self._socket.unlink(missing_ok=True)

    def _bind(self, server: grpc.aio.Server, socket: Path) -> str:
        if self._settings.transport != "tcp" and os.name == "posix":
            make_private(socket.parent)
            socket.unlink(missing_ok=True)
            address = f"unix:{socket}"
            with suppress(RuntimeError):
                if server.add_insecure_port(address):
                    os.chmod(socket, 0o600)
                    self._socket = socket
                    return address
            if self._settings.transport == "unix":
                raise CoreError(f"cannot listen on {socket}")
            _log.warning("no_unix_socket path=%s", socket)
        try:
            port = server.add_insecure_port("127.0.0.1:0")
        except RuntimeError as error:
            raise CoreError(f"cannot listen on 127.0.0.1: {error}") from error
        return f"127.0.0.1:{port}"
