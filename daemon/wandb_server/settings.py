"""What one server process is told, read once at the edge and passed down.

Two layers: `ServerSettings` is the whole truth of a running process; `KeptSettings` is
what survives in `<data_dir>/settings.json` between starts (0600, it holds the secret
that signs upload addresses).
"""

import hashlib
import json
import math
import os
import re
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from wandb_server.errors import DataDirUnusable, SettingsError, StartRefused

PORT_DEFAULT = 8080
HOST_DEFAULT = "127.0.0.1"
DATABASE_FILE = "wandb.db"
SECRET_LETTERS_MIN = 32
REQUESTS_PER_S = 200.0
"""Of one user, where other machines are answered; 200 runs that send every second."""
REQUESTS_BURST = 2_000
LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]", "::1")


@dataclass(frozen=True, slots=True)
class Limits:
    """Everything that is bounded in answering requests."""

    body_bytes_max: int = 64 * 1024 * 1024
    """Body of one GraphQL or file stream request; beyond: 413."""
    intake_bytes_max: int = 24 * 1024 * 1024
    """Bodies of file stream requests in memory at once; the others wait, unread."""
    intake_wait_s_max: float = 20.0
    """A request that waited so long is answered 503 and sent again."""
    file_bytes_max: int = 256 * 1024**3
    """One file of a run; beyond: 413."""
    query_tokens_max: int = 10_000
    query_depth_max: int = 24
    query_cost_max: int = 500_000
    """Fields of a document, those below a list counted once per requested item."""
    documents_kept: int = 512
    """Parsed GraphQL documents remembered (the least recently used go first)."""
    page_items_max: int = 1_000
    """Runs or files in one page; a client asking for more gets more pages."""
    log_lines_max: int = 10_000
    history_rows_max: int = 100_000
    """Rows in one history answer; beyond, rows are sampled evenly."""
    series_buckets_max: int = 10_000
    changes_per_run_s: float = 4.0
    body_s_max: float = 300.0
    """A GraphQL or file stream request must have arrived within this; beyond: 408."""
    silence_s_max: float = 120.0
    """The body of a file may stall for so long; beyond: 408."""
    first_request_s: float = 60.0
    """A connection that asks nothing for so long after it was made is closed."""
    idle_s: float = 600.0
    """... and for so long after the last answer."""
    heartbeat_interval_s: float = 15.0
    """Comment lines that keep a quiet stream of changes open."""


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Settings of one server process.

    Raises:
        SettingsError: a value outside its range.
    """

    data_dir: Path
    secret: bytes
    """Signs upload and download addresses."""
    host: str = HOST_DEFAULT
    port: int = PORT_DEFAULT
    """0: any free one, not remembered (tests)."""
    public_url: str = ""
    """What clients call us; signed addresses begin with it. Empty: http://localhost:port."""
    allowed_hosts: tuple[str, ...] = ()
    """Names in the Host header that are answered, besides loopback and `public_url`."""
    web_dir: Path = Path(__file__).parent / "web" / "dist"
    heartbeat_timeout_s: float = 300.0
    """A running run that was silent for so long is marked crashed."""
    crash_check_interval_s: float = 30.0
    compact_interval_s: float = 3.0
    drain_timeout_s: float = 10.0
    """How long open requests may go on after SIGTERM."""
    signed_url_lifetime_s: float = 24 * 3600.0
    login_token_lifetime_s: float = 3600.0
    session_lifetime_s: float = 30 * 24 * 3600.0
    limits: Limits = Limits()
    database_url: str = ""
    """Where rows live. Empty: SQLite in the data directory."""
    object_url: str = ""
    """Where files and segments live. Empty: a directory in the data directory."""
    requests_per_s: float = 0.0
    """So often a user may ask in the long run; 0: as often as they like."""
    requests_burst: int = REQUESTS_BURST
    """So often at once, before the rate counts."""
    metrics_open: bool = False
    """GET /metrics needs no key."""

    def __post_init__(self) -> None:
        """Check every range; fill in where the stores are."""
        if not self.database_url:
            place = f"sqlite:///{self.data_dir / DATABASE_FILE}"
            object.__setattr__(self, "database_url", place)
        if not self.object_url:
            place = (self.data_dir / "objects").as_uri()
            object.__setattr__(self, "object_url", place)
        if not 0 <= self.port <= 65535:
            raise SettingsError("port", self.port, "must be 0 to 65535", "settings")
        if not 0 <= self.requests_per_s < math.inf:
            value = self.requests_per_s
            raise SettingsError("requests_per_s", value, "must be 0 or more")
        if self.requests_burst < 1:
            raise SettingsError(
                "requests_burst", self.requests_burst, "must be 1 or more"
            )
        if len(self.secret) < 16:
            raise SettingsError("secret", "…", "must have 16+ bytes", "settings")
        parts = urlsplit(self.public_url)
        if self.public_url and (
            parts.scheme not in ("http", "https") or not parts.netloc
        ):
            raise SettingsError(
                "public_url",
                self.public_url,
                "must be http(s)://host[:port]",
                "settings",
            )

    @property
    def is_embedded(self) -> bool:
        """Whether the rows are in the data directory: one server has them alone."""
        return self.database_url.startswith("sqlite:")


