"""PyMARE: one call for many data sets that share a design, one column each.

Two variants: `pymare-fit` (tau2, estimate, covariance) and `pymare-summary` (also standard errors, intervals,
p-values, Q, I2). Data of unequal size cannot share a call, so subsets are grouped by size, one call per size. The
default standard errors are Knapp-Hartung; `wald` is asked for, as in the other tools.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from importlib.metadata import version
from typing import Any

import numpy as np
from pymare import Dataset
from pymare.estimators import DerSimonianLaird, VarianceBasedLikelihoodEstimator, WeightedLeastSquares
from timing import Case, Rows, main, rows_of
from workloads import Workload, gosh_codes

Fitted = tuple[Any, Any]


def fit(y: np.ndarray, v: np.ndarray, method: str, summary: bool) -> Fitted:
    """Fit data sets that are columns; tau2 and estimates."""
    design = np.ones((y.shape[0], 1))
    wald = {"small_sample_correction": "wald"}
    if method == "REML":
        estimator = VarianceBasedLikelihoodEstimator(method="REML", **wald)
    elif method == "DL":
        estimator = DerSimonianLaird(**wald)
    else:
        estimator = WeightedLeastSquares(tau2=0.0, **wald)
    if not summary:
        estimator.fit(y, X=design, v=v)
        fitted = estimator.params_
        return np.broadcast_to(np.ravel(fitted.get("tau2", 0.0)), y.shape[1]), fitted["fe_params"]
    result = estimator.fit_dataset(Dataset(y, v, X=design, add_intercept=False)).summary()
    effects = result.get_fe_stats()
    result.get_heterogeneity_stats()
    return np.broadcast_to(np.ravel(result.tau2), y.shape[1]), effects["est"]


def fit_subsets(y: np.ndarray, v: np.ndarray, mask: np.ndarray, method: str, summary: bool) -> list[Any]:
    """Subsets in groups of equal size."""
    sizes = mask.sum(1)
    done = []
    for size in np.unique(sizes):
        if size == 1 and method != "CE":
            continue  # no tau2 from one study
        of_size = mask[sizes == size].astype(bool)
        chosen = np.nonzero(of_size)[1].reshape(-1, size).T
        done.append((of_size, *fit(y[chosen], v[chosen], method, summary)))
    return done


def rows_of_subsets(done: list[Any]) -> Rows:
    """Lines with the subset's code as key."""
    return np.concatenate([rows_of(tau2, beta, gosh_codes(mask)) for mask, tau2, beta in done])


def leave_one_out(y: np.ndarray, v: np.ndarray, n: int, method: str, summary: bool) -> Fitted:
    """The first n leave-one-out fits, one column each."""
    k = y.size
    chosen = np.array([np.delete(np.arange(k), i) for i in range(n)]).T
    return fit(y[chosen], v[chosen], method, summary)


def cases(a: dict[str, np.ndarray], loads: dict[str, Workload], summary: bool) -> Iterable[Case]:
    def plain(result: Fitted) -> Rows:
        return rows_of(*result)

    def columns(y: np.ndarray, v: np.ndarray, method: str) -> Callable[[int], Fitted]:
        y, v = np.ascontiguousarray(np.atleast_2d(y).T), np.ascontiguousarray(np.atleast_2d(v).T)
        return lambda n: fit(y[:, :n], v[:, :n], method, summary)

    for name, key in (("13", "k13"), ("100", "k100"), ("large", "large")):
        yield Case(f"single_{name}_REML", columns(a[f"{key}_y"], a[f"{key}_v"], "REML"), plain)
    for method in ("DL", "PM", "REML"):
        for name in ("batch", "batch_large"):
            if method == "PM":
                yield Case(f"{name}_PM", missing="no Paule-Mandel estimator")
            else:
                yield Case(f"{name}_{method}", columns(a["batch_y"], a["batch_v"], method), plain)
    for name in ("gosh_all", "gosh_random"):
        y, v, mask = (a[f"{name}_{what}"] for what in ("y", "v", "mask"))
        for method in ("CE", "DL", "REML"):
            yield Case(
                f"{name}_{method}",
                lambda n, y=y, v=v, mask=mask, method=method: fit_subsets(y, v, mask[:n], method, summary),
                rows_of_subsets,
                note="subsets grouped by size by the harness",
            )
    y, v = a["large_y"], a["large_v"]
    yield Case("leave_one_out_REML", lambda n: leave_one_out(y, v, n, "REML", summary), plain, note="one call")
    samples = a["bootstrap_y"]
    same = np.broadcast_to(a["k13_v"], samples.shape)
    yield Case("bootstrap_REML", columns(samples, same, "REML"), plain)
    if summary:
        data = Dataset(a["k13_y"], a["k13_v"], X=a["k13_x"], add_intercept=True)
        model = VarianceBasedLikelihoodEstimator(method="REML", small_sample_correction="wald")
        yield Case(
            "permutation_REML",
            lambda n: model.fit_dataset(data).summary().permutation_test(n),
            note="shuffles of its own",
        )
    design = np.column_stack([np.ones(13), a["k13_x"]])
    wald = {"small_sample_correction": "wald"}

    def regress(n: int) -> Fitted:
        estimator = DerSimonianLaird(**wald)
        y, v = np.ascontiguousarray(samples[:n].T), np.ascontiguousarray(same[:n].T)
        if not summary:
            estimator.fit(y, X=design, v=v)
            return np.broadcast_to(np.ravel(estimator.params_["tau2"]), n), estimator.params_["fe_params"][1]
        result = estimator.fit_dataset(Dataset(y, v, X=design, add_intercept=False)).summary()
        effects = result.get_fe_stats()
        result.get_heterogeneity_stats()
        return np.broadcast_to(np.ravel(result.tau2), n), effects["est"][1]

    yield Case("regression_DL", regress, plain, note="one call")
    for name in ("glmm_PLO", "glmm_PLO_8", "glmm_CM_EL"):
        yield Case(name, missing="no generalised linear mixed model")
    for name in ("mantel_haenszel", "read_mantel_haenszel"):
        yield Case(name, missing="no Mantel-Haenszel method")


if __name__ == "__main__":
    for tool, summary in (("pymare-fit", False), ("pymare-summary", True)):
        main(tool, version("pymare"), lambda a, loads, summary=summary: cases(a, loads, summary), sys.argv[1:])
