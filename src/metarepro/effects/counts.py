"""Effect sizes from two-arm counts."""

from __future__ import annotations

import math
from typing import Literal, get_args

import numpy as np

from metarepro.effects.checks import Array, check_counts
from metarepro.errors import ConfigError

CorrectionTo = Literal["only_zero", "all", "if_any_zero", "none"]
CorrectionCells = Literal["all", "events", "by_arm_size"]
ZeroCells = Literal["metafor", "revman", "none"]
_CORRECTION_TO, _CORRECTION_CELLS = get_args(CorrectionTo), get_args(CorrectionCells)
# Measures that RevMan has a rule for.
_REVMAN = ("OR", "RR", "RD", "PETO")


def correct_cells(
    cells: tuple[Array, ...], correction: float, correction_to: CorrectionTo, counted: np.ndarray | None = None
) -> tuple[tuple[Array, ...], np.ndarray]:
    """Add a constant to the cells of tables that need it.

    Parameters
    ----------
    cells : tuple of ndarray
        Cell counts of each table, one array a cell.
    correction : float
        What is added to every cell of a corrected table. 1/2 by default in this package, after Haldane and Gart.
    correction_to : str
        ``only_zero``: tables with a zero cell; ``if_any_zero``: all tables (of the last axis) if one has a zero cell;
        ``all``; ``none``.
    counted : ndarray of bool, optional
        Tables whose zeros count; a study that is dropped must not make others be corrected.

    Returns
    -------
    cells, corrected : tuple of ndarray, ndarray of bool
        Corrected cells, and which tables were corrected.

    References
    ----------
    Gart & Zweifel 1967, doi:10.1093/biomet/54.1-2.181; Sweeting et al. 2004, doi:10.1002/sim.1761 (when it biases).
    """
    if correction_to not in _CORRECTION_TO:
        raise ConfigError(f"correction_to = {correction_to!r} is not known. Allowed: {', '.join(_CORRECTION_TO)}.")
    if not (math.isfinite(correction) and correction >= 0):
        raise ConfigError(f"correction = {correction!r} must be a number of 0 or more.")
    if correction_to in ("all", "none"):
        chosen = np.full(cells[0].shape, correction_to == "all" and correction > 0)
    else:
        chosen = has_zero_cell(cells) & (True if counted is None else counted) & (correction > 0)
        if correction_to == "if_any_zero":
            chosen = np.array(np.broadcast_to(chosen.any(-1, keepdims=True), chosen.shape))
    added = correction * chosen
    return tuple(cell + added for cell in cells), chosen


def has_zero_cell(cells: tuple[Array, ...]) -> np.ndarray:
    """Which tables have a zero cell."""
    return np.asarray(np.array([cell == 0 for cell in cells]).any(0))


