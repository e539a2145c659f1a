"""SDs from what papers print instead: a standard error, a confidence interval, t, p or F."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from metarepro.effects.checks import Array
from metarepro.effects.converted import (
    HANDBOOK,
    Converted,
    check_option,
    need,
    need_interval,
    need_p,
    need_positive,
    need_sizes,
    take,
)
from metarepro.effects.levels import check_level

Distribution = Literal["t", "normal"]
_EQUAL = "assuming one SD in both arms"


def sd_from_se(se: ArrayLike, n: ArrayLike) -> Converted:
    """SD of one arm from the standard error of its mean: SE sqrt(n).

    When not to use: with the SE of a difference between arms (`sd_pooled_from_se`), an adjusted or model-based mean
    (its SE is not SD / sqrt(n)), or clustered data.

    Parameters
    ----------
    se : array_like
        Standard error of the mean, in the unit of the outcome, > 0.
    n : array_like
        Patients analysed in the arm.

    References
    ----------
    Cochrane Handbook 6.5.2.2, doi:10.1002/9781119536604.ch6.

    Examples
    --------
    >>> print(sd_from_se(1.2, n=25).value[0])
    6.0
    """
    x = take(se=se, n=n)
    need_positive(se=x["se"])
    need_sizes(1, n=x["n"])
    return Converted(x["se"] * np.sqrt(x["n"]), f"SD = SE * sqrt(n) (Cochrane Handbook 6.5.2.2, {HANDBOOK}).")


def sd_from_ci(
    ci_low: ArrayLike, ci_high: ArrayLike, n: ArrayLike, level: float = 0.95, distribution: Distribution = "t"
) -> Converted:
    """SD of one arm from the confidence interval of its mean: sqrt(n) (high - low) / (2 quantile).

    When not to use: with the interval of a difference between arms (`sd_pooled_from_ci`), of a median, or of a
    geometric mean (take logs first).

    Parameters
    ----------
    ci_low, ci_high : array_like
        Bounds, in the unit of the outcome.
    n : array_like
        Patients analysed in the arm.
    level : float
        Confidence level, 0.95 for 95 %.
    distribution : {'t', 'normal'}
        Which quantile the interval was made with: t with n - 1 degrees of freedom, or the normal one (1.96).

    References
    ----------
    Cochrane Handbook 6.5.2.2, doi:10.1002/9781119536604.ch6.

    Examples
    --------
    >>> print(round(sd_from_ci(10.2, 14.6, n=25).value[0], 2))
    5.33
    """
    x = take(ci_low=ci_low, ci_high=ci_high, n=n)
    need_interval(x["ci_low"], x["ci_high"])
    quantile, words = _interval_quantile(level, distribution, x["n"] - 1, "n - 1", n=x["n"])
    sd = np.sqrt(x["n"]) * (x["ci_high"] - x["ci_low"]) / (2 * quantile)
    return Converted(
        sd,
        f"SD = sqrt(n) * (upper - lower) / (2 * quantile) from the {level:.4g} confidence interval of the arm's mean, "
        f"{words} (Cochrane Handbook 6.5.2.2, {HANDBOOK}).",
    )


def sd_pooled_from_se(se: ArrayLike, n1: ArrayLike, n2: ArrayLike) -> Converted:
    """Pooled SD of two arms from the standard error of their mean difference: SE / sqrt(1/n1 + 1/n2).

    When not to use: with an adjusted difference (ANCOVA, mixed model), whose SE is smaller, or a difference of the
    same patients (cross-over). If the SDs differ much between arms, the result is right for neither.

    Parameters
    ----------
    se : array_like
        Standard error of the mean difference, in the unit of the outcome, > 0.
    n1, n2 : array_like
        Patients analysed in each arm.

    References
    ----------
    Cochrane Handbook 6.5.2.3, doi:10.1002/9781119536604.ch6.

    Examples
    --------
    >>> print(round(sd_pooled_from_se(1.4, n1=20, n2=22).value[0], 2))
    4.53
    """
    x = take(se=se, n1=n1, n2=n2)
    need_positive(se=x["se"])
    return _pooled(x["se"], x["n1"], x["n2"], "the SE of the difference in means")


def sd_pooled_from_ci(
    ci_low: ArrayLike,
    ci_high: ArrayLike,
    n1: ArrayLike,
    n2: ArrayLike,
    level: float = 0.95,
    distribution: Distribution = "t",
) -> Converted:
    """Pooled SD of two arms from the confidence interval of their mean difference.

    SE = (high - low) / (2 quantile), then as `sd_pooled_from_se`, where it also says when not to use it.

    Parameters
    ----------
    ci_low, ci_high : array_like
        Bounds of the mean difference, in the unit of the outcome.
    n1, n2 : array_like
        Patients analysed in each arm.
    level : float
        Confidence level, 0.95 for 95 %.
    distribution : {'t', 'normal'}
        Which quantile the interval was made with: t with n1 + n2 - 2 degrees of freedom, or the normal one.

    References
    ----------
    Cochrane Handbook 6.5.2.3, doi:10.1002/9781119536604.ch6.

    Examples
    --------
    >>> print(round(sd_pooled_from_ci(-7.1, -1.3, n1=20, n2=22).value[0], 2))
    4.64
    """
    x = take(ci_low=ci_low, ci_high=ci_high, n1=n1, n2=n2)
    need_interval(x["ci_low"], x["ci_high"])
    sizes = {"n1": x["n1"], "n2": x["n2"]}
    quantile, words = _interval_quantile(level, distribution, x["n1"] + x["n2"] - 2, "n1 + n2 - 2", **sizes)
    se = (x["ci_high"] - x["ci_low"]) / (2 * quantile)
    source = f"the {level:.4g} confidence interval of the difference in means, SE = (upper - lower) / (2 * quantile)"
    return _pooled(se, x["n1"], x["n2"], f"{source}, {words}")


def sd_pooled_from_t(mean_difference: ArrayLike, t: ArrayLike, n1: ArrayLike, n2: ArrayLike) -> Converted:
    """Pooled SD of two arms from their mean difference and its t statistic: SE = abs(difference / t).

    When not to use: with a paired t, a Welch t of arms whose SDs differ, or a t near 0, where rounding decides. Signs
    are ignored, as papers leave them out.

    Parameters
    ----------
    mean_difference : array_like
        Difference of the means, in the unit of the outcome, not 0.
    t : array_like
        Student's t of that difference, not 0.
    n1, n2 : array_like
        Patients analysed in each arm.

    References
    ----------
    Cochrane Handbook 6.5.2.3, doi:10.1002/9781119536604.ch6.

    Examples
    --------
    >>> print(round(sd_pooled_from_t(-4.2, -2.93, n1=20, n2=22).value[0], 2))
    4.64
    """
    x = take(mean_difference=mean_difference, t=t, n1=n1, n2=n2)
    need(x["t"] != 0, "t is 0", "Such a t says nothing about the SD; use another statistic.", t=x["t"])
    return _pooled_from_difference(x, np.abs(x["t"]), "t, SE = |difference / t|")


def sd_pooled_from_p(mean_difference: ArrayLike, p: ArrayLike, n1: ArrayLike, n2: ArrayLike) -> Converted:
    """Pooled SD of two arms from their mean difference and the exact two-sided p of its t-test.

    When not to use: with a bound ("<0.05"), a rank test, an adjusted or paired test. The rounding of a printed p
    carries over: p = 0.02 means 0.015 to 0.025.

    Parameters
    ----------
    mean_difference : array_like
        Difference of the means, in the unit of the outcome, not 0.
    p : array_like
        Exact two-sided p of the unpaired t-test with n1 + n2 - 2 degrees of freedom, above 0 and below 1.
    n1, n2 : array_like
        Patients analysed in each arm.

    References
    ----------
    Cochrane Handbook 6.5.2.3, doi:10.1002/9781119536604.ch6.

    Examples
    --------
    >>> print(round(sd_pooled_from_p(-4.2, 0.006, n1=20, n2=22).value[0], 2))
    4.68
    """
    from scipy.special import stdtrit

    x = take(mean_difference=mean_difference, p=p, n1=n1, n2=n2)
    need_p(x["p"])
    need_sizes(3, **{"n1 + n2": x["n1"] + x["n2"]})
    t = -np.asarray(stdtrit(x["n1"] + x["n2"] - 2, x["p"] / 2))
    source = "the two-sided p of a t-test with n1 + n2 - 2 degrees of freedom, SE = |difference / t|"
    return _pooled_from_difference(x, t, source)


def sd_pooled_from_f(mean_difference: ArrayLike, f: ArrayLike, n1: ArrayLike, n2: ArrayLike) -> Converted:
    """Pooled SD of two arms from their mean difference and F(1, n1 + n2 - 2): t = sqrt(F).

    When not to use: with an F of more than two groups, of an analysis with covariates, or of an interaction.

    Parameters
    ----------
    mean_difference : array_like
        Difference of the means, in the unit of the outcome, not 0.
    f : array_like
        F of the one-way analysis of variance of the two arms, > 0.
    n1, n2 : array_like
        Patients analysed in each arm.

    References
    ----------
    Cochrane Handbook 6.5.2.3, doi:10.1002/9781119536604.ch6.

    Examples
    --------
    >>> print(round(sd_pooled_from_f(-4.2, 8.6, n1=20, n2=22).value[0], 2))
    4.64
    """
    x = take(mean_difference=mean_difference, f=f, n1=n1, n2=n2)
    need_positive(f=x["f"])
    return _pooled_from_difference(x, np.sqrt(x["f"]), "F(1, n1 + n2 - 2), SE = |difference| / sqrt(F)")


def _interval_quantile(
    level: float, distribution: Distribution, df: Array, df_words: str, **sizes: Array
) -> tuple[Array, str]:
    from scipy.special import ndtri, stdtrit

    check_option("distribution", distribution, get_args(Distribution))
    upper = (1 + check_level(level)) / 2
    need_sizes(1, **sizes)
    if distribution == "normal":
        return np.full(df.shape, float(ndtri(upper))), "taken as a normal interval"
    need(df >= 1, f"A t interval needs {df_words} of 1 or more", "Give the numbers of patients.", **sizes)
    return np.asarray(stdtrit(df, upper)), f"taken as a t interval with {df_words} degrees of freedom"


def _pooled(se: Array, n1: Array, n2: Array, source: str) -> Converted:
    need_sizes(1, n1=n1, n2=n2)
    return Converted(
        se / np.sqrt(1 / n1 + 1 / n2),
        f"Pooled SD = SE / sqrt(1/n1 + 1/n2) from {source}, {_EQUAL} (Cochrane Handbook 6.5.2.3, {HANDBOOK}).",
    )


def _pooled_from_difference(x: dict[str, Array], t: Array, source: str) -> Converted:
    difference = x["mean_difference"]
    fix = "A difference of 0 says nothing about the SD; use another statistic."
    need(difference != 0, "mean_difference is 0", fix, mean_difference=difference)
    return _pooled(np.abs(difference) / t, x["n1"], x["n2"], f"the difference in means and {source}")
