"""The settings one by one: name, type, default, what they mean.

`wandb_settings.Settings` puts the groups together, checks and merges. `x_` marks what
is internal or may change. "No effect yet" fields are accepted so that scripts run.
"""

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

Parse = Callable[[Any], Any]

TAG_LENGTH_MAX = 64


def setting(default: Any, parse: Parse, doc: str, env: str = "") -> Any:
    """A dataclass field with what the settings table needs in its metadata.

    `parse` turns a given value (text from the environment, too) into the field's type
    and raises ValueError with the allowed range. `env` only where the variable's name
    does not follow from the field's.
    """
    metadata = {"parse": parse, "doc": doc, "env": env}
    return dataclasses.field(default=default, metadata=metadata, kw_only=True)


def text(value: Any) -> str:
    """A string; numbers are taken as such."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        if hasattr(value, "__fspath__"):
            return str(value.__fspath__())
        raise ValueError("a string")
    return str(value)


def switch(value: Any) -> bool:
    """true/false, yes/no, on/off, 1/0."""
    word = str(value).strip().lower()
    if word in ("true", "t", "yes", "y", "on", "1", "1.0"):
        return True
    if word in ("false", "f", "no", "n", "off", "0", "0.0", ""):
        return False
    raise ValueError("true or false")


def number(value: Any) -> float:
    """A float, not negative."""
    try:
        parsed = float(value)
    except (TypeError, ValueError):
        raise ValueError("a number") from None
    if not parsed >= 0:
        raise ValueError("a number >= 0")
    return parsed


def whole(value: Any) -> int:
    """An int."""
    try:
        return int(value)
    except (TypeError, ValueError):
        raise ValueError("a whole number") from None


def names(value: Any) -> tuple[str, ...]:
    """Several strings; one string is split at commas."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    if not isinstance(value, Iterable):
        raise ValueError("several strings")
    return tuple(text(part) for part in value)


def tags(value: Any) -> tuple[str, ...]:
    """Several strings of 1 to 64 characters; one string is split at commas."""
    found = names(value)
    if not all(1 <= len(tag) <= TAG_LENGTH_MAX for tag in found):
        raise ValueError(f"tags of 1 to {TAG_LENGTH_MAX} characters each")
    return found


def anything(value: Any) -> Any:
    """Taken as it is."""
    return value


def one_of(*words: str) -> Parse:
    """One of these words."""

    def parse(value: Any) -> str:
        if value not in words:
            raise ValueError("one of " + ", ".join(words))
        return str(value)

    return parse


def _resume(value: Any) -> str | None:
    if value in (True, "true", "True", "1"):
        return "auto"
    if value in (False, "false", "False", "0", ""):
        return None
    return str(one_of("allow", "must", "never", "auto")(value))


def _reinit(value: Any) -> str:
    if isinstance(value, bool) or str(value).lower() in ("true", "false"):
        return "finish_previous" if switch(value) else "return_previous"
    words = ("default", "return_previous", "finish_previous", "create_new")
    return str(one_of(*words)(value))


def _mode(value: Any) -> str:
    value = {"dryrun": "offline", "run": "online"}.get(value, value)
    return str(one_of("online", "offline", "disabled", "shared")(value))


def _address(value: Any) -> str:
    url = text(value).strip().rstrip("/")
    if not url.startswith(("http://", "https://")) or url[-3:] == "://":
        raise ValueError("an address such as http://localhost:8080")
    return url


def _callback(value: Any) -> Any:
    if not callable(value):
        raise ValueError("a function without arguments")
    return value


_CONSOLES = one_of("auto", "off", "wrap", "redirect", "wrap_raw", "wrap_emu")


@dataclass(frozen=True, init=False)
class RunFields:
    """What the run is called and belongs to."""

    mode: str = setting("online", _mode, "online, offline, disabled or shared.")
    project: str | None = setting(
        None, text, "Project; default: the git repository's name, else uncategorized."
    )
    entity: str | None = setting(
        None, text, "User or team; default: the server's choice for your key."
    )
    organization: str | None = setting(None, text, "No effect yet.")
    run_id: str | None = setting(
        None, text, "Id of the run; default: 8 random characters."
    )
    run_name: str | None = setting(
        None, text, "Name shown for the run; default: a readable random one.", "NAME"
    )
    run_notes: str | None = setting(None, text, "A longer description.", "NOTES")
    run_tags: tuple[str, ...] | None = setting(
        None, tags, "Tags, 1 to 64 characters each.", "TAGS"
    )
    run_group: str | None = setting(None, text, "Group of runs that belong together.")
    run_job_type: str | None = setting(
        None,
        text,
        "What this run does in its group, such as train or eval.",
        "JOB_TYPE",
    )
    resume: str | None = setting(
        None, _resume, "allow, must, never or auto: whether a run of this id goes on."
    )
    reinit: str = setting(
        "default",
        _reinit,
        "What init does while a run is active: default, "
        "return_previous, finish_previous or create_new.",
    )
    allow_val_change: bool = setting(
        False, switch, "Whether config values may change after they were set."
    )
    allow_out_of_order: bool = setting(
        False, switch, "Whether log(step=…) may go back: such rows are kept."
    )
    sweep_id: str | None = setting(None, text, "Sweep that started this run.")
    sweep_param_path: str | None = setting(
        None, text, "YAML file of the sweep's config."
    )
    root_dir: str | None = setting(
        None, text, "Directory that holds wandb/; default: current directory.", "DIR"
    )
    use_dot_wandb: bool | None = setting(
        None, switch, "Use .wandb/ instead of wandb/; default: if it exists."
    )
    symlink: bool = setting(True, switch, "Whether latest-run links to the newest run.")
    sync_dir: str | None = setting(None, text, "The run's directory; chosen by init.")
    host: str | None = setting(None, text, "Name of the machine; default: host name.")
    username: str | None = setting(None, text, "Login name; default: not recorded.")
    email: str | None = setting(
        None, text, "E-mail recorded with the run.", "USER_EMAIL"
    )
    program: str | None = setting(None, text, "Script recorded with the run.")
    args: tuple[str, ...] | None = setting(
        None, names, "Arguments recorded with the run."
    )
    docker: str | None = setting(None, text, "Container image recorded with the run.")
    config_paths: tuple[str, ...] | None = setting(
        None, names, "YAML files with more config, as config-defaults.yaml."
    )
    notebook_name: str | None = setting(None, text, "Notebook recorded as the program.")
    description: str | None = setting(None, text, "Old name of run_notes.")


