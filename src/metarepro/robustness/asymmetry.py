"""Tests of funnel-plot asymmetry on effects: Egger's and its relatives by regression, Begg and Mazumdar's by ranks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from metarepro.effects.checks import read_numbers
from metarepro.effects.core import EffectSizes, column_of
from metarepro.effects.levels import check_level
from metarepro.errors import ConfigError, DataError
from metarepro.notes import Note, list_rows
from metarepro.pooling.fit import fit_effects
from metarepro.pooling.given_effects import one_set
from metarepro.pooling.inference import quantile, two_sided_p
from metarepro.pooling.kernel import Array, Mask
from metarepro.robustness.evidence import notes_of_few
from metarepro.robustness.weighted_line import WeightedLine, fit_line

# Predictors: the number that stands for precision, its words, and whether it goes to 0 as studies grow.
PREDICTORS = {
    "se": ("the standard error", True),
    "vi": ("the variance", True),
    "n": ("the sample size", False),
    "1/n": ("the inverse of the sample size", True),
    "sqrt(n)": ("the root of the sample size", False),
    "1/sqrt(n)": ("the inverse root of the sample size", True),
}
MODELS = ("mixed", "wls")
# Measures whose standard error depends on the effect, and the test that does not suffer from it.
INSTEAD = {"OR": "Harbord's or Peters' test", "RR": "Harbord's or Peters' test", "PETO": "Harbord's or Peters' test"}
INSTEAD |= dict.fromkeys(("SMD", "SMDH", "SMD1"), "the test of Pustejovsky and Rodgers")
INSTEAD |= dict.fromkeys(("PLO", "PR", "PAS", "PFT", "PLN"), "a test with predictor='1/n'")


@dataclass(frozen=True)
class AsymmetryTest:
    """Result of a regression test of asymmetry; NaN, with the reason in `notes`, where it does not exist.

    Attributes
    ----------
    test : str
        Name of the test.
    statistic, df, p_value : float
        Of the slope on the predictor; df is NaN for a normal test.
    intercept, intercept_se : float
        The coefficient of the predictor: with the standard error as predictor Egger's intercept, as it is the
        intercept of the regression of yi/se on 1/se.
    limit, limit_se, limit_ci_low, limit_ci_high : float
        Effect that a study of infinite size would have by the regression; NaN for a predictor that does not go to 0
        as studies grow.
    k : int
        Studies.
    notes : tuple of Note
    """

    test: str
    statistic: float
    df: float
    p_value: float
    intercept: float
    intercept_se: float
    limit: float
    limit_se: float
    limit_ci_low: float
    limit_ci_high: float
    k: int
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True)
class RankTest:
    """Result of `begg`: Kendall's tau of effects and variances, its two-sided p-value; as `AsymmetryTest`."""

    test: str
    tau: float
    p_value: float
    exact: bool
    k: int
    notes: tuple[Note, ...] = ()


