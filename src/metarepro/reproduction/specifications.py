"""All defensible ways from the numbers of studies to a pooled result, computed in a few batched calls."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtri, stdtrit

from metarepro.effects import effect_sizes
from metarepro.effects.checks import Array
from metarepro.effects.generic import se_from_interval
from metarepro.effects.means import hedges_j
from metarepro.errors import DataError
from metarepro.pooling.engine import estimate
from metarepro.pooling.kernel import Mask
from metarepro.pooling.problems import open_batch
from metarepro.pooling.tau2 import ESTIMATORS
from metarepro.reproduction.printed import StudyInputs

TAU2 = ("CE", "DL", "HE", "HS", "SJ", "ML", "REML", "EB", "PM")
CI = ("z", "t", "HK", "HK-adhoc")
RATIOS = ("OR", "RR", "PETO")
TO_ALL, AS_IT_IS = "0.5 to all tables", "studies with a zero left out"
TO_ZERO = "0.5 to all cells of tables with a zero"
BY_ARM_SIZE = "the arm's share of the patients to tables with a zero"
# Zero-cell rules that look at one table at a time, the usual one first: words and options of `effect_sizes`.
ZERO_RULES: tuple[tuple[str, dict[str, Any]], ...] = (
    (TO_ZERO, {}),
    ("the same, double zeros left out", {"drop_double_zero": True}),
    ("0.5 to the events of tables without events in an arm", {"correction_cells": "events", "drop_double_zero": True}),
    (TO_ALL, {"correction_to": "all"}),
    (AS_IT_IS, {"correction_to": "none"}),
)
# Before which of them the rule stands that looks at all studies of a set.
IF_ANY = 3


@dataclass(frozen=True)
class Effects:
    """Effects of all studies by one formula: what it is in words, yi and vi of shape (..., k), whether ratios."""

    words: str
    measure: str
    yi: Array
    vi: Array

    @property
    def ratio(self) -> bool:
        """Whether the display scale is a ratio's."""
        return self.measure in RATIOS


@dataclass(frozen=True)
class Pooled:
    """Results of one effect formula and one pooling method for many sets of studies, on the display scale.

    `estimate`, `ci_low`, `ci_high`, `tau2`, `i2`, `q` have the shape of the sets.
    """

    effects: str
    measure: str
    method: str
    estimate: Array
    ci_low: Array
    ci_high: Array
    tau2: Array
    i2: Array
    q: Array


def effect_formulas(inputs: StudyInputs, measure: str) -> list[Effects]:
    """Effects by each formula in use for a measure, of studies (k,) or sets of them (s, k).

    Formulas that give the same numbers are one.

    Raises
    ------
    DataError
        The measure cannot be made of these numbers.
    """
    c = inputs.columns
    found: list[Effects] = []
    if inputs.kind == "counts" and measure in ("OR", "RR", "RD"):
        found += [Effects(words, measure, *_values(measure, c, **options)) for words, options in ZERO_RULES]
        found.insert(IF_ANY, Effects("0.5 to all tables if one has a zero", measure, *_if_any(found, c)))
        if measure == "OR":
            found.append(Effects("Peto", "PETO", *_values("PETO", c, correction_to="none", drop_double_zero=True)))
        found.append(Effects(BY_ARM_SIZE, measure, *_corrected_by_size(measure, c)))
        found += paired_counts(inputs, found[0])
    elif inputs.kind == "means" and measure == "MD":
        found.append(Effects("separate variances", "MD", *_values("MD", c)))
        found.append(Effects("pooled variance", "MD", *_pooled_md(c)))
        found += paired_means(inputs, found[0])
    elif inputs.kind == "means" and measure == "SMD":
        found += _smd(c)
        found += paired_means(inputs, found[0])
    elif inputs.kind == "effects":
        ratio = measure in (*RATIOS, "HR")
        y, low, high = (np.log(c[n]) if ratio else c[n] for n in ("estimate", "ci_low", "ci_high"))
        found.append(Effects("SE from the interval", measure, y, se_from_interval(low, high, inputs.level) ** 2))
    else:
        raise DataError(f"{measure} cannot be made of {inputs.kind}.")
    return _different(found)