@dataclass(frozen=True, init=False)
class ServerFields:
    """Where the run goes and how it gets there."""

    base_url: str | None = setting(
        None, _address, "Server; default: the local one, started on demand."
    )
    app_url_override: str | None = setting(
        None, _address, "Address of the pages; default: base_url.", "APP_URL"
    )
    api_key: str | None = setting(
        None, text, "API key; default: netrc. Never written to disk."
    )
    init_timeout: float = setting(
        90.0, number, "Seconds that init waits for the server where resume needs it."
    )
    login_timeout: float | None = setting(None, number, "No effect yet.")
    finish_timeout: float = setting(
        30.0, number, "Seconds without progress after which finish stops waiting."
    )
    finish_timeout_raises: bool = setting(False, switch, "No effect yet.")
    summary_timeout: float = setting(
        60.0, number, "Seconds that reading the summary waits for core."
    )
    http_proxy: str | None = setting(None, text, "No effect yet.")
    https_proxy: str | None = setting(None, text, "No effect yet.")
    identity_token_file: str | None = setting(None, text, "No effect yet.")
    credentials_file: str | None = setting(None, text, "No effect yet.")
    insecure_disable_ssl: bool = setting(False, switch, "No effect yet.")
    heartbeat_seconds: int = setting(30, whole, "No effect yet.")
    data_dir: str | None = setting(
        None, text, "Directory for the local server's data; as a variable only."
    )
    cache_dir: str | None = setting(
        None, text, "Directory of downloaded artifacts; default: the user's cache."
    )
    artifact_cache_bytes_max: int = setting(
        20 << 30,
        whole,
        "Bytes of downloaded artifacts that are kept; the least recently used go.",
    )
    config_dir: str | None = setting(
        None, text, "Directory of the user's settings file; as a variable only."
    )
    artifact_dir: str | None = setting(
        None, text, "Where artifacts are downloaded to; default: ./artifacts."
    )


@dataclass(frozen=True, init=False)
class ScreenFields:
    """What is shown and captured."""

    console: str = setting(
        "auto", _CONSOLES, "Console capture: auto, wrap or off; others mean wrap."
    )
    silent: bool = setting(False, switch, "Say nothing on the terminal.")
    quiet: bool = setting(False, switch, "Say only what failed and warnings.")
    show_errors: bool = setting(True, switch, "Show errors.")
    show_info: bool = setting(True, switch, "Show information.")
    show_warnings: bool = setting(True, switch, "Show warnings.")
    max_end_of_run_history_metrics: int = setting(
        10, whole, "How many metrics finish draws as a line."
    )
    max_end_of_run_summary_metrics: int = setting(
        10, whole, "How many final values finish shows."
    )
    disable_git: bool = setting(False, switch, "Record nothing of the git repository.")
    git_remote: str = setting("origin", text, "Remote whose address is recorded.")
    git_remote_url: str | None = setting(
        None, text, "Recorded instead of the remote's."
    )
    git_commit: str | None = setting(None, text, "Recorded instead of HEAD.")
    git_root: str | None = setting(None, text, "Where to look for the git repository.")
    disable_code: bool = setting(False, switch, "Save no code, whatever else says so.")
    save_code: bool | None = setting(
        None,
        switch,
        "Save the main script and the git diff; default: as the account says.",
    )
    code_dir: str | None = setting(
        None, text, "What saved code is named from; default: the git repository."
    )
    disable_job_creation: bool = setting(True, switch, "No effect yet.")
    sync_tensorboard: bool | None = setting(
        None, switch, "Log, too, what Python's writers give to TensorBoard."
    )
    monitor_gym: bool | None = setting(None, switch, "No effect yet.")
    capture_loggers: Any = setting(None, anything, "No effect yet.")  # noqa: RUF009
    console_multipart: bool = setting(False, switch, "No effect yet.")
    ignore_globs: tuple[str, ...] = setting(
        (), names, "Run files that are not uploaded, such as *.pth."
    )
    stop_fn: Any = setting(  # noqa: RUF009
        None, _callback, "Called when the run is stopped; default: KeyboardInterrupt."
    )
    stop_on_fatal_error: bool = setting(
        False, switch, "Stop the script, too, when its data cannot be uploaded."
    )
    strict: bool | None = setting(None, switch, "No effect yet.")
    table_raise_on_max_row_limit_exceeded: bool = setting(
        False, switch, "Raise an error for tables of too many rows; else they are cut."
    )
    allow_media_symlink: bool = setting(
        False, switch, "Link files of media into the run instead of copying them."
    )
    allow_offline_artifacts: bool = setting(
        True, switch, "Offline, store tables as artifacts too; else only as files."
    )
    debug: bool = setting(False, switch, "Write a more detailed debug.log.")
