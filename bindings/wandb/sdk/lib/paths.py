"""Types of paths."""

import os

StrPath = str | os.PathLike[str]