def _corrected_by_size(measure: str, c: dict[str, Array]) -> tuple[Array, Array]:
    """Effects with corrections in proportion to the arms (n1/N, n2/N) in tables with a zero.

    References
    ----------
    Sweeting, Sutton & Lambert 2004, doi:10.1002/sim.1761 (treatment-arm continuity correction).
    """
    total = c["n1"] + c["n2"]
    zero = (c["e1"] == 0) | (c["e2"] == 0) | (c["e1"] == c["n1"]) | (c["e2"] == c["n2"])
    k1, k2 = (np.where(zero, c[n] / total, 0.0) for n in ("n1", "n2"))
    a, b, d, e = c["e1"] + k1, c["n1"] - c["e1"] + k1, c["e2"] + k2, c["n2"] - c["e2"] + k2
    with np.errstate(divide="ignore", invalid="ignore"):
        if measure == "OR":
            return np.log(a * e / (b * d)), 1 / a + 1 / b + 1 / d + 1 / e
        if measure == "RR":
            return np.log(a / (a + b)) - np.log(d / (d + e)), 1 / a - 1 / (a + b) + 1 / d - 1 / (d + e)
        n1, n2 = a + b, d + e
        return a / n1 - d / n2, a * b / n1**3 + d * e / n2**3


# Correlations that are assumed between the two periods of a crossover trial.
CORRELATIONS = (0.25, 0.5, 0.75)


def paired_means(inputs: StudyInputs, as_parallel: Effects) -> list[Effects]:
    """The same effects with the variances of pairs in crossover trials, for each assumed correlation.

    References
    ----------
    Elbourne et al. 2002, doi:10.1093/ije/31.1.140: MD; SMD on the scale of parallel trials.
    """
    if not any(inputs.paired):
        return []
    c, paired = inputs.columns, np.array(inputs.paired)
    n = np.minimum(c["n1"], c["n2"])
    found = []
    for r in CORRELATIONS:
        if as_parallel.measure == "MD":
            own = (c["sd1"] ** 2 + c["sd2"] ** 2 - 2 * r * c["sd1"] * c["sd2"]) / n
        else:
            own = (1 / n + as_parallel.yi**2 / (2 * n)) * 2 * (1 - r)
        words = f"crossover pairs, r = {r:g} assumed"
        found.append(Effects(words, as_parallel.measure, as_parallel.yi, np.where(paired, own, as_parallel.vi)))
    return found


def paired_counts(inputs: StudyInputs, as_parallel: Effects) -> list[Effects]:
    """The same for counts; a study whose margins make a correlation impossible keeps the variance of parallel arms.

    References
    ----------
    Elbourne et al. 2002, doi:10.1093/ije/31.1.140; Becker & Balagtas 1993, doi:10.2307/2532242.
    """
    if not any(inputs.paired) or as_parallel.yi.ndim > 1:
        return []
    c, measure = inputs.columns, {"OR": "MPORM", "RR": "MPRRM", "RD": "MPRDM"}[as_parallel.measure]
    found = []
    for r in CORRELATIONS:
        vi = as_parallel.vi.copy()
        for i in np.flatnonzero(inputs.paired):
            if c["n1"][i] != c["n2"][i]:
                continue
            margins = {"e1": [c["e1"][i]], "e2": [c["e2"][i]], "n": [c["n1"][i]], "r": [r]}
            with contextlib.suppress(DataError):
                vi[i] = effect_sizes(measure, **margins).vi[0]
        found.append(Effects(f"crossover pairs, r = {r:g} assumed", as_parallel.measure, as_parallel.yi, vi))
    return found


def _values(measure: str, columns: dict[str, Array], **options: Any) -> tuple[Array, Array]:
    shape = next(iter(columns.values())).shape
    es = effect_sizes(measure, **{n: v.ravel() for n, v in columns.items()}, **options)
    return es.yi.reshape(shape), es.vi.reshape(shape)


def _if_any(formulas: list[Effects], c: dict[str, Array]) -> tuple[Array, Array]:
    """Effects of corrected tables for sets with a zero, of tables as they are for the others."""
    zero = (c["e1"] == 0) | (c["e2"] == 0) | (c["e1"] == c["n1"]) | (c["e2"] == c["n2"])
    any_zero = zero.any(-1, keepdims=True)
    corrected, plain = (next(f for f in formulas if f.words == words) for words in (TO_ALL, AS_IT_IS))
    return np.where(any_zero, corrected.yi, plain.yi), np.where(any_zero, corrected.vi, plain.vi)


