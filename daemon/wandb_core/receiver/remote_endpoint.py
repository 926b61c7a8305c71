"""Where core listens for processes on other hosts: TLS with its own certificate."""

import grpc
import grpc.aio
from wandb_proto.v1 import core_service_pb2_grpc as service_grpc

from wandb_core.errors import CoreError
from wandb_core.model import Reception
from wandb_core.receiver.endpoint import FLOW_OPTIONS
from wandb_core.receiver.service import CoreServicer
from wandb_core.receiver.token import TokenCheck
from wandb_core.settings import CoreSettings

STOP_GRACE_S = 1.0
METHODS = frozenset(
    {
        *("Handshake", "Publish", "StartRun", "GetSummary", "FinishRun"),
        *("ArtifactOutcome", "FindCarried", "CarryFile", "CarryRecords"),
    }
)
"""The others are for processes of this host."""


class RemoteEndpoint:
    """The listening gRPC server for other hosts."""

    def __init__(
        self, reception: Reception, secret: str, settings: CoreSettings
    ) -> None:
        limit = settings.message_bytes_max
        ping_ms = round(settings.remote_ping_s * 1000)
        self._server = grpc.aio.server(
            interceptors=[TokenCheck(secret, METHODS, "wrong token: WANDB_CORE_TOKEN")],
            options=[
                ("grpc.max_receive_message_length", limit),
                ("grpc.max_send_message_length", limit),
                ("grpc.so_reuseport", 0),
                *FLOW_OPTIONS,
                # A host that vanished sends nothing more, not even an end.
                ("grpc.keepalive_time_ms", ping_ms),
                ("grpc.keepalive_timeout_ms", ping_ms),
                ("grpc.http2.min_recv_ping_interval_without_data_ms", 5_000),
            ],
        )
        service_grpc.add_CoreServiceServicer_to_server(
            CoreServicer(reception), self._server
        )

    async def open(self, address: str, certificate: bytes, key: bytes) -> int:
        """Listen; returns the port.

        Raises:
            CoreError: the address cannot be had.
        """
        credentials = grpc.ssl_server_credentials([(key, certificate)])
        try:
            port = self._server.add_secure_port(address, credentials)
        except RuntimeError as error:
            raise CoreError(f"cannot listen on {address}") from error
        await self._server.start()
        return int(port)

    async def close(self) -> None:
        """Stop listening; calls that are being answered get a moment to end."""
        await self._server.stop(STOP_GRACE_S)
