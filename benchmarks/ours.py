"""metarepro: the same workloads through its public functions.

`--engine` is `plain` (NumPy), `compiled` or `default` where the library has no engine to choose. P-values, weights and
log-likelihood, which the library may compute only when they are read, are read inside the timed call; with `lean`
(compiled where that exists) they are not, as PyMARE's fit gives none.
GOSH, leave-one-out, permutation and bootstrap are one call of `pool` with masks, permuted moderators or samples; every
fit gives the full result (Q, I2, intervals, weights).
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import time
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from timing import Case, Rows, main, peak_memory_kib, rows_of
from workloads import Workload, gosh_codes

import metarepro as mr

ENGINES = ("plain", "compiled", "default", "lean")
ON_DEMAND = ("p_value", "q_p", "weights", "log_likelihood")
reads = ON_DEMAND


def has_engines() -> bool:
    """Whether the library has a compiled engine to switch on and off."""
    return importlib.util.find_spec("metarepro.pooling.engine") is not None and hasattr(mr, "set_engine")


def choose(engine: str) -> None:
    """Switch the engine."""
    global reads
    reads = () if engine == "lean" else ON_DEMAND
    if engine == "default" or (engine == "lean" and not has_engines()):
        return
    if not has_engines():
        raise RuntimeError("this version has one engine; measure `default`")
    mr.set_engine(compiled=engine != "plain")


def pool(y: np.ndarray, v: np.ndarray, method: str, **more: Any) -> Any:
    fit = mr.pool(y, v, tau2=method, ci="z", **more)
    for name in reads:
        getattr(fit, name)
    return fit


def plain(fit: Any) -> Rows:
    return rows_of(fit.tau2, fit.beta)


def batch(y: np.ndarray, v: np.ndarray, method: str) -> Callable[[int], Any]:
    return lambda n: pool(y[:n], v[:n] if v.ndim == 2 else v, method)


def subsets(y: np.ndarray, v: np.ndarray, mask: np.ndarray, method: str) -> Callable[[int], Any]:
    shown = mask.astype(bool)
    return lambda n: pool(y, v, method, mask=shown[:n])


def rows_of_subsets(mask: np.ndarray) -> Callable[[Any], Rows]:
    """Lines with the subset's code as key; those of one study have no tau2."""

    def rows(fit: Any) -> Rows:
        n = fit.beta.size
        return rows_of(fit.tau2, fit.beta, gosh_codes(mask[:n]))[mask[:n].sum(1) > 1]

    return rows


