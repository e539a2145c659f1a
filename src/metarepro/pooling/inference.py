"""Tests, confidence and prediction intervals of pooled effects."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Protocol, TypeVar

import numpy as np

from metarepro.errors import ConfigError
from metarepro.pooling.distributions import (
    LEAST_PROBABILITY,
    MOST_DF,
    SMALLEST,
    chi2_tail,
    chi2_tails,
    normal_quantile,
    normal_tail,
    t_quantile,
    t_tail,
    t_two_sided_tails,
)
from metarepro.pooling.kernel import Array
from metarepro.pooling.method_codes import usual_interval

# What an interval is made of: the Hartung-Knapp factor on the variance, k - p, and the level -> the factor that is
# used, and the degrees of freedom (NaN for the normal).
Spread = Callable[[Array, Array, float], tuple[Array, Array]]


def _wald(factor: Array, df: Array, level: float) -> tuple[Array, Array]:
    return np.ones(factor.shape), np.full(df.shape, np.nan)


def _wald_t(factor: Array, df: Array, level: float) -> tuple[Array, Array]:
    return np.ones(factor.shape), df


def _hartung_knapp(factor: Array, df: Array, level: float) -> tuple[Array, Array]:
    # Effects that are equal have no error by Hartung and Knapp: no interval, rather than one without width.
    return np.where(factor > 0, factor, np.nan), df


def _never_below_wald(factor: Array, df: Array, level: float) -> tuple[Array, Array]:
    return np.maximum(factor, 1.0), df


def _wider(factor: Array, df: Array, level: float) -> tuple[Array, Array]:
    narrow = is_narrower(factor, df, level)
    return np.where(narrow, 1.0, factor), np.where(narrow, np.nan, df)


def is_narrower(factor: Array, df: Array, level: float) -> Array:
    """Whether Hartung-Knapp intervals are narrower than Wald intervals."""
    upper = (1 + level) / 2
    return np.asarray(np.sqrt(factor) * quantile(upper, df) < quantile(upper, np.full(df.shape, np.nan)))


@dataclass(frozen=True)
class IntervalMethod:
    """A confidence interval of the pooled effect: one row of the table that everything else reads.

    Attributes
    ----------
    code : str
    spread : callable
        See `Spread`.
    name, short, phrase : str
        Name; a shorter one for figures; what a sentence on methods says, in which `describe` fills gaps.
    uses_hk : bool
        Whether it needs the Hartung-Knapp factor.
    uses_t : bool
        Whether it uses t.
    tried : bool
        Whether the search for the method behind a printed result tries it.
    meant : tuple of str
        What people write for it elsewhere; messages suggest the code.
    """

    code: str
    spread: Spread
    name: str
    short: str
    phrase: str
    uses_hk: bool = False
    uses_t: bool = True
    tried: bool = True
    meant: tuple[str, ...] = ()

    def describe(self, df: str, short: bool = False) -> str:
        """What a sentence on methods says; `df` are the degrees of freedom in words."""
        floor = "" if short else ", without a variance floor"
        return self.phrase.format(df=df, intervals="intervals" if short else "confidence intervals", floor=floor)


class _Coded(Protocol):
    @property
    def code(self) -> str: ...
    @property
    def meant(self) -> tuple[str, ...]: ...


Row = TypeVar("Row", bound=_Coded)

CI_METHODS: dict[str, IntervalMethod] = {
    m.code: m
    for m in (
        IntervalMethod(
            "z", _wald, "normal (Wald)", "Wald", "normal (Wald) {intervals}", uses_t=False,
            meant=("WALD", "NORMAL", "CLASSIC"),
        ),
        IntervalMethod(
            "t", _wald_t, "t with k - p df (Wald standard error)", "t", "t-based {intervals} ({df})",
        ),
        IntervalMethod(
            "HK", _hartung_knapp, "Hartung-Knapp", "Hartung-Knapp",
            "Hartung-Knapp {intervals} (t, {df}{floor})", True,
            meant=("KNHA", "HKSJ", "KH", "HARTUNG-KNAPP", "KNAPP-HARTUNG", "SJ"),
        ),
        IntervalMethod(
            "HK-adhoc", _never_below_wald, "Hartung-Knapp, not narrower than Wald (ad hoc)",
            "Hartung-Knapp, not narrower than Wald",
            "Hartung-Knapp {intervals} (t, {df}, not narrower than Wald)", True,
            meant=("ADHOC", "MKH", "HKSJ-ADHOC"),
        ),
        IntervalMethod(
            "HK-ci", _wider, "the wider of Hartung-Knapp and Wald", "wider of Hartung-Knapp and Wald",
            "{intervals} that are the wider of Hartung-Knapp (t, {df}) and normal (Wald)", True, tried=False,
            meant=("HK-WIDER", "HKCI", "HYBRID"),
        ),
    )
}  # fmt: skip


@dataclass(frozen=True)
class PredictionMethod:
    """A prediction interval: one row of the table that everything else reads.

    Attributes
    ----------
    code : str
    loss : float
        k - p - `loss` are its degrees of freedom; NaN for a normal one, and for a bootstrap.
    name, short, phrase : str
        Name; a shorter one for figures; what a sentence on methods says.
    also, meant : tuple of str
        Other codes that are taken for it; what people write for it elsewhere.
    """

    code: str
    loss: float
    name: str
    short: str
    phrase: str
    also: tuple[str, ...] = ()
    meant: tuple[str, ...] = ()


PI_METHODS: dict[str, PredictionMethod] = {
    m.code: m
    for m in (
        PredictionMethod(
            "HTS", 1.0, "Higgins-Thompson-Spiegelhalter, t with k - 2 df", "t, k − 2 df",
            "prediction interval by Higgins, Thompson and Spiegelhalter (t, k - 2 df)", meant=("RILEY",),
        ),
        PredictionMethod(
            "t", 0.0, "t with k - 1 df", "t, k − 1 df", "prediction interval on t with k - 1 df", meant=("HK", "V")
        ),
        PredictionMethod("z", math.nan, "normal", "normal", "normal prediction interval", meant=("S", "NORMAL")),
        PredictionMethod(
            "NNF", math.nan, "Nagashima-Noma-Furukawa bootstrap", "bootstrap",
            "prediction interval by the bootstrap of Nagashima, Noma and Furukawa", also=("bootstrap",),
            meant=("BOOT",),
        ),
    )
}  # fmt: skip
# Below this a p-value is too near the end of floating-point numbers for its logarithm to be taken from it.
TINY = 1e-100
# For at least this many numbers, tails of one whole df are finite sums over arrays; t tails below `EXACT` are SciPy's.
LARGE, EXACT = 500, 0.01


def check_whole(name: str, value: int, least: int) -> None:
    """Refuse an option that is no whole number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ConfigError(f"{name} = {value!r} must be a whole number, {least} or more.")


