"""Batches that DuckDB takes one by one, while they are made: an Arrow C stream.

```
iterator of arrays ─► ArrowStream ─► register("rows", stream) ─► "COPY (… FROM rows) …"
```

DuckDB asks for a batch when it has room for it: a table of any length is written in one
statement. nanoarrow makes schemas and arrays but has no stream over arrays that come
later, so its few C structs are filled here, as "The Arrow C stream interface"
(arrow.apache.org) says. Nothing is copied.
"""

import ctypes
from collections.abc import Iterator
from typing import Protocol, cast


class SchemaExport(Protocol):
    """What describes columns, such as `nanoarrow.Schema`."""

    def __arrow_c_schema__(self) -> object:
        """A capsule with an ArrowSchema."""


class ArrayExport(Protocol):
    """What holds columns, such as nanoarrow's `CArray`."""

    def __arrow_c_array__(
        self, requested_schema: object = None
    ) -> tuple[object, object]:
        """Capsules with an ArrowSchema and an ArrowArray."""


class ArrowStream:
    """Takes struct arrays of one schema from an iterator, in any thread, once.

    DuckDB tells no more than that it failed when the iterator raises: `error` has it.
    """

    def __init__(self, schema: SchemaExport, batches: Iterator[ArrayExport]) -> None:
        self.error: BaseException | None = None
        self._schema = schema
        self._batches = batches
        self._struct = _StreamStruct(
            _Give(self._give_schema),
            _Give(self._give_batch),
            _GiveText(lambda _: None),
            _Release(_forget),
            None,
        )

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """A capsule, which does not outlive this."""
        return _new_capsule(ctypes.addressof(self._struct), b"arrow_array_stream", None)

    def _give_schema(self, _stream: object, to: int) -> int:
        _move(self._schema.__arrow_c_schema__(), _SCHEMA, to)
        return 0

    def _give_batch(self, _stream: object, to: int) -> int:
        try:
            batch = next(self._batches, None)
            if batch is None:
                ctypes.memset(to, 0, _ARRAY.size_bytes)
            else:
                _move(batch.__arrow_c_array__()[1], _ARRAY, to)
        except BaseException as error:  # there is a C function above this one
            self.error = error
            return _EIO
        return 0


class _StreamStruct(ctypes.Structure):
    """ArrowArrayStream."""


_Give = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(_StreamStruct), ctypes.c_void_p
)  # fmt: skip
_GiveText = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.POINTER(_StreamStruct))
_Release = ctypes.CFUNCTYPE(None, ctypes.POINTER(_StreamStruct))
_StreamStruct._fields_ = [
    ("get_schema", _Give),
    ("get_next", _Give),
    ("get_last_error", _GiveText),
    ("release", _Release),
    ("private_data", ctypes.c_void_p),
]


class _Movable:
    """A struct that is moved by copying it and forgetting how to release the source."""

    def __init__(self, name: bytes, words_before: int) -> None:
        self.name = name
        self.release_at = words_before * 8
        self.size_bytes = self.release_at + 16


_SCHEMA = _Movable(b"arrow_schema", 7)
_ARRAY = _Movable(b"arrow_array", 8)
_EIO = 5

_new_capsule = ctypes.pythonapi.PyCapsule_New
_new_capsule.restype = ctypes.py_object
_new_capsule.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
_pointer_of = ctypes.pythonapi.PyCapsule_GetPointer
_pointer_of.restype = ctypes.c_void_p
_pointer_of.argtypes = [ctypes.py_object, ctypes.c_char_p]


def _move(capsule: object, kind: _Movable, to: int) -> None:
    source = cast("int", _pointer_of(capsule, kind.name))
    ctypes.memmove(to, source, kind.size_bytes)
    ctypes.memset(source + kind.release_at, 0, 8)


def _forget(stream: "ctypes._Pointer[_StreamStruct]") -> None:
    stream.contents.release = _Release(0)
