"""Moving rows from the tail to segments, and sweeping up garbage."""

from wandb_server.operations.stores import Operations


class Compaction(Operations):
    """Run now and then by the server's background loop; one at a time."""

    async def compact(self) -> int:
        """Move what is due from the tail to segments; how many rows."""
        return 0