def egger(
    yi: ArrayLike | EffectSizes | str, vi: ArrayLike | str | None = None, *, model: str = "mixed",
    predictor: str = "se", n: ArrayLike | str | None = None, cluster: ArrayLike | str | None = None,
    rho: float | None = None, data: Any = None, labels: Any = None, tau2: str | float = "REML", ci: str = "z",
    level: float = 0.95,
) -> AsymmetryTest:  # fmt: skip
    """Test whether less precise studies have other effects: Egger's regression test and its variants.

    Parameters
    ----------
    yi, vi, data, labels
        As in `pool`: effects and variances of shape (k,), `EffectSizes`, or names of columns of `data`.
    model : {'mixed', 'wls'}
        ``mixed``: meta-regression with tau2 beside the predictor; ``wls``: Egger's own, least squares weighted by 1/vi
        with a free scale, tested on t with k - 2 degrees of freedom.
    predictor : {'se', 'vi', 'n', '1/n', 'sqrt(n)', '1/sqrt(n)'}
        What stands for precision.
    n : array_like of shape (k,), or str, optional
        Sample sizes, for the predictors by n; those of `EffectSizes` are found.
    cluster : array_like of shape (k,), or str, optional
        Study of each effect, where a study has several: the model is then `multilevel`, and the test cluster-robust
        (CR2) with Satterthwaite degrees of freedom.
    rho : float, optional
        Correlation of the sampling errors of a study, with `cluster`.
    tau2, ci : optional
        Estimator and test of the mixed model. The default is the normal test, as the type I error of the test on t is
        no better here and its power is lower.
    level : float, default 0.95
        Of the interval of `limit`.

    Returns
    -------
    AsymmetryTest
        With NaN and a note where there are fewer than three studies, or all have the same predictor.

    Raises
    ------
    DataError, ConfigError
        As `pool`; sample sizes that are missing; an unknown option.

    Notes
    -----
    When not to use: below ten studies, and for odds ratios, risk ratios and standardised mean differences, whose
    standard errors depend on the effect (`harbord`, `peters`, `pustejovsky_rodgers`). Asymmetry is not publication
    bias: small studies may truly differ. No asymmetry is no proof against it.

    References
    ----------
    Egger et al. 1997, doi:10.1136/bmj.315.7109.629; Sterne & Egger 2005, doi:10.1002/0470870168.ch6;
    Rodgers & Pustejovsky 2021, doi:10.1037/met0000300 (dependent effects).

    Examples
    --------
    >>> test = egger([0.1, 0.3, 0.35, 0.9], [0.01, 0.03, 0.05, 0.2], model="wls")
    >>> round(test.statistic, 3), test.df, round(test.limit, 3)
    (12.276, 2, -0.124)
    """
    _check(model, MODELS, "model")
    _check(predictor, tuple(PREDICTORS), "predictor")
    check_level(level)
    studies, y, v, known, notes = one_set(yi, vi, data, labels, "egger")
    x, y, v = _predictor(predictor, studies, v, known, n, data)[known], y[known], v[known]
    name = "Egger's test" if predictor == "se" else f"The regression on {PREDICTORS[predictor][0]}"
    remarks = [*notes, *_remarks(studies, predictor, y.size, name)]
    if y.size < 3:
        return _none(name, y.size, [*remarks, Note("test_needs_studies", name=name, least=3, k=int(y.size))])
    if x.max() - x.min() <= 1e-12 * np.abs(x).max():
        return _none(name, y.size, [*remarks, Note("same_predictor", name=name, predictor=PREDICTORS[predictor][0])])
    if cluster is not None:
        beta, se, df = _clustered(y, v, x, cluster, rho, known, data, tau2)
    elif model == "wls":
        line = fit_line(y, x, 1 / v)
        if line is None:  # pragma: no cover - the two cases above
            return _none(name, y.size, remarks)
        return of_line(name, line, level, PREDICTORS[predictor][1], remarks)
    else:
        fit = fit_effects(y, v, tau2, ci, level, moderators=x)
        beta, se, df = fit.beta, fit.se, np.full(2, fit.df)
    return _test(name, beta, se, df, level, PREDICTORS[predictor][1], int(y.size), remarks)


