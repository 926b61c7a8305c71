"""Ask a server's GraphQL endpoint, with the standard library alone."""

import base64
import random
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from wandb_proto import VERSION, json_codec

from wandb._terminal import termwarn
from wandb.errors import AuthenticationError, CommError

RETRIED_STATUSES = frozenset({408, 409, 429, 500, 502, 503, 504})
ATTEMPTS_MAX = 6
ANSWER_BYTES_MAX = 256 * 1024 * 1024


def warn_of_lost(lost: Mapping[str, Any]) -> None:
    """Say, once, which rows are missing in an answer: the server has lost them."""
    termwarn(
        f"{lost['rows']} rows of {lost['run']} ({lost['file']}, steps "
        f"{lost['firstStep']} to {lost['lastStep']}) are damaged on the server and "
        f"missing here: {lost['reason']}. A backup of the server may have them.",
        repeat=False,
    )


@dataclass(frozen=True, slots=True)
class GraphqlClient:
    """One server and one key. Safe to share between threads."""

    base_url: str
    api_key: str | None
    timeout_s: float
    sleep: Callable[[float], None] = time.sleep

    def ask(self, document: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The `data` of the answer; transient refusals are retried with backoff.

        Raises:
            AuthenticationError: the server does not know the key.
            CommError: unreachable, refused, or the answer holds errors.
        """
        body = json_codec.dumps({"query": document, "variables": dict(variables)})
        answer = json_codec.loads(self._post_with_retries(body))
        if not isinstance(answer, dict):
            raise CommError(f"{self.base_url} answered something else than GraphQL")
        if errors := answer.get("errors"):
            raise CommError("; ".join(str(error.get("message")) for error in errors))
        for lost in (answer.get("extensions") or {}).get("lostRows", ()):
            warn_of_lost(lost)
        data = answer.get("data")
        return data if isinstance(data, dict) else {}

    def _post_with_retries(self, body: bytes) -> bytes:
        for delay_s in _delays():
            try:
                return self._post(body)
            except urllib.error.HTTPError as error:
                with error:
                    text = error.read(65536)
                if error.code in (401, 403):
                    raise AuthenticationError(
                        f"{self.base_url} refused the API key ({error.code}): "
                        f"{_message(text)} Run: wandb login --host {self.base_url}"
                    ) from error
                if error.code not in RETRIED_STATUSES or delay_s is None:
                    raise CommError(f"HTTP {error.code}: {_message(text)}") from error
            except OSError as error:
                if delay_s is None:
                    raise CommError(
                        f"{self.base_url} cannot be reached ({error}). "
                        "Is the server running? wandb server status"
                    ) from error
            assert delay_s is not None
            self.sleep(delay_s)
        raise AssertionError("unreachable: the last delay is None")

    def _post(self, body: bytes) -> bytes:
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"wandb-public-api/{VERSION}",
        }
        if self.api_key:
            token = base64.b64encode(f"api:{self.api_key}".encode()).decode()
            headers["Authorization"] = f"Basic {token}"
        request = urllib.request.Request(
            f"{self.base_url}/graphql", data=body, headers=headers
        )
        with urllib.request.urlopen(request, timeout=self.timeout_s) as answer:
            text: bytes = answer.read(ANSWER_BYTES_MAX)
        return text


def _delays() -> Iterator[float | None]:
    """Seconds to wait after each failed attempt, full jitter; None after the last."""
    for attempt in range(ATTEMPTS_MAX - 1):
        yield random.uniform(0, 0.25 * 2**attempt)
    yield None


def _message(text: bytes) -> str:
    try:
        return "; ".join(
            str(error["message"]) for error in json_codec.loads(text)["errors"]
        )
    except (ValueError, KeyError, TypeError):
        return text[:200].decode(errors="replace")
