"""Config from YAML files, and the error of config.

A file is `key: {value: …}` per key, optionally with `desc`, and `wandb_version: 1`.
"""

from pathlib import Path
from typing import Any

from wandb.errors import Error

FILE_BYTES_MAX = 16 << 20


class ConfigError(Error):
    """A config file that cannot be used, or a value that may not change."""


def read_config_file(path: str | Path) -> dict[str, Any]:
    """The config in a YAML file, unwrapped.

    Raises:
        ConfigError: missing, too large, not YAML, or of another form.
    """
    import yaml

    try:
        if Path(path).stat().st_size > FILE_BYTES_MAX:
            raise ConfigError(
                f"Config file {path} is larger than {FILE_BYTES_MAX} bytes"
            )
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as problem:
        raise ConfigError(f"Config file {path} cannot be read: {problem}") from problem
    except (yaml.YAMLError, UnicodeDecodeError) as problem:
        raise ConfigError(f"Config file {path} is not YAML: {problem}") from problem
    if not isinstance(content, dict):
        raise ConfigError(f"Config file {path} must hold `key: {{value: …}}` entries")
    return _unwrap(content, path)


def _unwrap(content: dict[Any, Any], path: str | Path) -> dict[str, Any]:
    version = content.pop("wandb_version", 1)
    if version != 1:
        raise ConfigError(f"Config file {path} has unknown wandb_version {version}")
    content.pop("_wandb", None)
    for key, entry in content.items():
        if not isinstance(entry, dict) or "value" not in entry:
            raise ConfigError(
                f"Config file {path}: key {key} must be a mapping with `value:`"
            )
    return {str(key): entry["value"] for key, entry in content.items()}