def pustejovsky_rodgers(studies: EffectSizes, level: float = 0.95) -> AsymmetryTest:
    """Egger's test of standardised mean differences, with standard errors that do not depend on the effect.

    Parameters
    ----------
    studies : EffectSizes
        Standardised mean differences with the sizes of both arms.
    level : float, default 0.95
        Of the interval of `limit`.

    Returns
    -------
    AsymmetryTest
        By least squares with sqrt(1/n1 + 1/n2) as predictor and its inverse square as weight.

    Raises
    ------
    DataError
        Effects without the sizes of both arms.

    Notes
    -----
    When not to use: below ten studies. See `egger`.

    References
    ----------
    Pustejovsky & Rodgers 2019, doi:10.1002/jrsm.1332.

    Examples
    --------
    >>> from metarepro import effect_sizes
    >>> es = effect_sizes("SMD", m1=[1, 2, 4], sd1=2, n1=[60, 30, 20], m2=0, sd2=3, n2=[50, 40, 15])
    >>> round(pustejovsky_rodgers(es).p_value, 3)
    0.026
    """
    name = "The test of Pustejovsky and Rodgers"
    n1, n2 = (studies.inputs.get(x) for x in ("n1", "n2"))
    if n1 is None or n2 is None:
        raise DataError(f"{name} needs the sizes of both arms. Fix: give effect_sizes('SMD', ...).")
    y = np.asarray(studies.yi, dtype=np.float64)
    known = np.isfinite(y) & np.isfinite(studies.vi)
    return line_test(name, y[known], np.sqrt(1 / n1 + 1 / n2)[known], level)


def line_test(name: str, y: Array, x: Array, level: float, w: Array | None = None) -> AsymmetryTest:
    """The test on a weighted line, weights 1/x^2 by default; a named state where there is none."""
    remarks = notes_of_few(int(y.size))
    line = fit_line(y, x, 1 / x**2 if w is None else w)
    if line is None:
        few = Note("test_needs_studies", name=name, least=3, k=int(y.size))
        same = Note("same_predictor", name=name, predictor="the predictor")
        return _none(name, y.size, [*remarks, few if y.size < 3 else same])
    return of_line(name, line, level, True, remarks)


def begg(
    yi: ArrayLike | EffectSizes | str, vi: ArrayLike | str | None = None, *, data: Any = None, labels: Any = None
) -> RankTest:
    """Test whether effects and their variances are correlated, by ranks.

    Parameters
    ----------
    yi, vi, data, labels
        As in `egger`.

    Returns
    -------
    RankTest
        Kendall's tau of (yi - mean) / sqrt(vi - var(mean)), by the common-effect mean, with vi. The p-value is exact
        without ties, and normal with the variance for ties otherwise.

    Raises
    ------
    DataError
        As `pool`.

    Notes
    -----
    When not to use: below ten studies; with odds ratios and standardised mean differences as `egger`. It finds less
    than the regression tests.

    References
    ----------
    Begg & Mazumdar 1994, doi:10.2307/2533446.

    Examples
    --------
    >>> round(begg([0.1, 0.3, 0.35, 0.9], [0.01, 0.03, 0.05, 0.2]).tau, 3)
    1.0
    """
    studies, y, v, known, notes = one_set(yi, vi, data, labels, "begg")
    y, v = y[known], v[known]
    k, name = int(y.size), "Begg's test"
    remarks = [*notes, *_remarks(studies, "se", k, name)]
    if k < 3:
        remarks.append(Note("test_needs_studies", name=name, least=3, k=k))
        return RankTest(name, math.nan, math.nan, False, k, tuple(remarks))
    total = (1 / v).sum()
    deviate = (y - (y / v).sum() / total) / np.sqrt(v - 1 / total)
    exact = np.unique(deviate).size == k == np.unique(v).size
    from scipy.stats import kendalltau

    found = kendalltau(deviate, v, method="exact" if exact else "asymptotic")
    if not math.isfinite(found.statistic):
        remarks.append(Note("same_predictor", name=name, predictor=PREDICTORS["vi"][0]))
    return RankTest(name, float(found.statistic), float(found.pvalue), exact, k, tuple(remarks))


def of_line(
    name: str, line: WeightedLine, level: float, limit: bool, notes: list[Note], df: float | None = None
) -> AsymmetryTest:
    """The test of the slope of a line."""
    freedom = np.full(2, line.df if df is None else df, dtype=np.float64)
    beta, se = np.array([line.intercept, line.slope]), np.array([line.intercept_se, line.slope_se])
    return _test(name, beta, se, freedom, level, limit, line.df + 2, notes)


