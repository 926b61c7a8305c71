"""Keras itself: the package of that name, else TensorFlow's."""

import importlib
from typing import Any


def find_keras() -> Any:
    """The `keras` module.

    Raises:
        ImportError: neither keras nor tensorflow is installed.
    """
    try:
        return importlib.import_module("keras")
    except ImportError:
        return importlib.import_module("tensorflow").keras


keras = find_keras()
