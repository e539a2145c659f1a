"""The loops of `metarepro.pooling.loops`, compiled by numba (an optional extra) and kept in its cache on disk."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType

from metarepro.pooling import loops

NAME = "metarepro.pooling.loops_compiled"


def compiled_loops() -> ModuleType:
    """The loops with every function compiled. The first call of a function on a machine compiles for seconds.

    Raises
    ------
    ImportError
        numba is not installed.
    """
    if NAME in sys.modules:
        return sys.modules[NAME]
    from numba import njit

    spec = importlib.util.spec_from_file_location(NAME, loops.__file__)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Sums may be taken in another order, which lets them run side by side; infinities and NaN keep their meaning.
    module.__dict__["compiled"] = njit(
        cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz"}
    )
    sys.modules[NAME] = module
    spec.loader.exec_module(module)
    return module