def find_method(option: str, value: Any, table: Mapping[str, Row]) -> Row:
    """The row of a table of methods by its code.

    Raises
    ------
    ConfigError
        There is no such code; the message suggests the nearest, and what people mean by words of other programs.
    """
    if isinstance(value, str):
        for row in table.values():
            if value == row.code or value in getattr(row, "also", ()):
                return row
    text = str(value).upper()
    near = next((r.code for r in table.values() if text == r.code.upper() or text in r.meant), None)
    near = near or next(iter(get_close_matches(str(value), table, n=1, cutoff=0.3)), None)
    hint = f" Did you mean {near!r}?" if near else ""
    allowed = ", ".join(code for row in table.values() for code in (row.code, *getattr(row, "also", ())))
    raise ConfigError(f"{option} = {value!r} is not known.{hint} Allowed: {allowed}.")


def find_interval(ci: str | None, estimator: str) -> IntervalMethod:
    """The interval by its code, or the usual one of an estimator if it is left out."""
    return find_method("ci", ci or usual_interval(estimator), CI_METHODS)


def quantile(probability: float, df: Array) -> Array:
    """Quantile of t, or of the normal where df is NaN; NaN where df is 0 or less."""
    df = np.asarray(df, dtype=np.float64)
    if df.ndim == 0:
        return np.array(_quantile(float(probability), float(df)))
    flat = df.ravel()
    # Batches have few different df; each is looked up once.
    alike = (flat == flat[0]).all() or np.isnan(flat).all()
    different, where = (flat[:1], np.array(0)) if alike else np.unique(flat, return_inverse=True)
    found = np.array([_quantile(float(probability), d) for d in different.tolist()])
    return np.full(df.shape, found[0]) if alike else found[where].reshape(df.shape)