def two_arm_counts(
    measure: str,
    e1: Array,
    n1: Array,
    e2: Array,
    n2: Array,
    correction: float = 0.5,
    correction_to: CorrectionTo = "only_zero",
    drop_double_zero: bool = False,
    correction_cells: CorrectionCells = "all",
    zero_cells: ZeroCells | None = None,
) -> tuple[Array, Array, dict[str, np.ndarray]]:
    """Working-scale estimate and sampling variance of a two-arm measure from events and totals.

    OR, RR and PETO are on the log scale; RD, AS, PHI, YUQ and YUY are plain. AS, PHI and PETO are never corrected for
    zero cells; a table without events (or non-events) has V = 0, so no Peto odds ratio, and is dropped. Other
    double-zero studies (no events in either arm, or only events) are kept with the correction unless
    `drop_double_zero`, as metafor does by default; they carry no information on OR and RR.

    With `correction_cells` ``events`` only the events are corrected, of tables where an arm has none, so that a total
    grows by the correction once, not twice (as the Metapsy databases do; meant for the recomputation of what was
    published so). With ``by_arm_size`` each cell of an arm gets twice the correction times the arm's share of the
    patients, so that arms of the same size get the correction and the smaller of two arms less (Sweeting's
    treatment-arm correction, doi:10.1002/sim.1761).

    `zero_cells` names a rule and decides all of this but the constant. ``metafor``: estimate and variance from the
    corrected cells of tables with a zero. ``revman``: so for OR and RR, without double-zero studies, but a study with
    events only in both arms has RR = 1 as counted, and RD is as counted always; there the correction is in the
    variance only. ``none``: nothing is added, and a study that has no effect then is dropped.

    Returns
    -------
    yi, vi : ndarray
        NaN where an input is missing, the study was dropped, or a zero cell was left uncorrected.
    flags : dict of ndarray of bool
        ``corrected``, ``double_zero``, ``dropped``, and ``as_counted`` (the variance only was corrected) and
        ``uncorrected`` (left out, as a zero cell was not corrected by the rule ``none``), one entry a study.
    """
    if zero_cells is not None:
        correction_to = _check_rule(measure, zero_cells, correction_to, correction_cells, drop_double_zero)
    check_counts(e1, n1, "e1", "n1")
    check_counts(e2, n2, "e2", "n2")
    double_zero = ((e1 == 0) & (e2 == 0)) | ((e1 == n1) & (e2 == n2))
    cells, dropped = (e1, n1 - e1, e2, n2 - e2), double_zero & (drop_double_zero or measure == "PETO")
    as_counted = np.zeros(double_zero.shape, dtype=bool)
    if zero_cells == "revman":
        dropped = double_zero & (measure != "RD") & ((e1 == 0) | (measure != "RR"))
        as_counted = double_zero & ~dropped if measure == "RR" else np.full(double_zero.shape, measure == "RD")
    to: CorrectionTo = "none" if measure in ("AS", "PHI", "PETO") else correction_to
    if correction_cells not in _CORRECTION_CELLS:
        allowed = ", ".join(_CORRECTION_CELLS)
        raise ConfigError(f"correction_cells = {correction_cells!r} is not known. Allowed: {allowed}.")
    if correction_cells == "by_arm_size":
        _, corrected = correct_cells(cells, correction, to, ~dropped)
        share = np.where(corrected, 2 * correction / (n1 + n2), 0.0)
        (a, b), (c, d) = ([x + share * n for x in arm] for arm, n in ((cells[:2], n1), (cells[2:], n2)))
    elif correction_cells == "events":
        (a, c), corrected = correct_cells(cells[::2], correction, to, ~dropped)
        b, d = cells[1::2]
    else:
        (a, b, c, d), corrected = correct_cells(cells, correction, to, ~dropped)
    m1, m2 = a + b, c + d
    with np.errstate(divide="ignore", invalid="ignore"):
        if measure == "OR":
            yi, vi = np.log(a / b) - np.log(c / d), 1 / a + 1 / b + 1 / c + 1 / d
        elif measure == "RR":
            yi, vi = np.log(a / m1) - np.log(c / m2), 1 / a - 1 / m1 + 1 / c - 1 / m2
        elif measure == "RD":
            yi, vi = a / m1 - c / m2, a * b / m1**3 + c * d / m2**3
        elif measure == "AS":
            yi, vi = np.arcsin(np.sqrt(a / m1)) - np.arcsin(np.sqrt(c / m2)), 1 / (4 * m1) + 1 / (4 * m2)
        elif measure == "PETO":
            n = m1 + m2
            v = m1 * m2 * (a + c) * (b + d) / (n * n * (n - 1))
            yi, vi = (a - m1 * (a + c) / n) / v, 1 / v
        elif measure == "PHI":
            yi, vi = _phi(a, b, c, d)
        else:
            root = np.log(a / b) - np.log(c / d) if measure == "YUQ" else (np.log(a / b) - np.log(c / d)) / 2
            # (x - 1)/(x + 1) for x = exp(root), without overflow.
            yi = np.tanh(root / 2)
            vi = (1 - yi**2) ** 2 * (1 / a + 1 / b + 1 / c + 1 / d) / (4 if measure == "YUQ" else 16)
        if measure in ("RR", "RD") and zero_cells == "revman":
            p1, p2 = cells[0] / n1, cells[2] / n2
            yi = np.where(as_counted, p1 - p2 if measure == "RD" else np.log(p1) - np.log(p2), yi)
    usable = np.isfinite(yi) & np.isfinite(vi) & (vi > 0) & ~dropped
    uncorrected = has_zero_cell(cells) & ~usable & ~dropped if zero_cells == "none" else np.zeros(usable.shape, bool)
    return (
        np.where(usable, yi, np.nan),
        np.where(usable, vi, np.nan),
        {
            "corrected": corrected & ~dropped,
            "double_zero": double_zero,
            "dropped": dropped,
            "as_counted": as_counted & corrected,
            "uncorrected": uncorrected,
        },
    )


def _check_rule(measure: str, rule: str, to: CorrectionTo, cells: CorrectionCells, drop: bool) -> CorrectionTo:
    """Refuse a rule that is not known, or has no meaning beside other options; which tables it corrects."""
    if rule not in get_args(ZeroCells):
        raise ConfigError(f"zero_cells = {rule!r} is not known. Allowed: {', '.join(get_args(ZeroCells))}.")
    if rule == "revman" and measure not in _REVMAN:
        raise ConfigError(f"zero_cells = 'revman' is a rule for {', '.join(_REVMAN)}, not {measure}. Fix: metafor.")
    given = {"correction_to": to != "only_zero", "correction_cells": cells != "all", "drop_double_zero": drop}
    needless = [name for name, other in given.items() if other]
    if needless:
        raise ConfigError(f"zero_cells = {rule!r} decides about {', '.join(needless)}. Fix: leave that out.")
    return "none" if rule == "none" else "only_zero"


def _phi(a: Array, b: Array, c: Array, d: Array) -> tuple[Array, Array]:
    """Phi coefficient and its variance under multinomial sampling. Yule 1912, doi:10.2307/2340126."""
    n = a + b + c + d
    p, q, r, t = (a + b) / n, (c + d) / n, (a + c) / n, (b + d) / n
    phi = (a * d - b * c) / (n * n * np.sqrt(p * q * r * t))
    vi = 1 - phi**2 + phi * (1 + phi**2 / 2) * (p - q) * (r - t) / np.sqrt(p * q * r * t)
    vi -= 0.75 * phi**2 * ((p - q) ** 2 / (p * q) + (r - t) ** 2 / (r * t))
    return phi, vi / n
