"""Whose API key it is: one GraphQL question, with the standard library's HTTP."""

import base64
import json
import urllib.error
import urllib.request
from typing import Any

from wandb.errors import AuthenticationError, CommError

TIMEOUT_S = 20.0
ANSWER_BYTES_MAX = 1 << 20
_QUERY = "query Viewer { viewer { id entity username } }"


def ask_viewer(base_url: str, key: str) -> str:
    """`USER (ENTITY)` of the key.

    Raises:
        AuthenticationError: the server does not accept the key.
        CommError: no answer, or none that can be read.
    """
    token = base64.b64encode(f"api:{key}".encode()).decode()
    request = urllib.request.Request(
        f"{base_url}/graphql",
        data=json.dumps({"query": _QUERY, "operationName": "Viewer"}).encode(),
        headers={
            "Content-Type": "application/json",
            "Authorization": f"Basic {token}",
        },
    )
    viewer = _post(request, base_url).get("viewer")
    if not isinstance(viewer, dict):
        raise AuthenticationError(
            f"Failed to authenticate with {base_url}: the API key is not accepted."
        )
    name, entity = viewer.get("username"), viewer.get("entity")
    return f"{name} ({entity})" if entity else str(name)


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
