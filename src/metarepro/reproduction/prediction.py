"""Which formula gives a printed prediction interval."""

from __future__ import annotations

import numpy as np

from metarepro.pooling.pool_effects import pool
from metarepro.reproduction.match import Specification, within
from metarepro.reproduction.printed import PREDICTION, PrintedResult, StudyInputs
from metarepro.reproduction.specifications import CI, TAU2, effect_formulas

FORMULAS = {"HTS": "t, k - 2 df", "t": "t, k - 1 df", "z": "normal"}


def prediction_formula(inputs: StudyInputs, printed: PrintedResult, spec: Specification) -> str:
    """Name of the formula that gives the printed prediction interval with a specification; empty if none does.

    Tried are t with k - 2 and with k - 1 degrees of freedom and the normal distribution, each with the standard error
    of the specification's own interval and, as R meta does with Hartung-Knapp intervals, with the Wald one.

    References
    ----------
    Higgins, Thompson & Spiegelhalter 2009, doi:10.1111/j.1467-985X.2008.00552.x.
    """
    shown = [n for n in PREDICTION if getattr(printed, n)]
    tau2, _, ci = spec.method.partition(", ")
    if not shown or spec.left_out or tau2 not in TAU2 or tau2 == "CE" or ci not in CI:
        return ""
    effects = next(f for f in effect_formulas(inputs, printed.measure) if f.words == spec.effects)
    known = np.isfinite(effects.yi) & np.isfinite(effects.vi)
    for own in dict.fromkeys((ci, "z")):
        for name, words in FORMULAS.items():
            fit = pool(effects.yi[known], effects.vi[known], tau2=tau2, ci=own, level=printed.level, pi=name)
            ends = {n: np.exp(getattr(fit, n)) if effects.ratio else np.asarray(getattr(fit, n)) for n in shown}
            if all(bool(within(printed, n, ends[n])) for n in shown):
                return f"{words}, Wald standard error" if own != ci else words
    return ""