def _test(
    name: str, beta: Array, se: Array, df: Array, level: float, limit: bool, k: int, notes: list[Note]
) -> AsymmetryTest:
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = float(np.divide(beta[1], se[1]))
    half = float(quantile((1 + level) / 2, np.array(df[0]))) * float(se[0])
    at, error = (float(beta[0]), float(se[0])) if limit else (math.nan, math.nan)
    p_value = float(two_sided_p(np.array(statistic), np.array(df[1])))
    return AsymmetryTest(
        name,
        statistic,
        _plain(df[1]),
        p_value,
        float(beta[1]),
        float(se[1]),
        at,
        error,
        at - half,
        at + half,
        k,
        tuple(notes),
    )


def _plain(df: float) -> float:
    """Whole degrees of freedom as a whole number."""
    return int(df) if math.isfinite(df) and df == int(df) else float(df)


def _none(name: str, k: int, notes: list[Note]) -> AsymmetryTest:
    nan = math.nan
    return AsymmetryTest(name, nan, nan, nan, nan, nan, nan, nan, nan, nan, int(k), tuple(notes))


def _remarks(studies: EffectSizes, predictor: str, k: int, name: str) -> list[Note]:
    notes = notes_of_few(k) if k >= 3 else []
    if predictor in ("se", "vi") and studies.measure in INSTEAD:
        instead = INSTEAD[studies.measure]
        notes.append(Note("error_follows_effect", measure=studies.measure, name=name, instead=instead))
    return notes


def _predictor(code: str, studies: EffectSizes, v: Array, known: Mask, n: Any, data: Any) -> Array:
    if code in ("se", "vi"):
        with np.errstate(invalid="ignore"):
            return np.sqrt(v) if code == "se" else v
    if n is None:
        sizes = [studies.inputs[x] for x in ("n1", "n2", "n") if x in studies.inputs]
        if not sizes:
            raise DataError(f"The predictor {code!r} needs sample sizes. Fix: give n=, or what effect_sizes gives.")
        size = np.asarray(sum(sizes), dtype=np.float64)
    else:
        size = read_numbers(column_of(data, n, "n") if isinstance(n, str) else n, "n")
        if size.shape != v.shape:
            raise DataError(f"n has the shape {size.shape} for {v.size} studies. Fix: one sample size a study.")
    bad = np.flatnonzero(known & ~(np.isfinite(size) & (size > 0)))
    if bad.size:
        raise DataError(f"n is not above 0 in {list_rows(bad.tolist())}. Fix: give the sample size.")
    root = np.sqrt(np.where(known, size, 1.0))
    return np.asarray({"n": root**2, "1/n": root**-2, "sqrt(n)": root, "1/sqrt(n)": 1 / root}[code], dtype=np.float64)


def _clustered(
    y: Array, v: Array, x: Array, cluster: Any, rho: float | None, known: Mask, data: Any, tau2: str | float
) -> tuple[Array, Array, Array]:
    from metarepro.pooling.models.multilevel import multilevel

    own = np.asarray(column_of(data, cluster, "cluster") if isinstance(cluster, str) else cluster)
    if own.shape != known.shape:
        raise DataError(f"cluster has the shape {own.shape} for {known.size} effects. Fix: one an effect.")
    if tau2 not in ("REML", "ML"):
        raise ConfigError(f"tau2 = {tau2!r} is not known with clusters. Allowed: REML, ML.")
    fit = multilevel(
        y, v, cluster=own[known], rho=rho, moderators="precision", data={"precision": x}, method=str(tau2)
    ).robust()
    return np.asarray(fit.beta), np.asarray(fit.se), np.asarray(fit.df, dtype=np.float64)


def _check(value: str, allowed: tuple[str, ...], option: str) -> None:
    if value not in allowed:
        raise ConfigError(f"{option} = {value!r} is not known. Allowed: {', '.join(allowed)}.")
