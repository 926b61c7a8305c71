"""Fetch an address into a file, going on where a broken attempt ended."""

import http.client
import random
import time
import urllib.error
import urllib.request
from typing import IO

TIMEOUT_S = 60.0
ATTEMPTS_MAX = 8
READ_BYTES = 1 << 20
RETRIED = frozenset((308, 408, 409, 425, 429, 500, 502, 503, 504))
EXPIRED = frozenset((400, 401, 403, 404, 410))


class AddressExpired(OSError):
    """The server does not take the address (any more): ask for another."""


def fetch(url: str, file: IO[bytes], size: int | None) -> None:
    """Append what is missing; the file is whole then.

    Raises:
        AddressExpired: the server refuses the address.
        OSError: it does not answer, however often it is asked.
    """
    for attempt in range(ATTEMPTS_MAX):
        try:
            _fetch_rest(url, file, size)
            return
        except urllib.error.HTTPError as error:
            with error:
                if error.code in EXPIRED:
                    raise AddressExpired(f"HTTP {error.code}") from error
                if error.code not in RETRIED or attempt + 1 == ATTEMPTS_MAX:
                    raise
        except (OSError, http.client.HTTPException) as error:
            if attempt + 1 == ATTEMPTS_MAX:
                raise OSError(str(error)) from error
        time.sleep(random.uniform(0, 0.25 * 2**attempt))


def _fetch_rest(url: str, file: IO[bytes], size: int | None) -> None:
    have = file.seek(0, 2)
    if size is not None and have > size:
        have = _empty(file)
    if size is not None and have == size and size > 0:
        return
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    request = urllib.request.Request(url, headers=headers)
    try:
        answer = urllib.request.urlopen(request, timeout=TIMEOUT_S)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # what we have is not a part of it
            _empty(file)
            raise OSError("the part that was there does not fit") from error
        raise
    with answer:
        if have and answer.status != 206:
            have = _empty(file)
        while piece := answer.read(READ_BYTES):
            file.write(piece)
            have += len(piece)
    if size is not None and have != size:
        raise OSError(f"the answer ended after {have} of {size} bytes")


def _empty(file: IO[bytes]) -> int:
    file.seek(0)
    file.truncate()
    return 0
