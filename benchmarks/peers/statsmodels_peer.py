"""statsmodels: `combine_effects`, DL and Paule-Mandel; a loop over data sets.

Its DL does not stop at zero: tau2 is negative where Q is below its degrees of freedom, and the estimate then differs
from that of every other tool.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib.metadata import version
from typing import Any

import numpy as np
from statsmodels.stats.meta_analysis import combine_effects
from timing import Case, Rows, main, rows_of
from workloads import Workload


def plain(results: list[Any]) -> Rows:
    return rows_of([r.tau2 for r in results], [r.mean_effect_re for r in results])


def loop(y: np.ndarray, v: np.ndarray, method: str) -> Callable[[int], list[Any]]:
    return lambda n: [combine_effects(y[i], v[i], method_re=method) for i in range(n)]


def cases(a: dict[str, np.ndarray], loads: dict[str, Workload]) -> Iterable[Case]:
    notes = {"DL": "loop; negative tau2 kept", "PM": "loop"}
    for method in ("DL", "PM"):
        yield Case(f"batch_{method}", loop(a["batch_y"], a["batch_v"], method.lower()), plain, note=notes[method])
    for load in loads.values():
        if not load.name.startswith("batch") or load.name == "batch_REML":
            if "REML" in load.name:
                yield Case(load.name, missing="no REML")
            else:
                yield Case(load.name, missing="no such function")


if __name__ == "__main__":
    main("statsmodels", version("statsmodels"), cases)
