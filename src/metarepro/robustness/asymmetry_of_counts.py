"""Tests of asymmetry for two-arm counts, whose odds ratios and standard errors go together: Harbord's and others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from metarepro.effects.core import EffectSizes, effect_sizes
from metarepro.errors import DataError
from metarepro.notes import Note
from metarepro.pooling.kernel import Array
from metarepro.robustness.asymmetry import AsymmetryTest, line_test

_Cells = tuple[Array, Array, Array, Array]


def harbord(studies: EffectSizes, level: float = 0.95) -> AsymmetryTest:
    """Harbord's test: Egger's with the score of the log odds ratio and its variance under no effect.

    Parameters
    ----------
    studies : EffectSizes
        Any effects of two-arm counts.
    level : float, default 0.95
        Of the interval of `limit`.

    Returns
    -------
    AsymmetryTest
        Of Z/V by least squares with weight V on 1/sqrt(V), where Z = a - E(a) and V is the hypergeometric variance.

    Raises
    ------
    DataError
        Effects that were not made of two-arm counts.

    Notes
    -----
    When not to use: below ten studies; with very unequal arms or events in nearly all (Peters' test is better then).

    References
    ----------
    Harbord, Egger & Sterne 2006, doi:10.1002/sim.2380.

    Examples
    --------
    >>> es = effect_sizes("OR", e1=[4, 6, 3, 20], n1=[123, 306, 231, 300], e2=[11, 29, 11, 30], n2=[139, 303, 220, 310])
    >>> round(harbord(es).statistic, 3)
    -0.681
    """
    name = "Harbord's test"
    (a, b, c, d), note = _cells(studies, name)
    n1, n2, n = a + b, c + d, a + b + c + d
    score = a - n1 * (a + c) / n
    variance = n1 * n2 * (a + c) * (b + d) / (n * n * (n - 1))
    return _with(line_test(name, score / variance, 1 / np.sqrt(variance), level), note)


def peters(studies: EffectSizes, level: float = 0.95) -> AsymmetryTest:
    """Peters' test: the log odds ratio on 1/n, weighted by the variance of an average event rate.

    Parameters
    ----------
    studies, level
        As in `harbord`.

    Returns
    -------
    AsymmetryTest

    Raises
    ------
    DataError
        As `harbord`.

    Notes
    -----
    When not to use: below ten studies; where all studies are of one size.

    References
    ----------
    Peters et al. 2006, doi:10.1001/jama.295.6.676.

    Examples
    --------
    >>> es = effect_sizes("OR", e1=[4, 6, 3, 20], n1=[123, 306, 231, 300], e2=[11, 29, 11, 30], n2=[139, 303, 220, 310])
    >>> round(peters(es).p_value, 3)
    0.965
    """
    return _by_size(studies, "Peters' test", lambda n: 1 / n, level)


def macaskill(studies: EffectSizes, level: float = 0.95) -> AsymmetryTest:
    """Macaskill's test: the log odds ratio on n, weighted as in `peters`; `limit` is NaN.

    Parameters
    ----------
    studies, level
        As in `harbord`.

    Returns
    -------
    AsymmetryTest

    Raises
    ------
    DataError
        As `harbord`.

    Notes
    -----
    When not to use: as `peters`, whose power is higher where one study is much larger than the others.

    References
    ----------
    Macaskill, Walter & Irwig 2001, doi:10.1002/sim.698.

    Examples
    --------
    >>> es = effect_sizes("OR", e1=[4, 6, 3, 20], n1=[123, 306, 231, 300], e2=[11, 29, 11, 30], n2=[139, 303, 220, 310])
    >>> round(macaskill(es).p_value, 3)
    0.915
    """
    test = _by_size(studies, "Macaskill's test", lambda n: n, level)
    nan = float("nan")
    return replace(test, limit=nan, limit_se=nan, limit_ci_low=nan, limit_ci_high=nan)


def deeks(studies: EffectSizes, level: float = 0.95) -> AsymmetryTest:
    """Deeks' test for diagnostic odds ratios: on 1/sqrt of the effective sample size, weighted by it.

    Parameters
    ----------
    studies, level
        As in `harbord`; arm 1 are the diseased, arm 2 the others.

    Returns
    -------
    AsymmetryTest

    Raises
    ------
    DataError
        As `harbord`.

    Notes
    -----
    When not to use: for trials; its power is low there.

    References
    ----------
    Deeks, Macaskill & Irwig 2005, doi:10.1016/j.jclinepi.2005.01.016.

    Examples
    --------
    >>> es = effect_sizes("OR", e1=[45, 60, 33, 20], n1=[50, 80, 40, 30], e2=[5, 9, 11, 3], n2=[60, 90, 70, 30])
    >>> round(deeks(es).p_value, 3)
    0.866
    """
    return _by_size(studies, "Deeks' test", None, level)


def arcsine_test(studies: EffectSizes, level: float = 0.95) -> AsymmetryTest:
    """Egger's test on arcsine differences, whose variance does not depend on the effect.

    Parameters
    ----------
    studies, level
        As in `harbord`.

    Returns
    -------
    AsymmetryTest

    Raises
    ------
    DataError
        As `harbord`.

    Notes
    -----
    When not to use: below ten studies. It keeps studies without events. Its power is low where event rates differ
    between studies.

    References
    ----------
    Rücker, Schwarzer & Carpenter 2008, doi:10.1002/sim.2971.

    Examples
    --------
    >>> es = effect_sizes("OR", e1=[4, 6, 3, 20], n1=[123, 306, 231, 300], e2=[11, 29, 11, 30], n2=[139, 303, 220, 310])
    >>> round(arcsine_test(es).p_value, 3)
    0.925
    """
    name = "The test on arcsine differences"
    a, b, c, d = _table(studies, name)
    n1, n2 = a + b, c + d
    difference = np.arcsin(np.sqrt(a / n1)) - np.arcsin(np.sqrt(c / n2))
    return line_test(name, difference, np.sqrt(1 / (4 * n1) + 1 / (4 * n2)), level)


def _by_size(
    studies: EffectSizes, name: str, predictor: Callable[[Array], Array] | None, level: float
) -> AsymmetryTest:
    """Log odds ratios on a function of the sample size."""
    (a, b, c, d), note = _cells(studies, name)
    n1, n2, n = a + b, c + d, a + b + c + d
    yi = effect_sizes("OR", e1=a, n1=n1, e2=c, n2=n2).yi
    if predictor is not None:
        return _with(line_test(name, yi, predictor(n), level, (a + c) * (b + d) / n), note)
    effective = 4 * n1 * n2 / n
    return _with(line_test(name, yi, 1 / np.sqrt(effective), level, effective), note)


def _cells(studies: EffectSizes, name: str) -> tuple[_Cells, Note | None]:
    """Tables of the studies that have both events and others, and which are left out."""
    a, b, c, d = _table(studies, name)
    kept = (a + c > 0) & (b + d > 0)
    note = None if kept.all() else Note("no_event_left_out", rows=np.flatnonzero(~kept).tolist())
    return (a[kept], b[kept], c[kept], d[kept]), note


def _table(studies: EffectSizes, name: str) -> _Cells:
    numbers = [studies.inputs.get(x) for x in ("e1", "n1", "e2", "n2")]
    if any(x is None for x in numbers):
        raise DataError(f"{name} needs the counts of both arms. Fix: give effect_sizes('OR', e1=..., n1=..., ...).")
    e1, n1, e2, n2 = (np.asarray(x, dtype=np.float64) for x in numbers)
    known = np.isfinite(e1) & np.isfinite(n1) & np.isfinite(e2) & np.isfinite(n2)
    a, m1, c, m2 = (x[known] for x in (e1, n1, e2, n2))
    return a, m1 - a, c, m2 - c


def _with(test: AsymmetryTest, note: Note | None) -> AsymmetryTest:
    return test if note is None else replace(test, notes=(*test.notes, note))
