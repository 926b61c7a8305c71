"""Indexes of row segments that were read lately: a scan asks page by page."""

import threading
from collections import OrderedDict
from pathlib import Path

from wandb_server.storage.row_segment import RowIndex, read_index


class RowIndexes:
    """The least recently used go first beyond `bytes_max`. Used by many threads."""

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._kept: OrderedDict[Path, RowIndex] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, path: Path) -> RowIndex:
        """The index of a file, which never changes.

        Raises:
            StorageDamaged: it is not what was written.
        """
        with self._lock:
            kept = self._kept.get(path)
            if kept is not None:
                self._kept.move_to_end(path)
                return kept
        index = read_index(path)
        with self._lock:
            self._kept[path] = index
            size = sum(kept.bytes_in_memory for kept in self._kept.values())
            while size > self._bytes_max and len(self._kept) > 1:
                size -= self._kept.popitem(last=False)[1].bytes_in_memory
        return index
