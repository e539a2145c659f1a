"""Which formula gives a printed prediction interval."""

from __future__ import annotations

import numpy as np

from metarepro.pooling.inference import PI_METHODS
from metarepro.pooling.pool_effects import pool
from metarepro.reproduction.printed import PREDICTION, PrintedResult, StudyInputs
from metarepro.reproduction.specifications import effects_by, on_display
from metarepro.reproduction.ways import Way


def prediction_formula(inputs: StudyInputs, printed: PrintedResult, way: Way) -> tuple[str, str]:
    """Prediction formula and interval's method that give the printed prediction interval; empty if none do.

    Tried are the formulas of `PI_METHODS` but the bootstrap, each with the standard error of the way's own interval
    and, as R meta does with Hartung-Knapp intervals, with the Wald one.

    References
    ----------
    Higgins, Thompson & Spiegelhalter 2009, doi:10.1111/j.1467-985X.2008.00552.x.
    """
    shown = [n for n in PREDICTION if getattr(printed, n)]
    if not shown or way.weights != "IV" or way.formula.measure == "PFT" or way.tau2 == "CE" or way.turned:
        return "", ""
    effects = effects_by(way.formula, inputs)
    known = np.isfinite(effects.yi) & np.isfinite(effects.vi) & (effects.vi > 0)
    for ci in dict.fromkeys((way.ci, "z")):
        for pi in (m for m in PI_METHODS if m != "NNF"):
            fit = pool(effects.yi[known], effects.vi[known], tau2=way.tau2, ci=ci, level=printed.level, pi=pi)
            ends = on_display(way.formula.measure, *(np.asarray(getattr(fit, n)) for n in shown))
            if all(printed.agrees(n, end) for n, end in zip(shown, ends, strict=True)):
                return pi, ci
    return "", ""
