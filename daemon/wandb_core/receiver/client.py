"""Ask a running core from outside its process; blocks."""

from types import TracebackType
from typing import Any, Self

import grpc
from wandb_proto.v1 import core_service_pb2 as service
from wandb_proto.v1 import core_service_pb2_grpc as service_grpc

from wandb_core.errors import CoreError
from wandb_core.receiver.token import TOKEN_KEY

CALL_TIMEOUT_S = 5.0
LISTEN_TIMEOUT_S = 60.0
"""A certificate may have to be made first."""


class CoreClient:
    """A connection to the core at an address; use as a context."""

    def __init__(self, address: str, token: str) -> None:
        self._channel = grpc.insecure_channel(
            address, options=[("grpc.enable_http_proxy", 0)]
        )
        self._stub = service_grpc.CoreServiceStub(self._channel)
        self._token = token

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._channel.close()

    def answers(self) -> bool:
        """Whether core takes our token."""
        try:
            self._call(self._stub.Handshake, service.HandshakeRequest())
        except CoreError:
            return False
        return True

    def status_json(self) -> str:
        """See `status`.

        Raises:
            CoreError: core does not answer.
        """
        answer = self._call(self._stub.GetStatus, service.GetStatusRequest())
        return str(answer.status_json)

    def stop(self, *, abort: bool) -> None:
        """Make core begin to stop.

        Raises:
            CoreError: core does not answer.
        """
        self._call(self._stub.Stop, service.StopRequest(abort=abort))

    def listen(self, request: service.ListenRequest) -> tuple[str, str]:
        """Make core listen for other hosts too; the address and token for them.

        Raises:
            CoreError: it cannot, or does not answer.
        """
        answer = self._call(self._stub.Listen, request, LISTEN_TIMEOUT_S)
        if answer.error:
            raise CoreError(str(answer.error))
        return str(answer.address), str(answer.token)

    def _call(
        self, method: Any, request: Any, timeout_s: float = CALL_TIMEOUT_S
    ) -> Any:
        try:
            return method(
                request, metadata=[(TOKEN_KEY, self._token)], timeout=timeout_s
            )
        except grpc.RpcError as error:
            raise CoreError(f"core does not answer: {error.details()}") from error
