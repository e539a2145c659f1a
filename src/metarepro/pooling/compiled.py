"""The loops of this package, compiled by numba (an optional extra) and kept in its cache on disk."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType

from metarepro.pooling import loops


def compiled_loops() -> ModuleType:
    """`loops` with every function compiled.

    The first call of a function on a machine compiles for seconds.

    Raises
    ------
    ImportError
        numba is not installed.
    """
    name = f"{loops.__name__}_compiled"
    if name in sys.modules:
        return sys.modules[name]
    from numba import njit

    spec = importlib.util.spec_from_file_location(name, loops.__file__)
    assert spec is not None and spec.loader is not None
    again = importlib.util.module_from_spec(spec)
    # Sums may be taken in another order, which lets them run side by side; infinities and NaN keep their meaning.
    again.__dict__["compiled"] = njit(
        cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz"}
    )
    sys.modules[name] = again
    spec.loader.exec_module(again)
    return again
