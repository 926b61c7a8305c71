"""The gRPC channel to core: on this host or on another."""

import os
from types import ModuleType
from typing import Any

from wandb_proto.core_place import CoreAddress
from wandb_proto.remote_token import CERTIFICATE_NAME

MESSAGE_BYTES_MAX = 64 << 20
REMOTE_PING_MS = 30_000
"""How often a silent core on another host is asked whether it is still there."""


def load_grpc() -> ModuleType:
    """Import grpc without its fork handlers.

    With them, every DataLoader worker of a training prints a line or takes a second.
    """
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    import grpc

    return grpc


def open_channel(grpc: ModuleType, address: CoreAddress) -> Any:
    """A channel to core: on this host in the clear, else with its certificate alone."""
    options = channel_options()
    if not address.certificate:
        return grpc.insecure_channel(address.address, options=options)
    credentials = grpc.ssl_channel_credentials(address.certificate.encode())
    options += [
        ("grpc.ssl_target_name_override", CERTIFICATE_NAME),
        ("grpc.keepalive_time_ms", REMOTE_PING_MS),
        ("grpc.keepalive_timeout_ms", REMOTE_PING_MS),
    ]
    return grpc.secure_channel(address.address, credentials, options=options)


def channel_options() -> list[tuple[str, int | str]]:
    """No proxy, messages up to 64 MiB, no backoff left over from another channel."""
    return [
        ("grpc.enable_http_proxy", 0),
        ("grpc.max_send_message_length", MESSAGE_BYTES_MAX),
        ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
        ("grpc.use_local_subchannel_pool", 1),
    ]


def is_passing(grpc: ModuleType, error: Any) -> bool:
    """Whether asking again can help: core is gone, or is another one by now."""
    codes = grpc.StatusCode
    return error.code() in (codes.UNAVAILABLE, codes.CANCELLED, codes.UNAUTHENTICATED)
