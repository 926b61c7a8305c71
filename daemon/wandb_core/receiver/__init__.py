"""The gRPC service for the bindings: checks the token, turns messages into batches.

Knows nothing of runs: a `Reception` (the daemon) answers. Home of grpc in core.
"""

from wandb_core.receiver.client import CoreClient
from wandb_core.receiver.endpoint import Endpoint
from wandb_core.receiver.remote_endpoint import RemoteEndpoint

__all__ = ["CoreClient", "Endpoint", "RemoteEndpoint"]
