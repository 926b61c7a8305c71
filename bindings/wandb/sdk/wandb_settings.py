"""`wandb.Settings`: every choice a user can make, checked and immutable.

    default < user's file < workspace file < environment < wandb.setup < init < argument

Environment and files are read once per process, by `wandb_setup`; the rest of the
package gets a `Settings` and reads nothing else.
"""

import configparser
import dataclasses
import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from wandb.errors import SettingsError
from wandb.sdk.settings_fields import RunFields, ScreenFields, ServerFields
from wandb.sdk.settings_fields_internal import (
    MonitorFields,
    TransferFields,
    WriterFields,
)

_logger = logging.getLogger(__name__)

_ELSEWHERE_TEXT = """
RUNTIME_DIR SPOOL_DIR STATE_DIR FULL CORE_TRANSPORT CORE_FSYNC CORE_DEBUG SERVICE
LOG_MODEL WATCH DISABLED START_METHOD ERROR_REPORTING SERVER_PORT
"""
_ELSEWHERE = frozenset(_ELSEWHERE_TEXT.split())
"""WANDB_* variables that core, the server, the spool or integrations read."""


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One line of the settings table in the README."""

    name: str
    variable: str
    default: Any
    doc: str


@dataclass(frozen=True, init=False, repr=False)
class Settings(
    TransferFields, MonitorFields, WriterFields, ScreenFields, ServerFields, RunFields
):
    """Settings of a run or of the process; unknown names and bad values are refused.

    Raises:
        SettingsError: names the field, what it can take and the nearest known name.
    """

    given: frozenset[str] = dataclasses.field(default=frozenset(), compare=False)
    """Names of the fields that were set, whatever to; the rest are defaults."""

    def __init__(self, _source: str = "argument", **values: Any) -> None:
        for field in _FIELDS.values():
            object.__setattr__(self, field.name, field.default)
        parsed = dict(_parse_all(values, _source))
        for name, value in parsed.items():
            object.__setattr__(self, name, value)
        object.__setattr__(self, "given", frozenset(parsed))

    def merged(self, values: Mapping[str, Any], source: str = "argument") -> "Settings":
        """These settings with `values` on top."""
        mine = {name: getattr(self, name) for name in self.given}
        new = dict(_parse_all(values, source))
        return _from_parsed({**mine, **new})

    def over(self, lower: "Settings") -> "Settings":
        """These settings on top of lower ones."""
        mine = {name: getattr(self, name) for name in self.given}
        theirs = {name: getattr(lower, name) for name in lower.given}
        return _from_parsed({**theirs, **mine})

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        """(name, value) of every field, secrets excepted."""
        for name in _FIELDS:
            if name != "api_key":
                yield name, getattr(self, name)

    def __repr__(self) -> str:
        shown = (name for name in sorted(self.given) if name != "api_key")
        return f"Settings({', '.join(f'{n}={getattr(self, n)!r}' for n in shown)})"

    @staticmethod
    def table() -> tuple[SettingRow, ...]:
        """Every setting with its variable, default and meaning, for the README."""
        return tuple(
            SettingRow(f.name, _variable(f), f.default, f.metadata["doc"])
            for f in sorted(_FIELDS.values(), key=lambda field: field.name)
        )

    @property
    def wandb_dir(self) -> str:
        """`<root>/wandb`, or `<root>/.wandb` where that is used."""
        root = self.root_dir or os.getcwd()
        hidden = os.path.join(root, ".wandb")
        wanted = self.use_dot_wandb
        if wanted or (wanted is None and os.path.isdir(hidden)):
            return hidden
        return os.path.join(root, "wandb")

    @property
    def files_dir(self) -> str | None:
        """Where files that belong to the run lie."""
        return os.path.join(self.sync_dir, "files") if self.sync_dir else None

    @property
    def sync_file(self) -> str | None:
        """The transaction log."""
        if not self.sync_dir:
            return None
        return os.path.join(self.sync_dir, f"run-{self.run_id}.wandb")

    @property
    def log_user(self) -> str | None:
        """The text log of the bindings."""
        if not self.sync_dir:
            return None
        return os.path.join(self.sync_dir, "logs", "debug.log")

    @property
    def resume_fname(self) -> str:
        """Where the run id for resume="auto" is kept."""
        return os.path.join(self.wandb_dir, "wandb-resume.json")

    @property
    def run_mode(self) -> str:
        """Beginning of the run directory's name."""
        return "offline-run" if self._offline else "run"

    @property
    def app_url(self) -> str:
        """Address of the pages."""
        return self.app_url_override or self.base_url or ""

    @property
    def is_local(self) -> bool:
        """Whether the server is on this machine."""
        return urlsplit(self.base_url or "").hostname in (
            "localhost",
            "127.0.0.1",
            None,
        )

    @property
    def _offline(self) -> bool:
        return self.mode == "offline"

    @property
    def _noop(self) -> bool:
        return self.mode == "disabled"

    @property
    def _shared(self) -> bool:
        return self.mode == "shared"


