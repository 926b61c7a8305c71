"""Blocks of series that were read lately, so that a chart asked again reads nothing."""

from collections import OrderedDict

from wandb_server.query.blocks import SeriesBlocks

ENTRY_BYTES = 512
"""What an entry costs beside its columns, empty ones included."""

BlockPlace = tuple[int, str, str]
"""(object, key, axis)."""


class BlockCache:
    """The least recently used go first beyond `bytes_max`. Used by one thread.

    Objects never change, so an entry is right for as long as it is kept; an entry of an
    object that is gone is never asked for again and ages away.
    """

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._kept: OrderedDict[BlockPlace, tuple[SeriesBlocks | None, int]] = (
            OrderedDict()
        )
        self._bytes = 0

    def __contains__(self, place: BlockPlace) -> bool:
        """Whether it is known, as absent perhaps."""
        return place in self._kept

    def get(self, place: BlockPlace) -> SeriesBlocks | None:
        """The blocks of a known place; None: the object has none of that key."""
        self._kept.move_to_end(place)
        return self._kept[place][0]

    def put(self, place: BlockPlace, blocks: SeriesBlocks | None) -> None:
        """Remember, and forget what was not asked for lately."""
        size = ENTRY_BYTES + (0 if blocks is None else blocks.size_bytes)
        self._bytes += size - self._kept.pop(place, (None, 0))[1]
        self._kept[place] = (blocks, size)
        while self._bytes > self._bytes_max:
            self._bytes -= self._kept.popitem(last=False)[1][1]
