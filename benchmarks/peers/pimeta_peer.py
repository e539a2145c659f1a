"""pimeta: a full result per call; a loop over data sets, functions of its own for GOSH, permutation, leave-one-out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib.metadata import version
from typing import Any

import numpy as np
import pimeta
from timing import Case, Rows, main, rows_of
from workloads import Workload, gosh_codes


def plain(results: list[Any]) -> Rows:
    return rows_of([r.tau2 for r in results], [np.ravel(r.b)[0] for r in results])


def loop(y: np.ndarray, v: np.ndarray, method: str) -> Callable[[int], list[Any]]:
    y, v = np.broadcast_arrays(np.atleast_2d(y), np.atleast_2d(v))
    return lambda n: [pimeta.rma(y[i], v[i], method=method) for i in range(n)]


def leave_one_out(y: np.ndarray, v: np.ndarray) -> Callable[[int], list[Any]]:
    """Refits one by one: `pimeta.leave1out` does all k of them or none."""
    return lambda n: [pimeta.rma(np.delete(y, i), np.delete(v, i), method="REML") for i in range(n)]


def gosh(y: np.ndarray, v: np.ndarray, method: str, every: int | None) -> Callable[[int], Any]:
    def run(n: int) -> Any:
        return pimeta.gosh(y, v, method=method, subsets=None if n == every else max(n, 2), seed=1)

    return run


def rows_of_subsets(result: Any) -> Rows:
    """Lines with the subset's code as key; those of one study have no tau2."""
    rows = rows_of(result.tau2, result.estimate, gosh_codes(np.array(result.incl)))
    return rows[np.array(result.k) > 1]


def cases(a: dict[str, np.ndarray], loads: dict[str, Workload]) -> Iterable[Case]:
    for name, key in (("13", "k13"), ("100", "k100"), ("large", "large")):
        yield Case(f"single_{name}_REML", loop(a[f"{key}_y"], a[f"{key}_v"], "REML"), plain)
    for method in ("DL", "PM", "REML"):
        yield Case(f"batch_{method}", loop(a["batch_y"], a["batch_v"], method), plain, note="loop")
    for method in ("CE", "DL", "REML"):
        own = "EE" if method == "CE" else method
        for name in ("gosh_all", "gosh_random"):
            load = loads[f"{name}_{method}"]
            every = load.fits if name == "gosh_all" else None
            run = gosh(a[f"{name}_y"], a[f"{name}_v"], own, every)
            rows = rows_of_subsets if name == "gosh_all" else None
            yield Case(load.name, run, rows, note="" if every else "subsets of its own")
    model = pimeta.rma(a["k13_y"], a["k13_v"], mods=a["k13_x"], method="REML")
    yield Case(
        "permutation_REML", lambda n: pimeta.permutest(model, iter=max(n, 2), seed=1), note="shuffles of its own"
    )
    yield Case("leave_one_out_REML", leave_one_out(a["large_y"], a["large_v"]), plain, note="loop")
    yield Case("bootstrap_REML", loop(a["bootstrap_y"], a["k13_v"], "REML"), plain, note="loop")
    events, total = a["glmm"].T
    yield Case("glmm_PLO", lambda n: [pimeta.rma_glmm("PLO", xi=events, ni=total)], plain)
    counts = a["counts"].T
    for name in ("mantel_haenszel", "read_mantel_haenszel"):
        yield Case(
            name, lambda n: pimeta.rma_mh(*counts, measure="RR"), lambda r: rows_of([0.0], [np.ravel(r.beta)[0]])
        )


if __name__ == "__main__":
    main("pimeta", version("pimeta"), cases)
