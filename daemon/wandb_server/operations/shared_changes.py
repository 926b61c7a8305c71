"""Changes of runs, passed on between the servers of one database.

A page is told of a change by the server that it is connected to; the run may post to
another one.
"""

import asyncio
import json
from dataclasses import asdict

from wandb_server.model.notices import Change
from wandb_server.operations.changes import ChangeFeed
from wandb_server.storage.notifications import Notifications


class SharedChanges:
    """Joins the feed of this server to those of the others."""

    def __init__(self, database_url: str, feed: ChangeFeed, server_id: str) -> None:
        self._feed = feed
        self._server_id = server_id
        self._loop = asyncio.get_running_loop()
        self._notifications = Notifications(database_url, self._heard)
        feed.relay = self._tell

    def _tell(self, change: Change) -> None:
        subject = f"{change.entity}/{change.project}/{change.run}"
        text = json.dumps({"from": self._server_id, "change": asdict(change)})
        self._notifications.send(subject, text)

    def _heard(self, text: str) -> None:
        """In the thread of the notifications."""
        try:
            told = json.loads(text)
            change = Change(**told["change"])
        except (ValueError, KeyError, TypeError):
            return  # from a server of another version
        if told["from"] != self._server_id:
            self._loop.call_soon_threadsafe(self._feed.offer, change)

    async def close(self) -> None:
        """Hear and tell nothing more."""
        await asyncio.to_thread(self._notifications.close)
