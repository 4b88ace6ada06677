"""The programs, a file for each theme."""

from __future__ import annotations

import importlib
import pkgutil


def load() -> None:
    """Import every file of this folder, so that its programs are registered, in one order."""
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        importlib.import_module(f"{__name__}.{module.name}")
