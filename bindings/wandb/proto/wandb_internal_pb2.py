"""`from wandb.proto import wandb_internal_pb2`: Record and all that it holds."""

from typing import Any

from wandb_proto.v1 import record_pb2


def __getattr__(name: str) -> Any:
    return getattr(record_pb2, name)
