"""Types of paths."""

import os

StrPath = str | os.PathLike[str]
FilePathStr = str
"""A path of this system."""
URIStr = str
"""An address."""
LogicalPath = str
"""A path in an artifact: with forward slashes everywhere."""