def _setting_fields() -> dict[str, "dataclasses.Field[Any]"]:
    fields = dataclasses.fields(Settings)
    return {field.name: field for field in fields if "parse" in field.metadata}


_FIELDS = _setting_fields()
_ALIASES = {"x_primary_node": "x_primary", "description": "run_notes"}


def _variable(field: "dataclasses.Field[Any]") -> str:
    return "WANDB_" + (field.metadata["env"] or field.name.upper())


_BY_VARIABLE = {_variable(field): field.name for field in _FIELDS.values()}


def _from_parsed(parsed: Mapping[str, Any]) -> Settings:
    made = Settings()
    for name, value in parsed.items():
        object.__setattr__(made, name, value)
    object.__setattr__(made, "given", frozenset(parsed))
    return made


def _parse_all(values: Mapping[str, Any], source: str) -> Iterable[tuple[str, Any]]:
    for given_name, value in values.items():
        name = _ALIASES.get(given_name, given_name)
        if name not in _FIELDS:
            # Old private names (`_disable_stats`) live on as `x_disable_stats`.
            if given_name.startswith("_"):
                name = "x" + given_name
                if name not in _FIELDS:
                    continue
            else:
                raise _unknown(given_name, source)
        yield name, parse_one(name, value, source)


def parse_one(name: str, value: Any, source: str) -> Any:
    """The value as this field's type; None means "not set".

    Raises:
        SettingsError: the field cannot take it.
    """
    if value is None:
        return _FIELDS[name].default
    try:
        return _FIELDS[name].metadata["parse"](value)
    except (ValueError, TypeError) as problem:
        shown = "***" if name == "api_key" else repr(value)
        raise SettingsError(
            f"Setting {name} ({source}) cannot be {shown}: it takes {problem}.",
            field=name,
            value=None if name == "api_key" else value,
            source=source,
        ) from None


def _unknown(name: str, source: str) -> SettingsError:
    import difflib

    near = difflib.get_close_matches(name, _FIELDS, n=1)
    hint = f"; did you mean {near[0]}?" if near else "."
    return SettingsError(
        f"There is no setting {name} ({source}){hint}", field=name, source=source
    )


def from_environment(environ: Mapping[str, str]) -> Settings:
    """What WANDB_* variables say; unknown ones are a debug line, empty ones unset.

    Raises:
        SettingsError: a value that its field cannot take.
    """
    parsed: dict[str, Any] = {}
    for variable, value in sorted(environ.items()):
        if not variable.startswith("WANDB_") or not value:
            continue
        name = _BY_VARIABLE.get(variable)
        if variable.startswith("WANDB__"):
            name = "x_" + variable.removeprefix("WANDB__").lower()
        name = name or variable.removeprefix("WANDB_").lower()
        name = _ALIASES.get(name, name)
        if name in _FIELDS:
            parsed[name] = parse_one(name, value, f"variable {variable}")
        elif variable.removeprefix("WANDB_") not in _ELSEWHERE:
            _logger.debug("unknown variable name=%s", variable)
    return _from_parsed(parsed)


def from_file(path: Path) -> Settings:
    """What the `[default]` section of a settings file says; a missing file, nothing.

    Unknown names are a debug line: the official client writes its own there.

    Raises:
        SettingsError: the file cannot be read as INI, or a value is refused.
    """
    parser = configparser.ConfigParser(interpolation=None, default_section="")
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
    except OSError:
        return Settings()
    except (configparser.Error, UnicodeDecodeError) as problem:
        reason = str(problem).splitlines()[0].rstrip(".")
        raise SettingsError(
            f"{path} is not a settings file ({reason}): repair or remove it.",
            source=str(path),
        ) from None
    parsed: dict[str, Any] = {}
    for name, value in parser["default"].items() if "default" in parser else ():
        if name in _FIELDS:
            parsed[name] = parse_one(name, value, f"file {path}")
        else:
            _logger.debug("unknown setting name=%s file=%s", name, path)
    return _from_parsed(parsed)


def write_to_file(path: Path, changes: Mapping[str, str | None]) -> None:
    """Change entries of a settings file's `[default]` section; None removes one.

    Raises:
        OSError: the file cannot be written.
    """
    parser = configparser.ConfigParser(interpolation=None, default_section="")
    if path.exists():
        parser.read_string(path.read_text(encoding="utf-8"))
    if "default" not in parser:
        parser.add_section("default")
    for name, value in changes.items():
        if value is None:
            parser.remove_option("default", name)
        else:
            parser.set("default", name, value)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        parser.write(file)
