"""From one effect to another: SMD, odds ratio, r, t and F; hazard ratios from what papers print."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from metarepro.effects.checks import Array, refuse
from metarepro.effects.converted import (
    ConvertedEffect,
    check_option,
    need,
    need_interval,
    need_p,
    need_positive,
    need_sizes,
    take,
)
from metarepro.effects.generic import se_from_interval, se_from_p
from metarepro.effects.levels import check_level
from metarepro.effects.means import hedges_j
from metarepro.errors import ConfigError, DataError

LogisticMethod = Literal["logistic", "cox"]
_FACTORS = {"logistic": np.pi / np.sqrt(3), "cox": 1.65}
_SOURCES = {
    "logistic": "pi / sqrt(3), assuming a logistic outcome of one SD in both arms (Hasselblad & Hedges 1995, "
    "doi:10.1037/0033-2909.117.1.167)",
    "cox": "1.65, assuming a dichotomised continuous outcome of one SD in both arms (Cox; Sanchez-Meca et al. 2003, "
    "doi:10.1037/1082-989X.8.4.448)",
}
_BORENSTEIN = "Borenstein et al. 2009, doi:10.1002/9780470743386.ch7"
_PARMAR = "Parmar et al. 1998, doi:10.1002/(SICI)1097-0258(19981230)17:24<2815::AID-SIM110>3.0.CO;2-8"
_TIERNEY = "Tierney et al. 2007, doi:10.1186/1745-6215-8-16"


def smd_from_log_or(log_or: ArrayLike, se: ArrayLike, method: LogisticMethod = "logistic") -> ConvertedEffect:
    """Standardised mean difference from a log odds ratio: log OR over pi / sqrt(3), or over 1.65.

    When not to use: when the outcome has no continuous scale behind it (death), or the event is rare: the odds ratio
    then rests on the tail, where the assumed shape decides.

    Parameters
    ----------
    log_or, se : array_like
        Natural log of the odds ratio and its standard error, > 0.
    method : {'logistic', 'cox'}
        Factor pi / sqrt(3) = 1.814, or 1.65.

    Returns
    -------
    ConvertedEffect
        SMD; its sign is that of the log odds ratio (an event is a high value).

    References
    ----------
    Hasselblad & Hedges 1995, doi:10.1037/0033-2909.117.1.167; Sanchez-Meca, Marin-Martinez & Chacon-Moscoso 2003,
    doi:10.1037/1082-989X.8.4.448; Borenstein et al. 2009, doi:10.1002/9780470743386.ch7.

    Examples
    --------
    >>> e = smd_from_log_or(0.9, 0.35)
    >>> print(round(e.estimate[0], 3), round(e.se[0], 3))
    0.496 0.193
    """
    check_option("method", method, get_args(LogisticMethod))
    x = take(log_or=log_or, se=se)
    need_positive(se=x["se"])
    factor = _FACTORS[method]
    text = f"SMD = log OR / k and SE = SE(log OR) / k with k = {_SOURCES[method]}."
    return ConvertedEffect(x["log_or"] / factor, x["se"] / factor, text)


def log_or_from_smd(smd: ArrayLike, se: ArrayLike, method: LogisticMethod = "logistic") -> ConvertedEffect:
    """Log odds ratio from a standardised mean difference: the reverse of `smd_from_log_or`, with the same limits.

    Parameters
    ----------
    smd, se : array_like
        Standardised mean difference between two arms and its standard error, > 0.
    method : {'logistic', 'cox'}
        Factor pi / sqrt(3) = 1.814, or 1.65.

    Returns
    -------
    ConvertedEffect
        Natural log of the odds ratio.

    References
    ----------
    As `smd_from_log_or`.

    Examples
    --------
    >>> e = log_or_from_smd(0.5, 0.2)
    >>> print(round(e.estimate[0], 3), round(e.se[0], 3))
    0.907 0.363
    """
    check_option("method", method, get_args(LogisticMethod))
    x = take(smd=smd, se=se)
    need_positive(se=x["se"])
    factor = _FACTORS[method]
    text = f"log OR = k SMD and SE = k SE(SMD) with k = {_SOURCES[method]}."
    return ConvertedEffect(x["smd"] * factor, x["se"] * factor, text)


def smd_from_r(r: ArrayLike, se: ArrayLike) -> ConvertedEffect:
    """Standardised mean difference from a correlation: d = 2 r / sqrt(1 - r^2), SE = 2 SE(r) / (1 - r^2)^1.5.

    When not to use: when r is between two continuous variables neither of which would be cut into two groups, or when
    groups would be very unequal: the 2 stands for equal groups.

    Parameters
    ----------
    r, se : array_like
        Correlation, strictly between -1 and 1, and its standard error (not that of Fisher's z), > 0.

    References
    ----------
    Borenstein et al. 2009, chapter 7, doi:10.1002/9780470743386.ch7.

    Examples
    --------
    >>> e = smd_from_r(0.3, 0.1)
    >>> print(round(e.estimate[0], 3), round(e.se[0], 3))
    0.629 0.23
    """
    x = take(r=r, se=se)
    need(np.abs(x["r"]) < 1, "r is not a correlation between -1 and 1", "A perfect one has no SMD.", r=x["r"])
    need_positive(se=x["se"])
    rest = 1 - x["r"] ** 2
    text = f"SMD = 2 r / sqrt(1 - r^2), SE = 2 SE(r) / (1 - r^2)^1.5, assuming groups of equal size ({_BORENSTEIN})."
    return ConvertedEffect(2 * x["r"] / np.sqrt(rest), 2 * x["se"] / rest**1.5, text)


def r_from_smd(
    smd: ArrayLike, se: ArrayLike, n1: ArrayLike | None = None, n2: ArrayLike | None = None
) -> ConvertedEffect:
    """Correlation from a standardised mean difference: r = d / sqrt(d^2 + a), a = (n1 + n2)^2 / (n1 n2).

    When not to use: when the groups are the ends of a scale whose middle was left out: r comes out too large.

    Parameters
    ----------
    smd, se : array_like
        Standardised mean difference (Cohen's d) and its standard error, > 0.
    n1, n2 : array_like, optional
        Sizes of the groups; equal ones (a = 4) when neither is given.

    Returns
    -------
    ConvertedEffect
        r and its standard error a SE(d) / (d^2 + a)^1.5.

    References
    ----------
    Borenstein et al. 2009, chapter 7, doi:10.1002/9780470743386.ch7.

    Examples
    --------
    >>> e = r_from_smd(0.5, 0.2)
    >>> print(round(e.estimate[0], 3), round(e.se[0], 3))
    0.243 0.091
    """
    if (n1 is None) != (n2 is None):
        raise DataError("r_from_smd needs both n1 and n2, or neither.")
    sizes = {} if n1 is None else {"n1": n1, "n2": n2}
    x = take(smd=smd, se=se, **sizes)
    need_positive(se=x["se"])
    if sizes:
        need_sizes(1, n1=x["n1"], n2=x["n2"])
        a, words = (x["n1"] + x["n2"]) ** 2 / (x["n1"] * x["n2"]), "a = (n1 + n2)^2 / (n1 n2)"
    else:
        a, words = np.full(x["smd"].shape, 4.0), "a = 4, assuming groups of equal size"
    full = x["smd"] ** 2 + a
    text = f"r = SMD / sqrt(SMD^2 + a), SE = a SE(SMD) / (SMD^2 + a)^1.5, {words} ({_BORENSTEIN})."
    return ConvertedEffect(x["smd"] / np.sqrt(full), a * x["se"] / full**1.5, text)


def smd_from_t(t: ArrayLike, n1: ArrayLike, n2: ArrayLike, hedges: bool = True) -> ConvertedEffect:
    """Standardised mean difference from Student's t of two independent arms: d = t sqrt(1/n1 + 1/n2).

    When not to use: with a paired t, an adjusted one, or a Welch t of arms whose SDs differ.

    Parameters
    ----------
    t : array_like
        Student's t, with the sign of arm 1 minus arm 2: papers often leave it out.
    n1, n2 : array_like
        Patients analysed in each arm, 4 or more together.
    hedges : bool
        Whether d is multiplied by the exact small-sample correction J (Hedges g), as the SMD of `effect_sizes` is.

    Returns
    -------
    ConvertedEffect
        SMD with SE sqrt(1/n1 + 1/n2 + SMD^2 / (2 (n1 + n2))).

    References
    ----------
    Borenstein et al. 2009, doi:10.1002/9780470743386.ch4; Hedges 1981, doi:10.3102/10769986006002107.

    Examples
    --------
    >>> e = smd_from_t(-2.93, n1=20, n2=22)
    >>> print(round(e.estimate[0], 3), round(e.se[0], 3))
    -0.888 0.324
    """
    x = take(t=t, n1=n1, n2=n2)
    return _smd(x["t"], x["n1"], x["n2"], hedges, "t sqrt(1/n1 + 1/n2), t being Student's")


def smd_from_f(f: ArrayLike, n1: ArrayLike, n2: ArrayLike, sign: ArrayLike, hedges: bool = True) -> ConvertedEffect:
    """Standardised mean difference from F(1, n1 + n2 - 2) of two independent arms: abs(t) = sqrt(F).

    When not to use: with an F of more than two groups, of an analysis with covariates, or of an interaction.

    Parameters
    ----------
    f : array_like
        F of the one-way analysis of variance, 0 or more.
    n1, n2 : array_like
        Patients analysed in each arm, 4 or more together.
    sign : array_like
        1 where arm 1 has the higher mean, -1 where arm 2 has it: F does not say.
    hedges : bool
        As in `smd_from_t`.

    References
    ----------
    As `smd_from_t`.

    Examples
    --------
    >>> e = smd_from_f(8.6, n1=20, n2=22, sign=-1)
    >>> print(round(e.estimate[0], 3), round(e.se[0], 3))
    -0.889 0.324
    """
    x = take(f=f, n1=n1, n2=n2, sign=sign)
    need(x["f"] >= 0, "f is negative", "An F statistic is 0 or more.", f=x["f"])
    fix = "Give 1 where arm 1 has the higher mean, -1 where arm 2 has it."
    need(np.abs(x["sign"]) == 1, "sign is neither 1 nor -1", fix, sign=x["sign"])
    words = "sign sqrt(F) sqrt(1/n1 + 1/n2), the sign from the direction of the means"
    return _smd(x["sign"] * np.sqrt(x["f"]), x["n1"], x["n2"], hedges, words)


def log_hr_from_ci(hr: ArrayLike, ci_low: ArrayLike, ci_high: ArrayLike, level: float = 0.95) -> ConvertedEffect:
    """Log hazard ratio and its standard error from the hazard ratio and its confidence interval.

    SE = (log high - log low) / (2 z). When not to use: with an interval that is not symmetric on the log scale (an
    exact or profile one), or with bounds of one or two digits, whose rounding is most of the SE.

    Parameters
    ----------
    hr, ci_low, ci_high : array_like
        Hazard ratio and bounds as printed (not logs), all > 0.
    level : float
        Confidence level, 0.95 for 95 %.

    References
    ----------
    Parmar et al. 1998, doi:10.1002/(SICI)1097-0258(19981230)17:24<2815::AID-SIM110>3.0.CO;2-8; Tierney et al. 2007,
    doi:10.1186/1745-6215-8-16.

    Examples
    --------
    >>> e = log_hr_from_ci(0.70, 0.50, 0.98)
    >>> print(round(e.estimate[0], 3), round(e.se[0], 3))
    -0.357 0.172
    """
    x = take(hr=hr, ci_low=ci_low, ci_high=ci_high)
    need_positive(**x)
    need_interval(x["ci_low"], x["ci_high"])
    outside = (x["hr"] < x["ci_low"]) | (x["hr"] > x["ci_high"])
    refuse(outside, "The hazard ratio lies outside its interval", "Is one of the three on another scale?", **x)
    se = se_from_interval(np.log(x["ci_low"]), np.log(x["ci_high"]), check_level(level))
    text = (
        f"log HR, SE = (log upper - log lower) / (2 z) from the {level:.4g} confidence interval, taken as normal on "
        f"the log scale ({_PARMAR}; {_TIERNEY})."
    )
    return ConvertedEffect(np.log(x["hr"]), se, text)


def log_hr_from_p(hr: ArrayLike, p: ArrayLike) -> ConvertedEffect:
    """Log hazard ratio and its standard error from the hazard ratio and an exact two-sided p.

    SE = abs(log HR) / z. When not to use: with a bound ("<0.001"), an HR near 1, where rounding decides, or the p of
    another analysis than the HR's (a log-rank p beside an adjusted HR).

    Parameters
    ----------
    hr : array_like
        Hazard ratio as printed (not its log), > 0 and not 1.
    p : array_like
        Exact two-sided p, above 0 and below 1.

    References
    ----------
    As `log_hr_from_ci`.

    Examples
    --------
    >>> e = log_hr_from_p(0.70, 0.04)
    >>> print(round(e.estimate[0], 3), round(e.se[0], 3))
    -0.357 0.174
    """
    x = take(hr=hr, p=p)
    need_positive(hr=x["hr"])
    need_p(x["p"])
    need(x["hr"] != 1, "hr is 1", "Such a ratio and its p say nothing about the SE; use the interval.", hr=x["hr"])
    log_hr = np.log(x["hr"])
    text = f"log HR, SE = |log HR| / z(p / 2), the two-sided p taken as that of a normal test ({_PARMAR}; {_TIERNEY})."
    return ConvertedEffect(log_hr, se_from_p(log_hr, x["p"]), text)


def log_hr_from_logrank(observed_minus_expected: ArrayLike, variance: ArrayLike) -> ConvertedEffect:
    """Log hazard ratio from the log-rank O - E of arm 1 and its variance V: (O - E) / V, SE = 1 / sqrt(V).

    When not to use: when the hazard ratio is far from 1 (below about 0.5 or above 2) or the arms are very unequal:
    this one-step (Peto) estimate is then drawn towards 1.

    Parameters
    ----------
    observed_minus_expected : array_like
        Observed minus expected events of arm 1; negative when arm 1 has the lower hazard.
    variance : array_like
        Its (hypergeometric) variance, > 0.

    References
    ----------
    As `log_hr_from_ci`.

    Examples
    --------
    >>> e = log_hr_from_logrank(-6.5, 13.0)
    >>> print(e.estimate[0], round(e.se[0], 3))
    -0.5 0.277
    """
    x = take(observed_minus_expected=observed_minus_expected, variance=variance)
    need_positive(variance=x["variance"])
    text = f"log HR = (O - E) / V, SE = 1 / sqrt(V) of the log-rank test ({_PARMAR}; {_TIERNEY})."
    return ConvertedEffect(x["observed_minus_expected"] / x["variance"], 1 / np.sqrt(x["variance"]), text)


def log_hr_from_events(
    p: ArrayLike,
    favours: ArrayLike,
    events1: ArrayLike | None = None,
    events2: ArrayLike | None = None,
    total_events: ArrayLike | None = None,
    n1: ArrayLike | None = None,
    n2: ArrayLike | None = None,
) -> ConvertedEffect:
    """Log hazard ratio from a log-rank p and numbers of events: sign z / sqrt(V), SE = 1 / sqrt(V).

    V is events1 events2 / (events1 + events2), or total_events n1 n2 / (n1 + n2)^2 when only the total is known. When
    not to use: with a bound ("<0.05"), a p near 1, an adjusted p, or few events. V supposes an effect not far from 1
    and like follow-up in both arms.

    Parameters
    ----------
    p : array_like
        Exact two-sided log-rank p, above 0 and below 1.
    favours : array_like
        The arm with the lower hazard, 1 or 2: p does not say.
    events1, events2 : array_like, optional
        Events in each arm, > 0.
    total_events, n1, n2 : array_like, optional
        Instead: events in both arms together, and patients randomised to each.

    References
    ----------
    As `log_hr_from_ci`.

    Examples
    --------
    >>> e = log_hr_from_events(0.03, favours=1, events1=20, events2=35)
    >>> print(round(e.estimate[0], 3), round(e.se[0], 3))
    -0.608 0.28
    """
    from scipy.special import ndtri

    by_arm = [events1 is not None, events2 is not None]
    by_total = [total_events is not None, n1 is not None, n2 is not None]
    if not ((all(by_arm) and not any(by_total)) or (all(by_total) and not any(by_arm))):
        raise ConfigError("log_hr_from_events needs either events1 and events2, or total_events, n1 and n2.")
    counts = {"events1": events1, "events2": events2} if all(by_arm) else {"events": total_events, "n1": n1, "n2": n2}
    x = take(p=p, favours=favours, **counts)
    need_p(x["p"])
    fix = "Give 1 or 2, the arm with the lower hazard."
    need((x["favours"] == 1) | (x["favours"] == 2), "favours is neither 1 nor 2", fix, favours=x["favours"])
    need_positive(**{name: x[name] for name in counts})
    if all(by_arm):
        v, words = x["events1"] * x["events2"] / (x["events1"] + x["events2"]), "e1 e2 / (e1 + e2)"
    else:
        more = x["events"] > x["n1"] + x["n2"]
        refuse(more, "There are more events than patients", "Are the columns swapped?", **{k: x[k] for k in counts})
        v, words = x["events"] * x["n1"] * x["n2"] / (x["n1"] + x["n2"]) ** 2, "events n1 n2 / (n1 + n2)^2"
    z = np.where(x["favours"] == 1, -1, 1) * -ndtri(x["p"] / 2)
    text = (
        f"log HR = z(p / 2) / sqrt(V), SE = 1 / sqrt(V), V = {words}, the sign from the arm said to do better, "
        f"assuming a log-rank p, an effect not far from 1 and like follow-up ({_PARMAR}; {_TIERNEY})."
    )
    return ConvertedEffect(z / np.sqrt(v) + 0 * x["favours"], 1 / np.sqrt(v) + 0 * z + 0 * x["favours"], text)


def _smd(t: Array, n1: Array, n2: Array, hedges: bool, formula: str) -> ConvertedEffect:
    need_sizes(1, n1=n1, n2=n2)
    need_sizes(4, **{"n1 + n2": n1 + n2})
    inverse_n = 1 / n1 + 1 / n2
    smd = t * np.sqrt(inverse_n) * (hedges_j(n1 + n2 - 2) if hedges else 1)
    name = "Hedges g = J" if hedges else "Cohen's d ="
    text = (
        f"{name} {formula}, SE = sqrt(1/n1 + 1/n2 + SMD^2 / (2 (n1 + n2))), assuming independent arms of one SD "
        "(Borenstein et al. 2009, doi:10.1002/9780470743386.ch4"
        + ("; exact J of Hedges 1981, doi:10.3102/10769986006002107)." if hedges else ").")
    )
    return ConvertedEffect(smd, np.sqrt(inverse_n + smd**2 / (2 * (n1 + n2))), text)
