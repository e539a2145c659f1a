"""Effect sizes from two-arm counts: odds ratio, risk ratio, risk difference."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from metarepro.effects.checks import Array, check_counts
from metarepro.errors import ConfigError

CorrectionTo = Literal["only_zero", "all", "if_any_zero", "none"]


def correct_cells(
    cells: tuple[Array, ...], correction: float, correction_to: CorrectionTo
) -> tuple[tuple[Array, ...], np.ndarray]:
    """Add a constant to the cells of tables that need it.

    Parameters
    ----------
    cells : tuple of ndarray
        Cell counts of each table, one array a cell.
    correction : float
        What is added to every cell of a corrected table. 1/2 by default in this package, after Haldane and Gart.
    correction_to : str
        ``only_zero``: tables with a zero cell; ``if_any_zero``: all tables if one has a zero cell; ``all``; ``none``.

    Returns
    -------
    cells, corrected : tuple of ndarray, ndarray of bool
        Corrected cells, and which tables were corrected.

    References
    ----------
    Gart & Zweifel 1967, doi:10.1093/biomet/54.1-2.181; Sweeting et al. 2004, doi:10.1002/sim.1761 (when it biases).
    """
    if correction_to not in get_args(CorrectionTo):
        allowed = ", ".join(get_args(CorrectionTo))
        raise ConfigError(f"correction_to = {correction_to!r} is not known. Allowed: {allowed}.")
    if not (np.isfinite(correction) and correction >= 0):
        raise ConfigError(f"correction = {correction!r} must be a number of 0 or more.")
    has_zero = np.any([cell == 0 for cell in cells], axis=0)
    chosen = {
        "only_zero": has_zero,
        "if_any_zero": np.full(has_zero.shape, bool(np.any(has_zero))),
        "all": np.ones(has_zero.shape, dtype=bool),
        "none": np.zeros(has_zero.shape, dtype=bool),
    }[correction_to]
    chosen = chosen & (correction > 0)
    return tuple(cell + correction * chosen for cell in cells), chosen


def two_arm_counts(
    measure: str,
    e1: Array,
    n1: Array,
    e2: Array,
    n2: Array,
    correction: float = 0.5,
    correction_to: CorrectionTo = "only_zero",
    drop_double_zero: bool = False,
) -> tuple[Array, Array, dict[str, np.ndarray]]:
    """Working-scale estimate and sampling variance of OR, RR (log scale) or RD (plain) from events and totals.

    Double-zero studies (no events in either arm, or only events) are kept with the correction unless
    `drop_double_zero`, as metafor does by default; they carry no information on OR and RR.

    Returns
    -------
    yi, vi : ndarray
        NaN where an input is missing, the study was dropped, or a zero cell was left uncorrected.
    flags : dict of ndarray of bool
        ``corrected``, ``double_zero`` and ``dropped``, one entry a study.
    """
    check_counts(e1, n1, "e1", "n1")
    check_counts(e2, n2, "e2", "n2")
    double_zero = ((e1 == 0) & (e2 == 0)) | ((e1 == n1) & (e2 == n2))
    (a, b, c, d), corrected = correct_cells((e1, n1 - e1, e2, n2 - e2), correction, correction_to)
    m1, m2 = a + b, c + d
    with np.errstate(divide="ignore", invalid="ignore"):
        if measure == "OR":
            yi, vi = np.log(a / b) - np.log(c / d), 1 / a + 1 / b + 1 / c + 1 / d
        elif measure == "RR":
            yi, vi = np.log(a / m1) - np.log(c / m2), 1 / a - 1 / m1 + 1 / c - 1 / m2
        else:
            yi, vi = a / m1 - c / m2, a * b / m1**3 + c * d / m2**3
    dropped = double_zero & drop_double_zero
    usable = np.isfinite(yi) & np.isfinite(vi) & (vi > 0) & ~dropped
    return (
        np.where(usable, yi, np.nan),
        np.where(usable, vi, np.nan),
        {"corrected": corrected & ~dropped, "double_zero": double_zero, "dropped": dropped},
    )
