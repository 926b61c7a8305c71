"""Which artifact records of a log are done: a small file beside the log.

```
run-<id>.wandb.artifacts   one JSON object, replaced as a whole, fsynced
    destination            server, entity, project and run: another one begins anew
    seen                   records below this offset of the log are listed
    items                  offset -> kind, client_id, state, artifact_id, error
```

It is written before the cursor moves past a record, so no record is forgotten; after a
loss of power an item may be done again, which changes nothing at the server.
"""

import logging
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from wandb_proto import json_codec

_log = logging.getLogger(__name__)

SUFFIX = ".artifacts"
PENDING, COMMITTED, FAILED = "pending", "committed", "failed"
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Item:
    """One record of the log that names an artifact."""

    offset: int
    next_offset: int
    client_id: str
    """"" of records that only say that a version was used."""
    state: str = PENDING
    artifact_id: str = ""
    error: str = ""


class StateFile:
    """The items of one log, and their file."""

    def __init__(self, log_path: Path, destination: str | None) -> None:
        """Read what an earlier upload to this destination left (None: to any)."""
        self.path = log_path.with_name(log_path.name + SUFFIX)
        self.seen = 0
        self.items: dict[int, Item] = {}
        self._destination = destination
        self._load()

    def put(self, item: Item) -> None:
        """Add or replace an item; call `save` afterwards."""
        self.items[item.offset] = item
        self.seen = max(self.seen, item.next_offset)

    def pending(self) -> list[Item]:
        """What is to be done, in the order of the log; failures are tried again."""
        left = (item for item in self.items.values() if item.state != COMMITTED)
        return sorted(left, key=lambda item: item.offset)

    def of_client(self, client_id: str) -> Item | None:
        """The latest item of an artifact."""
        found = [item for item in self.items.values() if item.client_id == client_id]
        return max(found, key=lambda item: item.offset, default=None)

    def save(self) -> None:
        """Replace the file in one step, safe against power loss.

        Raises:
            OSError: the directory cannot be written; the old file is still there.
        """
        text = json_codec.dumps(
            {
                "version": _VERSION,
                "destination": self._destination,
                "seen": self.seen,
                "items": [asdict(item) for item in self.items.values()],
            }
        )
        temporary = self.path.with_name(self.path.name + ".new")
        with open(temporary, "wb") as file:
            file.write(text + b"\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, self.path)

    def _load(self) -> None:
        try:
            found = json_codec.loads(self.path.read_bytes())
            wanted = self._destination
            fits = wanted is None or found["destination"] == wanted
            if found["version"] == _VERSION and fits:
                self.seen = int(found["seen"])
                items = (Item(**item) for item in found["items"])
                self.items = {item.offset: item for item in items}
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError) as error:
            # Doing all again is safe: the server has what was done.
            _log.warning(
                "artifact_state_unreadable path=%s reason=%s", self.path, error
            )
            self.seen, self.items = 0, {}