def cases(a: dict[str, np.ndarray], loads: dict[str, Workload]) -> Iterable[Case]:
    for name, key in (("13", "k13"), ("100", "k100"), ("large", "large")):
        y, v = a[f"{key}_y"], a[f"{key}_v"]
        yield Case(f"single_{name}_REML", lambda n, y=y, v=v: pool(y, v, "REML"), plain)
    for name in ("batch", "batch_large"):
        for method in ("DL", "PM", "REML"):
            load = loads[f"{name}_{method}"]
            y, v = (np.ascontiguousarray(a[f"batch_{what}"][: load.fits]) for what in ("y", "v"))
            yield Case(load.name, batch(y, v, method), plain)
    for name in ("gosh_all", "gosh_random"):
        y, v, mask = (a[f"{name}_{what}"] for what in ("y", "v", "mask"))
        for method in ("CE", "DL", "REML"):
            note = "pool with masks"
            yield Case(f"{name}_{method}", subsets(y, v, mask, method), rows_of_subsets(mask), note=note)
    shuffled = a["k13_x"][a["permutations"]][:, :, None]
    yield Case(
        "permutation_REML",
        lambda n: pool(a["k13_y"], a["k13_v"], "REML", moderators=shuffled[:n], mask=np.ones((n, 13), bool)),
        note="pool with permuted moderators",
    )
    y, v = a["large_y"], a["large_v"]
    others = ~np.eye(y.size, dtype=bool)
    yield Case("leave_one_out_REML", lambda n: pool(y, v, "REML", mask=others[:n]), plain, note="pool with masks")
    yield Case("bootstrap_REML", batch(a["bootstrap_y"], a["k13_v"], "REML"), plain)
    if hasattr(mr, "glmm"):
        events, total = a["glmm"].T
        yield Case("glmm_PLO", lambda n: mr.glmm("PLO", e=events, n=total), plain)
    else:
        yield Case("glmm_PLO", missing="metarepro.glmm does not exist yet")
    few, few_total = a["glmm_8"].T
    yield Case("glmm_PLO_8", lambda n: mr.glmm("PLO", e=few, n=few_total), plain)
    tp, tn, cp, cn = a["counts"].T
    yield Case("glmm_CM_EL", lambda n: mr.glmm("OR", e1=tp, n1=tp + tn, e2=cp, n2=cp + cn, model="CM.EL"), plain)
    design = a["k13_x"][None, :, None]
    yield Case(
        "regression_DL",
        lambda n: pool(a["bootstrap_y"][:n], a["k13_v"], "DL", moderators=np.broadcast_to(design, (n, 13, 1))),
        lambda fit: rows_of(fit.tau2, fit.beta[:, 1]),
        note="pool with moderators",
    )
    for name in ("three_level", "three_level_many"):
        y, v, cluster = (a[f"{name}_{what}"] for what in ("y", "v", "cluster"))
        yield Case(
            name, lambda n, y=y, v=v, cluster=cluster: mr.multilevel(y, v, cluster=cluster),
            lambda fit: rows_of([fit.sigma2[0]], [fit.beta]),
        )  # fmt: skip
    yield Case(
        "bayes", lambda n: mr.bayes(a["bayes_y"], a["bayes_v"], mr.priors.half_normal(0.5)),
        lambda fit: rows_of([fit.tau.median ** 2], [fit.beta]),
    )  # fmt: skip

    def mantel_haenszel(n: int) -> mr.CountsFit:
        return mr.mantel_haenszel(tp, tp + tn, cp, cp + cn, measure="RR")

    def read(n: int) -> mr.CountsFit:
        fit = mantel_haenszel(n)
        _ = fit.p_value, fit.ci_low, fit.q, fit.q_p, fit.i2, fit.k, fit.weights, fit.cmh, fit.tarone, fit.notes
        return fit

    for name, run in (("mantel_haenszel", mantel_haenszel), ("read_mantel_haenszel", read)):
        yield Case(name, run, lambda fit: rows_of([0.0], [fit.beta]))


def batches(a: dict[str, np.ndarray], loads: dict[str, Workload]) -> Iterable[Case]:
    return (case for case in cases(a, loads) if case.workload.startswith("batch"))


def memory(fits: int) -> None:
    """Print CPU seconds and peak memory of one call with this many REML fits of k = 20, input included."""
    rng = np.random.default_rng(0)
    v = rng.random((fits, 20))
    v *= 0.3
    v += 0.02
    y = rng.standard_normal((fits, 20)) * 0.6
    before = peak_memory_kib()
    cpu, wall = time.process_time(), time.perf_counter()
    fit = pool(y, v, "REML")
    record = {
        "n_fits": fits,
        "cpu_seconds": time.process_time() - cpu,
        "wall_seconds": time.perf_counter() - wall,
        "max_rss_kib": peak_memory_kib(),
        "input_rss_kib": before,
        "input_bytes": y.nbytes + v.nbytes,
        "converged": int(np.sum(fit.converged)),
    }
    print(json.dumps(record), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], add_help=False)
    parser.add_argument("--engine", choices=ENGINES, default="default")
    parser.add_argument("--memory", type=int, help="only measure the memory of this many REML fits")
    parser.add_argument("--has-engines", action="store_true", help="print whether there are engines to choose from")
    options, rest = parser.parse_known_args()
    if options.has_engines:
        print(json.dumps({"engines": has_engines(), "version": mr.__version__}))
    else:
        choose(options.engine)
        if options.memory:
            memory(options.memory)
        else:
            name = "metarepro" if options.engine == "default" else f"metarepro-{options.engine}"
            main(name, mr.__version__, batches if options.engine == "lean" else cases, rest)
