"""Public names that load their module at first use, so that `import metarepro` costs nothing (PEP 562)."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any


def lazy(package: str, where: dict[str, str]) -> Callable[[str], Any]:
    """A module-level `__getattr__` that finds each name of `where` in its module."""

    def load(name: str) -> Any:
        module = where.get(name)
        if module is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        loaded = import_module(module)
        # A module or sub-package is asked for by its own name.
        found = getattr(loaded, name, loaded) if module.endswith(f".{name}") else getattr(loaded, name)
        vars(sys.modules[package])[name] = found
        return found

    return load
