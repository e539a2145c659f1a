"""Effect sizes from events and person-time, and from paired counts."""

from __future__ import annotations

import numpy as np

from metarepro.effects.checks import Array, check_counts, refuse
from metarepro.effects.counts import CorrectionTo, correct_cells


def check_rate(e: Array, t: Array, suffix: str) -> None:
    """Refuse events and person-times that cannot be such."""
    named = {f"e{suffix}": e, f"t{suffix}": t}
    refuse(np.isinf(e) | np.isinf(t), "A number is infinite", "Give finite numbers.", **named)
    refuse(e < 0, f"e{suffix} is negative", "Give the number of events, 0 or more.", **named)
    refuse(t <= 0, f"t{suffix} is not positive", "Give the person-time at risk.", **named)


def two_arm_rates(
    measure: str, e1: Array, t1: Array, e2: Array, t2: Array, correction: float = 0.5,
    correction_to: CorrectionTo = "only_zero",
) -> tuple[Array, Array, dict[str, np.ndarray]]:  # fmt: skip
    """IRR (log), IRD or IRSD (root) from events and person-time; events of 0 are corrected but for IRSD."""
    check_rate(e1, t1, "1")
    check_rate(e2, t2, "2")
    if measure == "IRSD":
        return np.sqrt(e1 / t1) - np.sqrt(e2 / t2), 1 / (4 * t1) + 1 / (4 * t2), {}
    (a, c), corrected = correct_cells((e1, e2), correction, correction_to)
    with np.errstate(divide="ignore", invalid="ignore"):
        if measure == "IRR":
            return np.log(a / t1) - np.log(c / t2), 1 / a + 1 / c, {"corrected": corrected}
        return a / t1 - c / t2, a / t1**2 + c / t2**2, {"corrected": corrected}


def one_arm_rate(
    measure: str, e: Array, t: Array, correction: float = 0.5, correction_to: CorrectionTo = "only_zero"
) -> tuple[Array, Array, dict[str, np.ndarray]]:
    """IR, IRLN (log), IRS (root) or IRFT from events and person-time; IRS and IRFT need no correction."""
    check_rate(e, t, "")
    if measure == "IRS":
        return np.sqrt(e / t), 1 / (4 * t), {}
    if measure == "IRFT":
        return (np.sqrt(e / t) + np.sqrt((e + 1) / t)) / 2, 1 / (4 * t), {}
    (a,), corrected = correct_cells((e,), correction, correction_to)
    with np.errstate(divide="ignore", invalid="ignore"):
        if measure == "IRLN":
            return np.log(a / t), 1 / a, {"corrected": corrected}
        return a / t, a / t**2, {"corrected": corrected}


def paired_counts(
    measure: str, a: Array, b: Array, c: Array, d: Array, correction: float = 0.5,
    correction_to: CorrectionTo = "only_zero",
) -> tuple[Array, Array, dict[str, np.ndarray]]:  # fmt: skip
    """Effects of one group measured under two conditions, or of matched pairs.

    Parameters
    ----------
    a, b, c, d : array_like
        Pairs with the event under both conditions, the first only, the second only, neither.

    References
    ----------
    Becker & Balagtas 1993, doi:10.2307/2532242; Zou 2007, doi:10.1177/1740774506075667.
    """
    named = {"a": a, "b": b, "c": c, "d": d}
    for name, cell in named.items():
        refuse((cell < 0) | np.isinf(cell), f"{name} is no count", "Give whole numbers of 0 or more.", **named)
    refuse(a + b + c + d <= 0, "There is no pair", "Give the numbers of pairs.", **named)
    (a, b, c, d), corrected = correct_cells((a, b, c, d), correction, correction_to)
    n = a + b + c + d
    with np.errstate(divide="ignore", invalid="ignore"):
        if measure == "MPRD":
            yi, vi = (b - c) / n, b / n**2 + c / n**2 - (b - c) ** 2 / n**3
        elif measure == "MPRR":
            yi, vi = np.log((a + b) / (a + c)), (b + c) / ((a + b) * (a + c))
        elif measure == "MPORC":
            yi, vi = np.log(b / c), 1 / b + 1 / c
        else:
            first, second = (a + b) / (c + d), (a + c) / (b + d)
            together = (a * d - b * c) * n / ((a + b) * (c + d) * (a + c) * (b + d))
            yi = np.log(first) - np.log(second)
            vi = 1 / (a + b) + 1 / (c + d) + 1 / (a + c) + 1 / (b + d) - 2 * together
    return yi, vi, {"corrected": corrected}


def paired_margins(
    measure: str, e1: Array, e2: Array, n: Array, r: Array, correction: float = 0.5,
    correction_to: CorrectionTo = "only_zero",
) -> tuple[Array, Array, dict[str, np.ndarray]]:  # fmt: skip
    """Effects of one group under two conditions, from the events of each and the correlation (phi) between them.

    A crossover trial that prints only the counts of each period's treatment needs r from elsewhere. The 2 x 2 table
    that margins and r imply is rebuilt, and measured as if it had been printed.

    References
    ----------
    Elbourne et al. 2002, doi:10.1093/ije/31.1.140; Becker & Balagtas 1993, doi:10.2307/2532242.
    """
    named = {"e1": e1, "e2": e2, "n": n, "r": r}
    check_counts(e1, n, "e1", "n")
    check_counts(e2, n, "e2", "n")
    refuse(np.abs(r) > 1, "r is not a correlation", "Give a number from -1 to 1.", **named)
    spread = np.sqrt(e1 * (n - e1) * e2 * (n - e2))
    both = (e1 * e2 + r * spread) / n
    low, high = np.maximum(0, e1 + e2 - n), np.minimum(e1, e2)
    slack = 1e-9 * n
    with np.errstate(divide="ignore", invalid="ignore"):
        least, most = (low * n - e1 * e2) / spread, (high * n - e1 * e2) / spread
    bad = (both < low - slack) | (both > high + slack)
    if bad.any():
        i = int(np.flatnonzero(bad)[0])
        fix = f"With the margins of row {i} it lies between {least[i]:.3f} and {most[i]:.3f}."
        refuse(bad, "r is impossible for these counts", fix, **named)
    both = np.clip(both, low, high)
    cells = both, e1 - both, e2 - both, n - e1 - e2 + both
    return paired_counts(measure[:-1], *cells, correction=correction, correction_to=correction_to)


def diagnostic_odds_ratio(
    measure: str, tp: Array, fp: Array, fn: Array, tn: Array, correction: float = 0.5,
    correction_to: CorrectionTo = "only_zero",
) -> tuple[Array, Array, dict[str, np.ndarray]]:  # fmt: skip
    """DOR (log) from true and false positives and negatives."""
    named = {"tp": tp, "fp": fp, "fn": fn, "tn": tn}
    for name, cell in named.items():
        refuse((cell < 0) | np.isinf(cell), f"{name} is no count", "Give whole numbers of 0 or more.", **named)
    refuse((tp + fn <= 0) | (fp + tn <= 0), "There is no patient with, or without, the disease", "Check it.", **named)
    (tp, fp, fn, tn), corrected = correct_cells((tp, fp, fn, tn), correction, correction_to)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(tp * tn / (fp * fn)), 1 / tp + 1 / fp + 1 / fn + 1 / tn, {"corrected": corrected}