@dataclass(frozen=True, slots=True)
class KeptSettings:
    """What `<data_dir>/settings.json` remembers."""

    port: int
    secret: bytes


@dataclass(frozen=True, slots=True)
class TeamStores:
    """Where a team keeps rows and bytes, as the environment says; empty: embedded.

    Never an argument: it holds passwords, and every user can read those of others.
    """

    database_url: str = ""
    object_url: str = ""
    secret: bytes = b""
    """Signs addresses; the same on every server of a database."""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "TeamStores":
        """WANDB_SERVER_DATABASE_URL, WANDB_SERVER_OBJECT_URL and WANDB_SERVER_SECRET.

        Raises:
            StartRefused: one is missing that the others need.
        """
        database = environ.get("WANDB_SERVER_DATABASE_URL", "")
        objects = environ.get("WANDB_SERVER_OBJECT_URL", "")
        secret = environ.get("WANDB_SERVER_SECRET", "")
        if database and len(secret) < SECRET_LETTERS_MIN:
            raise StartRefused(
                "WANDB_SERVER_DATABASE_URL is set, so WANDB_SERVER_SECRET must be too: "
                f"{SECRET_LETTERS_MIN} or more random characters, the same on every "
                "server of that database. Make one with: openssl rand -hex 32"
            )
        hashed = hashlib.sha256(secret.encode()).digest() if secret else b""
        return cls(database, objects, hashed)


@dataclass(frozen=True, slots=True)
class Service:
    """How the server treats those who ask, as the environment says."""

    requests_per_s: float
    requests_burst: int
    metrics_open: bool

    @classmethod
    def from_environment(cls, environ: Mapping[str, str], host: str) -> "Service":
        """WANDB_SERVER_REQUESTS_PER_S, _REQUESTS_BURST and _METRICS.

        Raises:
            SettingsError: a value that cannot be.
        """
        rate = 0.0 if host in LOOPBACK_HOSTS else REQUESTS_PER_S
        return cls(
            _number(environ, "WANDB_SERVER_REQUESTS_PER_S", rate),
            int(_number(environ, "WANDB_SERVER_REQUESTS_BURST", REQUESTS_BURST)),
            environ.get("WANDB_SERVER_METRICS", "") == "open",
        )


def _number(environ: Mapping[str, str], name: str, default: float) -> float:
    text = environ.get(name, "")
    try:
        return float(text) if text else default
    except ValueError as error:
        raise SettingsError(name, text, "must be a number", "environment") from error


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """`kept`, and what the user should be told about the file, if anything."""

    kept: KeptSettings
    remark: str | None


def load_kept(data_dir: Path, first_port: int = PORT_DEFAULT) -> LoadedSettings:
    """Read the file; make it when absent; put a damaged one aside and make it anew.

    `first_port` is for a new file; 0 leaves the choice to the system.

    Raises:
        DataDirUnusable: it can neither be read nor written.
    """
    path = data_dir / "settings.json"
    try:
        return LoadedSettings(_parse(path.read_text(encoding="utf-8")), None)
    except FileNotFoundError:
        remark = None
    except (ValueError, KeyError, TypeError) as error:
        remark = _put_aside(path, error)
    except OSError as error:
        raise DataDirUnusable(f"Cannot read {path}: {error.strerror}.") from error
    kept = KeptSettings(first_port, secrets.token_bytes(32))
    save_kept(data_dir, kept)
    return LoadedSettings(kept, remark)


def save_kept(data_dir: Path, kept: KeptSettings) -> None:
    """Replace the file in one step, readable by its owner only.

    Raises:
        DataDirUnusable: it cannot be written.
    """
    text = json.dumps({"port": kept.port, "secret": kept.secret.hex()}, indent=2)
    write_private(data_dir / "settings.json", text + "\n")


def write_private(path: Path, text: str) -> None:
    """Replace `path` in one step by a file of mode 0600.

    Raises:
        DataDirUnusable: it cannot be written.
    """
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, path)
    except OSError as error:
        raise DataDirUnusable(f"Cannot write {path}: {error.strerror}.") from error


def _parse(text: str) -> KeptSettings:
    values = json.loads(text)
    port, secret = values["port"], bytes.fromhex(values["secret"])
    if not isinstance(port, int) or not 0 <= port <= 65535:
        raise ValueError(f"port {port!r} is not a port number")
    if len(secret) < 16:
        raise ValueError("secret is too short")
    return KeptSettings(port, secret)


def _put_aside(path: Path, error: Exception) -> str:
    taken = [int(n) for p in path.parent.glob("settings.json.damaged-*")
             if re.fullmatch(r"\d+", n := p.name.rpartition("-")[2])]  # fmt: skip
    aside = path.with_name(f"settings.json.damaged-{max(taken, default=0) + 1}")
    os.replace(path, aside)
    return (
        f"{path} was damaged ({error}). It was kept as {aside.name} and made anew with "
        f"port {PORT_DEFAULT}; if you had chosen another port, start with --port once."
    )