def _quantile(probability: float, df: float) -> float:
    normal = math.isnan(df)
    if df <= 0:
        return math.nan
    if LEAST_PROBABILITY <= probability < 1:
        if normal:
            return normal_quantile(probability)
        if df <= MOST_DF and df.is_integer():
            return t_quantile(probability, int(df))
    from scipy.special import ndtri, stdtrit

    return float(ndtri(probability) if normal else stdtrit(df, probability))


def two_sided_p(statistic: Array, df: Array) -> Array:
    """Two-sided p-value from the upper tail, so that small values keep their digits."""
    df = np.asarray(df, dtype=np.float64)
    if np.ndim(statistic) == 0 and df.ndim == 0:
        single = _single_p(abs(float(statistic)), float(df))
        if single is not None:
            return np.array(single)
    from scipy.special import ndtr, stdtr

    one = _one_df(np.shape(statistic), df)
    if one:
        p = t_two_sided_tails(np.asarray(statistic, dtype=np.float64), one)
        exact = ~(p > EXACT)
        p[exact] = 2 * stdtr(one, -np.abs(np.asarray(statistic)[exact]))
        return p
    normal = np.isnan(df)
    size = -np.abs(statistic)
    t = stdtr(np.where(normal | (df <= 0), 1.0, df), size)
    return np.where(normal, 2 * ndtr(size), np.where(df <= 0, np.nan, 2 * t))


def _one_df(shape: tuple[int, ...], df: Array) -> int:
    """The degrees of freedom of a large batch, if all are the same whole number; else 0."""
    if math.prod(shape) < LARGE or df.size == 0:
        return 0
    first = float(df.flat[0])
    usable = 2 <= first <= MOST_DF and first.is_integer() and bool((df == first).all())
    return int(first) if usable else 0


def _single_p(size: float, df: float) -> float | None:
    """Two-sided p-value of one statistic without SciPy; None where that is not as exact."""
    if math.isnan(df):
        p = 2 * normal_tail(size)
    elif 1 <= df <= MOST_DF and df.is_integer():
        p = 2 * t_tail(size, int(df))
    else:
        return None
    return p if p >= SMALLEST else None


def log10_two_sided_p(statistic: Array, df: Array, p: Array | None = None) -> Array:
    """Decimal logarithm of the two-sided p-value, also where the p-value is too small for a floating-point number.

    `p` is `two_sided_p` of the same, if that is known.
    """
    p = two_sided_p(statistic, df) if p is None else p
    statistic, df = np.broadcast_arrays(statistic, np.asarray(df, dtype=np.float64))
    with np.errstate(divide="ignore"):
        found = np.asarray(np.log10(p))
    normal = np.isnan(df)
    if normal.any():
        from scipy.special import log_ndtr

        found[normal] = (np.log(2) + log_ndtr(-np.abs(statistic[normal]))) / np.log(10)
    tiny = ~normal & (p < TINY)
    if tiny.any():
        from scipy.special import betaln, hyp2f1

        # p = I_x(df/2, 1/2) with x = df/(df + t^2); for small x its series converges at once.
        a, t = df[tiny] / 2, statistic[tiny]
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            log_x = -np.log1p(t**2 / (2 * a))
            tail = a * log_x - np.log(a) - betaln(a, 0.5) + np.log(hyp2f1(a, 0.5, a + 1, np.exp(log_x)))
        found[tiny] = tail / np.log(10)
    return found


