"""Only who has the token gets in: every call carries it.

On this host, that is who can read core's address file.
"""

import hmac
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import grpc.aio

TOKEN_KEY = "wandb-token"
STREAMING_METHODS = ("/Publish",)


class TokenCheck(grpc.aio.ServerInterceptor):  # type: ignore[type-arg]
    """Refuses calls without the token with UNAUTHENTICATED.

    Of those that have it, only the methods named (all, if none are) are let through.
    """

    def __init__(
        self,
        token: str,
        methods: frozenset[str] = frozenset(),
        refusal: str = "wrong token: read core's address file again",
    ) -> None:
        self._token = token.encode()
        self._methods = methods
        self._refusal = refusal
        self._refuse_one = grpc.unary_unary_rpc_method_handler(self._refuse)
        self._refuse_stream = grpc.stream_stream_rpc_method_handler(self._refuse)
        self._forbid = grpc.unary_unary_rpc_method_handler(_forbid)

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Any]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Any:
        for key, value in handler_call_details.invocation_metadata or ():
            if key == TOKEN_KEY:
                found = value if isinstance(value, bytes) else value.encode()
                if hmac.compare_digest(found, self._token):
                    method = handler_call_details.method.rpartition("/")[2]
                    if self._methods and method not in self._methods:
                        return self._forbid
                    return await continuation(handler_call_details)
        if handler_call_details.method.endswith(STREAMING_METHODS):
            return self._refuse_stream
        return self._refuse_one

    async def _refuse(self, _request: Any, context: Any) -> None:
        await context.abort(grpc.StatusCode.UNAUTHENTICATED, self._refusal)


async def _forbid(_request: Any, context: Any) -> None:
    await context.abort(grpc.StatusCode.PERMISSION_DENIED, "only from core's own host")