def _pooled_md(c: dict[str, Array]) -> tuple[Array, Array]:
    df = c["n1"] + c["n2"] - 2
    s2 = ((c["n1"] - 1) * c["sd1"] ** 2 + (c["n2"] - 1) * c["sd2"] ** 2) / df
    return c["m1"] - c["m2"], s2 * (1 / c["n1"] + 1 / c["n2"])


def _smd(c: dict[str, Array]) -> list[Effects]:
    """Hedges g with exact and approximate J, and Cohen's d, each with the variances in use."""
    n1, n2 = c["n1"], c["n2"]
    total, df = n1 + n2, n1 + n2 - 2
    inverse = 1 / n1 + 1 / n2
    with np.errstate(divide="ignore", invalid="ignore"):
        d = (c["m1"] - c["m2"]) / np.sqrt(((n1 - 1) * c["sd1"] ** 2 + (n2 - 1) * c["sd2"] ** 2) / df)
        found = []
        corrections = (("exact J", hedges_j(df)), ("J as 1 - 3/(4N - 9)", 1 - 3 / (4 * df - 1)))
        for words, j in (*corrections, ("Cohen's d", np.ones_like(d))):
            g = j * d
            variances = [
                ("variance with g", inverse + g**2 / (2 * total)),
                ("variance with d", inverse + d**2 / (2 * total)),
                ("variance with d, times J²", j**2 * (inverse + d**2 / (2 * total))),
                ("variance of RevMan", inverse + g**2 / (2 * (total - 3.94))),
                ("variance with g, df", inverse + g**2 / (2 * df)),
                ("unbiased variance", inverse + (1 - (df - 2) / (df * j**2)) * g**2),
            ]
            found += [Effects(f"{words}, {name}", "SMD", g, v) for name, v in variances]
    return found


def _different(formulas: list[Effects]) -> list[Effects]:
    """Formulas that differ in some number; the first of those that do not stands for all."""
    kept: list[Effects] = []
    for formula in formulas:
        if not any(
            f.measure == formula.measure
            and np.allclose(f.yi, formula.yi, rtol=1e-12, atol=0, equal_nan=True)
            and np.allclose(f.vi, formula.vi, rtol=1e-12, atol=0, equal_nan=True)
            for f in kept
        ):
            kept.append(formula)
    return kept


def pool_all(effects: Effects, mask: Mask, level: float, methods: Sequence[str] = TAU2) -> Iterator[Pooled]:
    """Results by every inverse-variance method for all sets of studies at once.

    Parameters
    ----------
    effects : Effects
        With yi and vi of shape (k,) or (s, k).
    mask : ndarray of bool, shape (s, k)
        The sets.
    level : float
    methods : sequence of str
        Estimators of tau2.
    """
    known = np.isfinite(effects.yi) & np.isfinite(effects.vi) & (effects.vi > 0)
    used = mask & known
    enough = used.sum(-1) > 0
    y, v = (np.where(known, a, x) for a, x in ((effects.yi, 0.0), (effects.vi, 1.0)))
    # A set without any study is computed with all of them and blanked.
    batch = open_batch(y, v, mask=np.where(enough[..., None], used, known | ~known))
    tail = (1 + level) / 2
    for tau2 in methods:
        e, _ = estimate(batch, ESTIMATORS[tau2])
        df = e.k - 1
        with np.errstate(divide="ignore", invalid="ignore"):
            wald = np.sqrt(e.covariance[:, 0, 0])
            factor = np.where(df > 0, e.rss / df, np.nan)
            i2 = np.where(df > 0, 100 * np.maximum(0, 1 - df / e.q), 0.0)
            t = np.where(df > 0, stdtrit(np.maximum(df, 1), tail), np.nan)
        for ci in CI:
            if tau2 == "CE" and ci.startswith("HK"):
                continue
            scale = {"HK": np.sqrt(factor), "HK-adhoc": np.sqrt(np.maximum(factor, 1.0))}.get(ci, np.ones_like(wald))
            half = (ndtri(tail) if ci == "z" else t) * wald * scale
            values = [e.beta[:, 0], e.beta[:, 0] - half, e.beta[:, 0] + half]
            if effects.ratio or effects.measure == "HR":
                with np.errstate(over="ignore"):
                    values = [np.exp(x) for x in values]
            blank = np.where(enough, 0.0, np.nan)
            value, low, high = (x + blank for x in values)
            yield Pooled(effects.words, effects.measure, f"{tau2}, {ci}", value, low, high, e.tau2, i2, e.q)
