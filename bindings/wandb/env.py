"""Names of environment variables, and the setters that integrations call.

The values are read once per process, at the first `setup`, `init` or `login`.
"""

import os
from collections.abc import Mapping, MutableMapping

API_KEY = "WANDB_API_KEY"
BASE_URL = "WANDB_BASE_URL"
ENTITY = "WANDB_ENTITY"
PROJECT = "WANDB_PROJECT"
MODE = "WANDB_MODE"
NAME = "WANDB_NAME"
NOTES = "WANDB_NOTES"
TAGS = "WANDB_TAGS"
JOB_TYPE = "WANDB_JOB_TYPE"
RUN_GROUP = "WANDB_RUN_GROUP"
RUN_ID = "WANDB_RUN_ID"
RESUME = "WANDB_RESUME"
DIR = "WANDB_DIR"
CACHE_DIR = "WANDB_CACHE_DIR"
CONFIG_DIR = "WANDB_CONFIG_DIR"
DATA_DIR = "WANDB_DATA_DIR"
ARTIFACT_DIR = "WANDB_ARTIFACT_DIR"
SILENT = "WANDB_SILENT"
QUIET = "WANDB_QUIET"
CONSOLE = "WANDB_CONSOLE"
PROGRAM = "WANDB_PROGRAM"
HOST = "WANDB_HOST"
SWEEP_ID = "WANDB_SWEEP_ID"
SWEEP_PARAM_PATH = "WANDB_SWEEP_PARAM_PATH"

Environment = Mapping[str, str]


def get_entity(
    default: str | None = None, env: Environment | None = None
) -> str | None:
    """The entity of the environment."""
    return _mapping(env).get(ENTITY, default)


def get_project(
    default: str | None = None, env: Environment | None = None
) -> str | None:
    """The project of the environment."""
    return _mapping(env).get(PROJECT, default)


def set_entity(value: str, env: MutableMapping[str, str] | None = None) -> None:
    """Put the entity into the environment, for a later first `init`."""
    (os.environ if env is None else env)[ENTITY] = value


def set_project(value: str | None, env: MutableMapping[str, str] | None = None) -> None:
    """Put the project into the environment, for a later first `init`."""
    (os.environ if env is None else env)[PROJECT] = value or "uncategorized"


def _mapping(env: Environment | None) -> Environment:
    return os.environ if env is None else env
