"""Names that belong to the surface but whose machinery this version does not have yet.

They can be looked up, compared and used in `isinstance`; calling one raises
`UnsupportedError` with a clear sentence. One mechanism, no fake behaviour.
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any, NoReturn

from wandb.errors import UnsupportedError

_CLASSES_TEXT = """
"""
CLASSES = frozenset(_CLASSES_TEXT.split())
_FUNCTIONS_TEXT = """
agent controller profiler sweep
"""
FUNCTIONS = frozenset(_FUNCTIONS_TEXT.split())
_RUN_TEXT = """
"""
_MODULES_TEXT = """
analytics gym jupyter sacred
sagemaker_auth tensorflow trigger wandb_torch
"""
RUN_METHODS = FUNCTIONS | frozenset(_RUN_TEXT.split())
MODULES = frozenset(_MODULES_TEXT.split())


def names() -> frozenset[str]:
    """Names of the module that are placeholders."""
    return CLASSES | FUNCTIONS | MODULES


def unavailable(name: str) -> UnsupportedError:
    """The error for a name of this version's future."""
    return UnsupportedError(f"wandb.{name} is not available in this version yet.")


def find(name: str) -> Any:
    """The placeholder of `wandb.<name>`, or None if there is no such name."""
    if name in CLASSES:
        return _later_class(name)
    if name in FUNCTIONS:
        return later_function(name)
    return _LaterModule(name) if name in MODULES else None


def later_function(name: str) -> Callable[..., NoReturn]:
    """A function that only says that it is not there yet."""

    def call(*_arguments: Any, **_keywords: Any) -> NoReturn:
        raise unavailable(name)

    call.__name__ = call.__qualname__ = name.rpartition(".")[2]
    call.__doc__ = f"`wandb.{name}`: not available in this version yet."
    return call


def _later_class(name: str) -> type:
    def refuse(_class: type, *_arguments: Any, **_keywords: Any) -> NoReturn:
        raise unavailable(name)

    text = f"`wandb.{name}`: not available in this version yet."
    return type(name, (), {"__new__": refuse, "__doc__": text, "__module__": "wandb"})


class _LaterModule(ModuleType):
    """Every attribute of it is a function that says that it is not there yet."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module 'wandb.{self.__name__}' has no '{name}'")
        return later_function(f"{self.__name__}.{name}")