def log10_chi2_upper_tail(statistic: Array, df: Array, p: Array | None = None) -> Array:
    """Decimal logarithm of `chi2_upper_tail`, also where that underflows; `p` is that value, if it is known."""
    p = chi2_upper_tail(statistic, df) if p is None else p
    statistic, df = np.broadcast_arrays(statistic, np.asarray(df, dtype=np.float64))
    with np.errstate(divide="ignore"):
        found = np.asarray(np.log10(p))
    tiny = p < TINY
    if tiny.any():
        from scipy.special import gammaln

        a, x = df[tiny] / 2, statistic[tiny] / 2
        # Continued fraction of the incomplete gamma function (DLMF 8.9.2), from its far end; used where x is far
        # above a.
        fraction = np.zeros(a.shape)
        for n in range(200, 0, -1):
            fraction = n * (n - a) / (x + 2 * n + 1 - a - fraction)
        with np.errstate(divide="ignore", invalid="ignore"):
            found[tiny] = (a * np.log(x) - x - gammaln(a) - np.log(x + 1 - a - fraction)) / np.log(10)
    return found


def chi2_upper_tail(statistic: Array, df: Array) -> Array:
    """P(chi2 with df > statistic); NaN where df < 1."""
    df = np.asarray(df, dtype=np.float64)
    if np.ndim(statistic) == 0 and df.ndim == 0 and 1 <= df <= MOST_DF and float(df).is_integer():
        q = max(float(statistic), 0.0)
        p = chi2_tail(q, int(df)) if math.isfinite(q) else 0.0
        if p >= SMALLEST:
            return np.array(p)
    from scipy.special import chdtrc

    one = _one_df(np.shape(statistic), df)
    if one:
        size = np.maximum(np.asarray(statistic, dtype=np.float64), 0)
        tails = chi2_tails(size, one)
        small = ~(tails >= SMALLEST)
        tails[small] = chdtrc(one, size[small])
        return tails
    return np.where(df < 1, np.nan, chdtrc(np.where(df < 1, 1.0, df), np.maximum(statistic, 0)))


def f_upper_tail(statistic: Array, df1: Array, df2: Array) -> Array:
    """P(F with df1, df2 > statistic)."""
    from scipy.special import fdtrc

    return np.asarray(fdtrc(df1, df2, np.maximum(statistic, 0)), dtype=np.float64)


def chi2_quantile(probability: float, df: Array) -> Array:
    """Quantile of chi2."""
    from scipy.special import chdtri

    return np.asarray(chdtri(df, 1 - probability), dtype=np.float64)


def prediction_interval(
    beta: Array, se: Array, tau2: Array, k: Array, p: int, method: str, level: float
) -> tuple[Array, Array, Array]:
    """Interval for the true effect of a new study, and its df.

    beta +/- q sqrt(tau2 + se^2), where q is a t quantile with k - p - 1 df (HTS; k - 2 without moderators), with
    k - p df (t), or a normal quantile (z). NaN where the df are below 1. `se` is the one the confidence interval
    uses. Reading: it holds the effects of new studies from the same population, if true effects are normal.

    References
    ----------
    Higgins, Thompson & Spiegelhalter 2009, doi:10.1111/j.1467-985X.2008.00552.x; Riley, Higgins & Deeks 2011,
    doi:10.1136/bmj.d549.
    """
    df = k - p - PI_METHODS[method].loss
    half = quantile((1 + level) / 2, df) * np.sqrt(tau2 + se * se)
    return beta - half, beta + half, df
