"""Mean and SD from a median with the range, the quartiles or both; a test whether such numbers look skewed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metarepro.effects.checks import Array, refuse
from metarepro.effects.converted import (
    ConvertedQuantiles,
    SkewnessTest,
    check_option,
    in_rows,
    need_sizes,
    take,
)
from metarepro.errors import DataError

QuantileMethod = Literal["luo-wan", "wan", "mcgrath-qe"]
_GIVEN = {
    "S1": "median, minimum and maximum",
    "S2": "median and quartiles",
    "S3": "median, quartiles, minimum and maximum",
}
_WAN = "Wan et al. 2014, doi:10.1186/1471-2288-14-135"
_LUO = "Luo et al. 2018, doi:10.1177/0962280216669183"
_SHI = "Shi et al. 2020, doi:10.1002/jrsm.1429"
_MCGRATH = "McGrath et al. 2020, doi:10.1177/0962280219889080"


def mean_sd_from_quantiles(
    n: ArrayLike,
    median: ArrayLike,
    minimum: ArrayLike | None = None,
    maximum: ArrayLike | None = None,
    q1: ArrayLike | None = None,
    q3: ArrayLike | None = None,
    method: QuantileMethod = "luo-wan",
) -> ConvertedQuantiles:
    """Mean and SD of an arm from its median with the range (S1), the quartiles (S2), or both (S3).

    Each study is treated by what it gives; an end without its partner (a minimum alone) is not used. When not to use:
    ``luo-wan`` and ``wan`` assume normal data, so not where `quantiles_look_skewed` says otherwise; no method makes a
    mean out of data with several peaks, a floor or a ceiling.

    Parameters
    ----------
    n : array_like
        Patients analysed, 2 or more (``mcgrath-qe``: 3 or more with a range).
    median : array_like
        Medians, in the unit of the outcome.
    minimum, maximum, q1, q3 : array_like, optional
        Range and quartiles; NaN where a study does not give them.
    method : {'luo-wan', 'wan', 'mcgrath-qe'}
        ``luo-wan``: mean of Luo 2018; SD of Wan 2014, or of Shi 2020 with all five numbers. ``wan``: both of Wan 2014.
        ``mcgrath-qe``: the best fitting of the normal, log-normal, gamma, Weibull and beta distributions by least
        squares on the quantiles, all but the normal only for positive numbers and the beta only below 1; minimum and
        maximum stand for the quantiles 1/n and 1 - 1/n. For skewed data.

    Returns
    -------
    ConvertedQuantiles
        NaN where a study gives neither range nor quartiles.

    References
    ----------
    Luo et al. 2018, doi:10.1177/0962280216669183; Wan et al. 2014, doi:10.1186/1471-2288-14-135; Shi et al. 2020,
    doi:10.1002/jrsm.1429; McGrath et al. 2020, doi:10.1177/0962280219889080.

    Examples
    --------
    >>> m = mean_sd_from_quantiles(40, 12.0, q1=9.0, q3=16.0)
    >>> print(round(m.mean[0], 2), round(m.sd[0], 2))
    12.35 5.38
    """
    check_option("method", method, get_args(QuantileMethod))
    x, scenario = _take_quantiles(n, median, minimum, maximum, q1, q3)
    need_sizes(2, n=x["n"])
    if method == "mcgrath-qe":
        mean, sd, distribution = _quantile_estimation(x, scenario)
        how = (
            "as mean and SD of the distribution that fits the quantiles best by least squares, out of normal, "
            f"log-normal, gamma, Weibull and beta ({_MCGRATH})"
        )
    else:
        mean = (_luo_mean if method == "luo-wan" else _wan_mean)(x, scenario)
        sd = _normal_sd(x, scenario, smooth=method == "luo-wan")
        distribution = np.where(np.isnan(mean + sd), "", "normal")
        three, five = np.isin(scenario, ["S1", "S2"]).any(), (scenario == "S3").any()
        sd_by = [_WAN] if three or method == "wan" else []
        sd_by += [f"{_SHI} (with all five numbers)"] if five and method == "luo-wan" else []
        mean_by = _LUO if method == "luo-wan" else _WAN
        how = f"assuming normal data: mean by {mean_by}, SD by {' and '.join(sd_by) or _WAN}"
    text = f"Mean and SD estimated from {_describe(scenario)}, {how}."
    if method == "mcgrath-qe" and (distribution != "").any():
        chosen = sorted(set(distribution.tolist()) - {""})
        text = f"{text[:-1]}; chosen: {', '.join(f'{d}{in_rows(distribution == d)}' for d in chosen)}."
    return ConvertedQuantiles(mean, sd, x["n"], text, tuple(scenario.tolist()), tuple(distribution.tolist()))


def quantiles_look_skewed(
    n: ArrayLike,
    median: ArrayLike,
    minimum: ArrayLike | None = None,
    maximum: ArrayLike | None = None,
    q1: ArrayLike | None = None,
    q3: ArrayLike | None = None,
) -> SkewnessTest:
    """Test at the 0.05 level whether a median, range and quartiles can come from normal data.

    When not to use: as a proof of symmetry. With few patients only gross skewness is found, and numbers rounded to
    few digits are found skewed or symmetric by the rounding.

    Parameters
    ----------
    n : array_like
        Patients analysed, 5 or more.
    median : array_like
        Medians, in the unit of the outcome.
    minimum, maximum, q1, q3 : array_like, optional
        Range and quartiles; NaN where a study does not give them.

    Notes
    -----
    S1: abs(a + b - 2 m) / (b - a) against 1 / log(n + 9) + 2.5 / (n + 1). S2: abs(q1 + q3 - 2 m) / (q3 - q1) against
    2.65 / sqrt(n) - 6 / n^2. S3: the larger of 2.65 log(0.6 n) / sqrt(n) times the first and the second, against
    3 / sqrt(n) - 40 / n^3.

    References
    ----------
    Shi et al. 2023, doi:10.1177/09622802231172043.

    Examples
    --------
    >>> print(bool(quantiles_look_skewed(40, 12.0, q1=11.0, q3=20.0).skewed[0]))
    True
    """
    x, scenario = _take_quantiles(n, median, minimum, maximum, q1, q3)
    need_sizes(5, n=x["n"])
    size, m = x["n"], x["median"]
    by_range = np.abs(x["minimum"] + x["maximum"] - 2 * m) / (x["maximum"] - x["minimum"])
    by_quartiles = np.abs(x["q1"] + x["q3"] - 2 * m) / (x["q3"] - x["q1"])
    both = np.maximum(2.65 * np.log(0.6 * size) / np.sqrt(size) * by_range, by_quartiles)
    statistic = _by_scenario(scenario, by_range, by_quartiles, both)
    critical = _by_scenario(
        scenario,
        1 / np.log(size + 9) + 2.5 / (size + 1),
        2.65 / np.sqrt(size) - 6 / size**2,
        3 / np.sqrt(size) - 40 / size**3,
    )
    skewed = statistic > critical
    text = (
        f"Skewness tested at the 0.05 level on {_describe(scenario)} (Shi et al. 2023, doi:10.1177/09622802231172043)"
    )
    if skewed.any():
        text += f"; skewed{in_rows(skewed)}"
    return SkewnessTest(statistic, critical, skewed, tuple(scenario.tolist()), text + ".")


def _take_quantiles(
    n: ArrayLike,
    median: ArrayLike,
    minimum: ArrayLike | None,
    maximum: ArrayLike | None,
    q1: ArrayLike | None,
    q3: ArrayLike | None,
) -> tuple[dict[str, Array], NDArray[np.str_]]:
    """Columns in the order of size, and what each study gives: S1, S2, S3, or nothing that can be used."""
    given = {"minimum": minimum, "q1": q1, "median": median, "q3": q3, "maximum": maximum}
    if (minimum is None or maximum is None) and (q1 is None or q3 is None):
        raise DataError("Needed beside n and median: minimum and maximum, or q1 and q3, or all four.")
    x = take(**{name: np.nan if values is None else values for name, values in given.items()}, n=n)
    names = list(given)
    for i, lower in enumerate(names):
        for upper in names[i + 1 :]:
            pair = {lower: x[lower], upper: x[upper]}
            refuse(x[lower] > x[upper], f"{lower} is above {upper}", "Are two numbers swapped?", **pair)
    ends = {"minimum": "maximum", "q1": "q3"}
    for lower, upper in ends.items():
        fix = "Such numbers say nothing about the SD; leave the two out."
        refuse(x[lower] == x[upper], f"{lower} equals {upper}", fix, **{lower: x[lower], upper: x[upper]})
    has_range, has_quartiles = (~np.isnan(x[lower] + x[upper]) for lower, upper in ends.items())
    known = ~np.isnan(x["n"] + x["median"])
    scenario = np.select(
        [known & has_range & has_quartiles, known & has_range, known & has_quartiles], ["S3", "S1", "S2"], ""
    )
    return x, scenario


def _by_scenario(scenario: NDArray[np.str_], s1: Array, s2: Array, s3: Array) -> Array:
    return np.select([scenario == "S1", scenario == "S2", scenario == "S3"], [s1, s2, s3], np.nan)


def _describe(scenario: NDArray[np.str_]) -> str:
    found = [f"{words} ({key}{in_rows(scenario == key)})" for key, words in _GIVEN.items() if key in scenario]
    return "; ".join(found) or "too few numbers"


def _luo_mean(x: dict[str, Array], scenario: NDArray[np.str_]) -> Array:
    n, m = x["n"], x["median"]
    mid_range, mid_quartiles = (x["minimum"] + x["maximum"]) / 2, (x["q1"] + x["q3"]) / 2
    w1, w2 = 4 / (4 + n**0.75), 0.7 + 0.39 / n
    v1, v2 = 2.2 / (2.2 + n**0.75), 0.7 - 0.72 / n**0.55
    return _by_scenario(
        scenario,
        w1 * mid_range + (1 - w1) * m,
        w2 * mid_quartiles + (1 - w2) * m,
        v1 * mid_range + v2 * mid_quartiles + (1 - v1 - v2) * m,
    )


def _wan_mean(x: dict[str, Array], scenario: NDArray[np.str_]) -> Array:
    ends, quartiles, m = x["minimum"] + x["maximum"], x["q1"] + x["q3"], x["median"]
    return _by_scenario(scenario, (ends + 2 * m) / 4, (quartiles + m) / 3, (ends + 2 * quartiles + 2 * m) / 8)


def _normal_sd(x: dict[str, Array], scenario: NDArray[np.str_], smooth: bool) -> Array:
    """SD of Wan 2014; with all five numbers, the weight of Shi 2020 when `smooth`, one half otherwise."""
    from scipy.special import ndtri

    n = x["n"]
    # Wan's xi(n) and eta(n): what range and interquartile range of n standard normal values are on average.
    by_range = (x["maximum"] - x["minimum"]) / (2 * ndtri((n - 0.375) / (n + 0.25)))
    by_quartiles = (x["q3"] - x["q1"]) / (2 * ndtri((0.75 * n - 0.125) / (n + 0.25)))
    w = 1 / (1 + 0.07 * n**0.6) if smooth else np.full(n.shape, 0.5)
    return _by_scenario(scenario, by_range, by_quartiles, w * by_range + (1 - w) * by_quartiles)


def _quantile_estimation(x: dict[str, Array], scenario: NDArray[np.str_]) -> tuple[Array, Array, NDArray[np.str_]]:
    few = (x["n"] < 3) & np.isin(scenario, ["S1", "S3"])
    refuse(few, "n is below 3", "The minimum then is no lower quantile than the median; use another method.", n=x["n"])
    mean, sd = np.full(scenario.shape, np.nan), np.full(scenario.shape, np.nan)
    chosen = np.full(scenario.shape, "", dtype="<U10")
    used = {"S1": [0, 2, 4], "S2": [1, 2, 3], "S3": [0, 1, 2, 3, 4]}
    names = ["minimum", "q1", "median", "q3", "maximum"]
    for row in np.flatnonzero(scenario != ""):
        pick = used[str(scenario.flat[row])]
        p = np.array([1 / x["n"].flat[row], 0.25, 0.5, 0.75, 1 - 1 / x["n"].flat[row]])[pick]
        chosen.flat[row], mean.flat[row], sd.flat[row] = _best_fit(
            np.array([x[name].flat[row] for name in names])[pick], p
        )
    return mean, sd, chosen


def _best_fit(q: Array, p: Array) -> tuple[str, float, float]:
    """Name, mean and SD of the distribution whose quantiles at `p` are nearest to `q`."""
    from scipy.special import gammaincinv, gammaln, ndtri

    z = ndtri(p)
    sigma = float((z - z.mean()) @ q / ((z - z.mean()) @ (z - z.mean())))
    mu = float(q.mean() - sigma * z.mean())
    fits = [(float(np.sum((q - mu - sigma * z) ** 2)), "normal", mu, sigma)]
    if q[0] > 0:
        # Each is a scale times the quantiles of a shape, so only the shape needs a search.
        loss, s, scale = _fit_shape(q, lambda s: np.exp(s * z), 1e-3, 5)
        mean = scale * np.exp(s**2 / 2)
        fits.append((loss, "log-normal", mean, mean * np.sqrt(np.expm1(s**2))))
        loss, k, scale = _fit_shape(q, lambda k: gammaincinv(k, p), 1e-2, 1e6)
        fits.append((loss, "gamma", k * scale, np.sqrt(k) * scale))
        loss, c, scale = _fit_shape(q, lambda c: (-np.log1p(-p)) ** (1 / c), 0.1, 1e3)
        first, second = gammaln(1 + 1 / c), gammaln(1 + 2 / c)
        fits.append((loss, "Weibull", scale * np.exp(first), scale * np.sqrt(np.exp(second) - np.exp(2 * first))))
        if q[-1] < 1:
            fits.append(_fit_beta(q, p, mu, sigma))
    # A fit is better only if it is so beyond rounding; the normal one goes first.
    best = fits[0]
    for fit in fits[1:]:
        if fit[0] < best[0] - 1e-12 * float(q @ q):
            best = fit
    return best[1], float(best[2]), float(best[3])


def _fit_shape(q: Array, unit: Callable[[float], Array], low: float, high: float) -> tuple[float, float, float]:
    """Least-squares loss, shape and scale: the scale by its formula, the shape by grid and bounded search."""
    from scipy.optimize import minimize_scalar

    def scale_of(shape: float) -> tuple[float, float]:
        u = unit(shape)
        scale = float(q @ u / (u @ u)) if np.all(np.isfinite(u)) and u @ u > 0 else 0.0
        return scale, float(np.sum((q - scale * u) ** 2))

    def loss(log_shape: float) -> float:
        return scale_of(float(np.exp(log_shape)))[1]

    grid = np.linspace(np.log(low), np.log(high), 120)
    at = int(np.argmin([loss(g) for g in grid]))
    bounds = (grid[max(at - 1, 0)], grid[min(at + 1, grid.size - 1)])
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-10})
    shape = float(np.exp(found.x))
    scale, least = scale_of(shape)
    return least, shape, scale


def _fit_beta(q: Array, p: Array, mu: float, sigma: float) -> tuple[float, str, float, float]:
    from scipy.optimize import minimize
    from scipy.special import betaincinv

    def loss(logs: Array) -> float:
        return float(np.sum((q - betaincinv(np.exp(logs[0]), np.exp(logs[1]), p)) ** 2))

    # Start where mean and variance are those of the normal fit.
    centre = min(max(mu, 0.01), 0.99)
    total = max(centre * (1 - centre) / max(sigma, 1e-6) ** 2 - 1, 0.1)
    start = np.log([centre * total, (1 - centre) * total])
    options = {"xatol": 1e-9, "fatol": 1e-18, "maxiter": 4000, "maxfev": 4000}
    found = minimize(loss, start, method="Nelder-Mead", bounds=[(-7, 16)] * 2, options=options)
    a, b = np.exp(found.x)
    mean = a / (a + b)
    return float(found.fun), "beta", float(mean), float(np.sqrt(mean * (1 - mean) / (a + b + 1)))
