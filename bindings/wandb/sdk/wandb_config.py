"""`run.config`: the inputs of a run.

Values are made plain when they are set. An existing value changes only with
`allow_val_change`; keys that a sweep set never change.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from wandb._terminal import termwarn
from wandb.sdk.lib.config_util import ConfigError, read_config_file
from wandb.sdk.plain_values import plain

CONFIG_BYTES_WARNED = 10_000_000

Publish = Callable[[dict[str, Any]], None]


def warn_of_large_config(byte_count: int) -> None:
    """Tell once that a config, or a change of it, is larger than pages can show."""
    if byte_count > CONFIG_BYTES_WARNED:
        termwarn(
            f"The config has more than {CONFIG_BYTES_WARNED:,} bytes: it is stored, "
            "but pages get slow. Large inputs are better kept in files.",
            repeat=False,
        )


class Config:
    """A dictionary with attribute access whose changes are recorded."""

    def __init__(
        self, publish: Publish | None = None, *, allow_val_change: bool = False
    ) -> None:
        set_own = super().__setattr__
        set_own("_items", {})
        set_own("_locked", frozenset())
        set_own("_publish", publish)
        set_own("_allow_val_change", allow_val_change)

    def update(self, d: Any, allow_val_change: bool | None = None) -> None:
        """Set several values: a mapping, an argparse Namespace, flags, a YAML file.

        Raises:
            ConfigError: a key has another value already and may not change.
        """
        allowed = (
            self._allow_val_change if allow_val_change is None else allow_val_change
        )
        self._set(config_mapping(d), bool(allowed))

    def setdefaults(self, d: Any) -> None:
        """Set those keys that have no value yet."""
        given = config_mapping(d)
        self._set({k: v for k, v in given.items() if k not in self._items}, True)

    def get(self, key: str, default: Any = None) -> Any:
        """The value, or the default."""
        return self._items.get(key, default)

    def keys(self) -> Any:
        """The keys."""
        return self._items.keys()

    def values(self) -> Any:
        """The values."""
        return self._items.values()

    def items(self) -> Any:
        """The pairs."""
        return self._items.items()

    def as_dict(self) -> dict[str, Any]:
        """A copy of the top level."""
        return dict(self._items)

    def load(self, d: Mapping[str, Any]) -> None:
        """Take plain values that are recorded already."""
        self._items.update(d)

    def load_missing(self, d: Mapping[str, Any]) -> None:
        """Take recorded values of keys that have none here: a resumed run's config."""
        for key, value in d.items():
            self._items.setdefault(key, value)

    def update_locked(self, d: Mapping[str, Any], user: str = "sweep") -> None:
        """Set values that stay, whatever the script says later."""
        self._set(dict(d), True)
        super().__setattr__("_locked", self._locked | frozenset(d))

    def _set(self, given: dict[str, Any], allowed: bool) -> None:
        changes: dict[str, Any] = {}
        for key, value in given.items():
            new = plain(value)
            if key in self._locked:
                if not _same(self._items[key], new):
                    termwarn(f"Config item '{key}' was set by the sweep: not changed.")
                continue
            if key in self._items:
                if _same(self._items[key], new):
                    continue
                if not allowed:
                    raise ConfigError(
                        f'Attempted to change value of key "{key}" from '
                        f"{self._items[key]} to {new}\n"
                        "If you really want to do this, pass allow_val_change=True "
                        "to config.update()"
                    )
            changes[key] = new
        self._items.update(changes)
        if changes and self._publish is not None:
            self._publish(changes)

    def __getitem__(self, key: str) -> Any:
        return self._items[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._set({str(key): value}, self._allow_val_change)

    def __delitem__(self, key: str) -> None:
        raise ConfigError(f"Config items cannot be removed: {key}")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return self.__dict__["_items"][name]
        except KeyError:
            raise AttributeError(f"config has no key {name!r}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __contains__(self, key: object) -> bool:
        return key in self._items

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        return str(self._items)


def config_mapping(given: Any) -> dict[str, Any]:
    """What a user passed as config, as a dictionary with string keys.

    Raises:
        ConfigError: a file that cannot be used, or something that has no items.
    """
    if given is None:
        return {}
    if isinstance(given, str | os.PathLike):
        return read_config_file(os.fspath(given))
    if isinstance(given, Config):
        return given.as_dict()
    if hasattr(given, "flag_values_dict"):  # absl
        given = given.flag_values_dict()
    if isinstance(given, Mapping):
        return {str(key): value for key, value in given.items()}
    if hasattr(given, "keys") and hasattr(given, "__getitem__"):
        return {str(key): given[key] for key in given.keys()}  # noqa: SIM118
    if hasattr(given, "__dict__"):
        return {str(key): value for key, value in vars(given).items()}
    raise ConfigError(
        f"config must be a dictionary, Namespace, flags or the name of a YAML file, "
        f"not {type(given).__name__}"
    )


def _same(old: Any, new: Any) -> bool:
    """Equal plain values; True is not 1, and NaN is NaN."""
    return old is new or repr(old) == repr(new)
