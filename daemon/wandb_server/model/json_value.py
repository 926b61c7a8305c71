"""JSON as the server passes it on."""

from typing import Any

Json = Any
"""A parsed JSON value; floats may be NaN or infinite."""
