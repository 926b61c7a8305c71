"""Certificate, key and secret of a core that processes on other hosts may reach.

One file (JSON, 0600): {"certificate": PEM, "key": PEM, "secret": text}. It outlives
core, so that a token stays good over restarts; whoever can read it can be this core.
"""

import json
import os
import secrets
import subprocess
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from wandb_proto.remote_token import CERTIFICATE_NAME, RemoteToken, fingerprint_of

from wandb_core.errors import CoreError

OPENSSL_WAIT_S = 30.0

# `openssl ca`, because only there the first day can be chosen in every version: a host
# whose clock is behind ours would refuse a certificate that begins now.
_CONFIG = f"""
[req]
distinguished_name = name
prompt = no
[name]
CN = {CERTIFICATE_NAME}
[ca]
default_ca = here
[here]
new_certs_dir = .
database = index.txt
serial = serial
default_md = sha256
policy = any
x509_extensions = extensions
[any]
commonName = supplied
[extensions]
basicConstraints = critical,CA:TRUE
subjectAltName = DNS:{CERTIFICATE_NAME}
"""
_KEY = "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem"
_REQUEST = "req -new -key key.pem -config openssl.cnf -out request.pem"
_CERTIFICATE = (
    "ca -selfsign -batch -notext -config openssl.cnf -keyfile key.pem -in request.pem "
    "-out certificate.pem -startdate 20200101000000Z -enddate 20491231235959Z"
)


@dataclass(frozen=True, slots=True)
class Identity:
    """What makes a core recognisable, and what lets others in."""

    certificate: str
    key: str
    secret: str

    @property
    def token(self) -> RemoteToken:
        """For processes on other hosts."""
        return RemoteToken(fingerprint_of(self.certificate), self.secret)

    @classmethod
    def load_or_make(cls, path: Path) -> "Identity":
        """The identity in the file, which is made if it is not there; blocks.

        Raises:
            CoreError: it cannot be read, made or written.
        """
        try:
            return cls.load(path)
        except FileNotFoundError:
            pass
        made = cls.make()
        try:
            _write_new(path, json.dumps(asdict(made)))
        except FileExistsError:  # somebody was faster: theirs counts
            return cls.load(path)
        except OSError as error:
            raise CoreError(f"{path} cannot be written: {error.strerror}") from error
        return made

    @classmethod
    def load(cls, path: Path) -> "Identity":
        """Raises FileNotFoundError, or CoreError if it cannot be read."""
        try:
            found = json.loads(path.read_bytes())
            identity = cls(**{key: str(text) for key, text in found.items()})
            fingerprint_of(identity.certificate)
            return identity
        except FileNotFoundError:
            raise
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise CoreError(f"{path} is not the identity of a core: {error}") from error

    @classmethod
    def make(cls) -> "Identity":
        """A new one, by the `openssl` program.

        Raises:
            CoreError: it is not there, or fails.
        """
        with tempfile.TemporaryDirectory(prefix="wandb-identity-") as folder:
            place = Path(folder)
            (place / "openssl.cnf").write_text(_CONFIG)
            (place / "index.txt").touch()
            (place / "serial").write_text("01\n")
            for arguments in (_KEY, _REQUEST, _CERTIFICATE):
                _openssl(arguments, place)
            return cls(
                certificate=(place / "certificate.pem").read_text(),
                key=(place / "key.pem").read_text(),
                secret=secrets.token_urlsafe(32),
            )


def _openssl(arguments: str, folder: Path) -> None:
    try:
        done = subprocess.run(
            ["openssl", *arguments.split()],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=OPENSSL_WAIT_S,
            check=False,
        )
    except FileNotFoundError as error:
        raise CoreError(
            "a certificate for other hosts is made with the program openssl, which is "
            "not installed here; install it, or make the file on another machine with "
            "`wandb core token --identity FILE` and name it with --identity"
        ) from error
    except (OSError, subprocess.SubprocessError) as error:
        raise CoreError(f"openssl failed: {error}") from error
    if done.returncode:
        raise CoreError(f"openssl failed: {done.stderr.strip()[-300:]}")


def _write_new(path: Path, text: str) -> None:
    """In one step: nobody ever reads half of it, nobody's is replaced."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".identity-")
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
        os.link(temporary, path)
    finally:
        os.unlink(temporary)
