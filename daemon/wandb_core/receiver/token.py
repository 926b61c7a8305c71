"""Only who can read core's address file gets in: every call carries its token."""

import hmac
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import grpc.aio

TOKEN_KEY = "wandb-token"
STREAMING_METHODS = ("/Publish",)


class TokenCheck(grpc.aio.ServerInterceptor):  # type: ignore[type-arg]
    """Refuses calls without the token with UNAUTHENTICATED."""

    def __init__(self, token: str) -> None:
        self._token = token.encode()
        self._refuse_one = grpc.unary_unary_rpc_method_handler(_refuse)
        self._refuse_stream = grpc.stream_stream_rpc_method_handler(_refuse)

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        for key, value in handler_call_details.invocation_metadata or ():
            if key == TOKEN_KEY:
                found = value if isinstance(value, bytes) else value.encode()
                if hmac.compare_digest(found, self._token):
                    return await continuation(handler_call_details)
        if handler_call_details.method.endswith(STREAMING_METHODS):
            return self._refuse_stream
        return self._refuse_one


async def _refuse(_request: Any, context: Any) -> None:
    await context.abort(
        grpc.StatusCode.UNAUTHENTICATED,
        "wrong token: read core's address file again",
    )
