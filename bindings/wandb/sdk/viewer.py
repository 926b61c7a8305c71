"""Whose API key it is: one GraphQL question, with the standard library's HTTP."""

import base64
import json
import urllib.error
import urllib.request
from typing import Any

from wandb.errors import AuthenticationError, CommError

TIMEOUT_S = 20.0
ANSWER_BYTES_MAX = 1 << 20
_FLAGS_QUERY = "query Viewer { viewer { id flags } }"
_QUERY = "query Viewer { viewer { id entity username } }"


def ask_viewer(base_url: str, key: str) -> str:
    """`USER (ENTITY)` of the key.

    Raises:
        AuthenticationError: the server does not accept the key.
        CommError: no answer, or none that can be read.
    """
    viewer = _post(_request(base_url, key, _QUERY), base_url).get("viewer")
    if not isinstance(viewer, dict):
        raise AuthenticationError(
            f"Failed to authenticate with {base_url}: the API key is not accepted."
        )
    name, entity = viewer.get("username"), viewer.get("entity")
    return f"{name} ({entity})" if entity else str(name)


def allows_code(base_url: str, key: str) -> bool:
    """Whether the account says that code is saved; False if the server does not say."""
    try:
        viewer = _post(_request(base_url, key, _FLAGS_QUERY), base_url).get("viewer")
        flags = json.loads((viewer or {}).get("flags") or "{}")
    except (AuthenticationError, CommError, ValueError, TypeError, AttributeError):
        return False
    return isinstance(flags, dict) and flags.get("code_saving_enabled") is True


def _request(base_url: str, key: str, query: str) -> urllib.request.Request:
    token = base64.b64encode(f"api:{key}".encode()).decode()
    return urllib.request.Request(
        f"{base_url}/graphql",
        data=json.dumps({"query": query, "operationName": "Viewer"}).encode(),
        headers={
            "Content-Type": "application/json",
            "Authorization": f"Basic {token}",
        },
    )


def _post(request: urllib.request.Request, base_url: str) -> dict[str, Any]:
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:
            answer = json.loads(response.read(ANSWER_BYTES_MAX))
    except urllib.error.HTTPError as problem:
        problem.close()
        if problem.code in (401, 403):
            raise AuthenticationError(
                f"Failed to authenticate with {base_url}: HTTP {problem.code}", problem
            ) from None
        raise CommError(f"{base_url} answered HTTP {problem.code}", problem) from None
    except (OSError, ValueError) as problem:
        raise CommError(
            f"{base_url} cannot be reached: {problem}", problem
        ) from problem
    data = answer.get("data") if isinstance(answer, dict) else None
    return data if isinstance(data, dict) else {}
