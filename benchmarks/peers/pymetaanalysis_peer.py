"""PyMetaAnalysis (`import meta_analyze`): a full result per call, provenance included; a loop over data sets."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib.metadata import version
from typing import Any

import meta_analyze
import numpy as np
from timing import Case, Rows, main, rows_of
from workloads import Workload


def fit(y: np.ndarray, v: np.ndarray, method: str) -> Any:
    return meta_analyze.meta_analysis(effect=y, variance=v, model="random", tau2_method=method)


def plain(results: list[Any]) -> Rows:
    return rows_of([r.tau2 for r in results], [r.estimate for r in results])


def loop(y: np.ndarray, v: np.ndarray, method: str) -> Callable[[int], list[Any]]:
    y, v = np.broadcast_arrays(np.atleast_2d(y), np.atleast_2d(v))
    return lambda n: [fit(y[i], v[i], method) for i in range(n)]


def leave_one_out(y: np.ndarray, v: np.ndarray) -> Callable[[int], list[Any]]:
    """Refits one by one: `leave_one_out()` does all k of them or none."""
    return lambda n: [fit(np.delete(y, i), np.delete(v, i), "REML") for i in range(n)]


def cases(a: dict[str, np.ndarray], loads: dict[str, Workload]) -> Iterable[Case]:
    for name, key in (("13", "k13"), ("100", "k100"), ("large", "large")):
        yield Case(f"single_{name}_REML", loop(a[f"{key}_y"], a[f"{key}_v"], "REML"), plain)
    for method in ("DL", "PM", "REML"):
        yield Case(f"batch_{method}", loop(a["batch_y"], a["batch_v"], method), plain, note="loop")
    yield Case("leave_one_out_REML", leave_one_out(a["large_y"], a["large_v"]), plain, note="loop")
    yield Case("bootstrap_REML", loop(a["bootstrap_y"], a["k13_v"], "REML"), plain, note="loop")
    tp, tn, cp, cn = a["counts"].T
    for name in ("mantel_haenszel", "read_mantel_haenszel"):
        yield Case(
            name,
            lambda n: meta_analyze.meta_binary(
                event_treat=tp,
                n_treat=tp + tn,
                event_control=cp,
                n_control=cp + cn,
                measure="RR",
                model="common",
                method="MH",
            ),
            lambda r: rows_of([0.0], [r.estimate]),
        )
    for method in ("CE", "DL", "REML"):
        for name in ("gosh_all", "gosh_random"):
            yield Case(f"{name}_{method}", missing="no GOSH")
    yield Case("permutation_REML", missing="no permutation test")
    yield Case("glmm_PLO", missing="no generalised linear mixed model")


if __name__ == "__main__":
    main("pymetaanalysis", version("pymetaanalysis"), cases)
