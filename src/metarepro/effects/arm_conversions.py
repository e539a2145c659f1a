"""Change from baseline, arms taken together, counts behind percentages."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from metarepro.effects.checks import Array, check_counts, refuse
from metarepro.effects.converted import (
    HANDBOOK,
    CombinedCounts,
    Converted,
    ConvertedCount,
    ConvertedEndpoint,
    ConvertedMean,
    in_rows,
    need,
    need_correlation,
    need_positive,
    need_sizes,
    take,
)
from metarepro.errors import DataError


def sd_change(sd_baseline: ArrayLike, sd_final: ArrayLike, r: ArrayLike) -> Converted:
    """SD of the change from baseline: sqrt(sd_b^2 + sd_f^2 - 2 r sd_b sd_f).

    When not to use: with an r taken from nowhere; vary it and show what it changes.

    Parameters
    ----------
    sd_baseline, sd_final : array_like
        SDs of the same patients at both times, in the unit of the outcome.
    r : array_like
        Correlation between both measurements, from -1 to 1.

    References
    ----------
    Cochrane Handbook 6.5.2.8, doi:10.1002/9781119536604.ch6.

    Examples
    --------
    >>> print(sd_change(5.0, 8.0, r=0.5).value[0])
    7.0
    """
    x = take(sd_baseline=sd_baseline, sd_final=sd_final, r=r)
    _need_sds(sd_baseline=x["sd_baseline"], sd_final=x["sd_final"])
    need_correlation(x["r"])
    # Equal SDs with r = 1 leave rounding noise around 0.
    variance = x["sd_baseline"] ** 2 + x["sd_final"] ** 2 - 2 * x["r"] * x["sd_baseline"] * x["sd_final"]
    return Converted(
        np.sqrt(np.maximum(variance, 0)),
        f"SD of change = sqrt(SD_baseline^2 + SD_final^2 - 2 r SD_baseline SD_final), {_assumed(x['r'])} (Cochrane "
        f"Handbook 6.5.2.8, {HANDBOOK}).",
    )


def change_from_baseline(
    mean_baseline: ArrayLike,
    sd_baseline: ArrayLike,
    mean_final: ArrayLike,
    sd_final: ArrayLike,
    r: ArrayLike,
    n: ArrayLike,
) -> ConvertedMean:
    """Mean and SD of the change, final minus baseline, of one arm.

    When not to use: when the baseline and final numbers are of different patients (drop-outs), or with an r taken
    from nowhere (`sd_change`).

    Parameters
    ----------
    mean_baseline, sd_baseline, mean_final, sd_final : array_like
        Means and SDs at both times, in the unit of the outcome.
    r : array_like
        Correlation between both measurements, from -1 to 1.
    n : array_like
        Patients measured at both times; handed on.

    References
    ----------
    Cochrane Handbook 6.5.2.8, doi:10.1002/9781119536604.ch6.

    Examples
    --------
    >>> m = change_from_baseline(28.0, 5.0, 18.0, 8.0, r=0.5, n=20)
    >>> print(m.mean[0], round(m.sd[0], 2))
    -10.0 7.0
    """
    x = take(m_b=mean_baseline, sd_baseline=sd_baseline, m_f=mean_final, sd_final=sd_final, r=r, n=n)
    need_sizes(1, n=x["n"])
    sd = sd_change(x["sd_baseline"], x["sd_final"], x["r"])
    return ConvertedMean(x["m_f"] - x["m_b"], sd.value, x["n"], f"Mean change = final - baseline; {sd.provenance}")


def correlation_from_change(sd_baseline: ArrayLike, sd_final: ArrayLike, sd_change: ArrayLike) -> Converted:
    """Correlation of baseline and final values that three printed SDs imply.

    r = (sd_b^2 + sd_f^2 - sd_c^2) / (2 sd_b sd_f). When not to use: with SDs of different patients, or an SD of
    change that came from an assumed r itself.

    Parameters
    ----------
    sd_baseline, sd_final, sd_change : array_like
        SDs at both times and of the change, in the unit of the outcome. SDs that imply an r outside -1 to 1 are
        refused.

    References
    ----------
    Cochrane Handbook 6.5.2.8, doi:10.1002/9781119536604.ch6.

    Examples
    --------
    >>> print(round(correlation_from_change(5.0, 8.0, 7.0).value[0], 2))
    0.5
    """
    x = take(sd_baseline=sd_baseline, sd_final=sd_final, sd_change=sd_change)
    need_positive(sd_baseline=x["sd_baseline"], sd_final=x["sd_final"])
    _need_sds(sd_change=x["sd_change"])
    b, f, c = x.values()
    r = (b**2 + f**2 - c**2) / (2 * b * f)
    fix = "Are all three SDs (not SEs) of the same patients?"
    refuse(np.abs(r) > 1 + 1e-12, "The three SDs imply a correlation outside -1 to 1", fix, **x, r=r)
    return Converted(
        np.clip(r, -1, 1),
        "r = (SD_baseline^2 + SD_final^2 - SD_change^2) / (2 SD_baseline SD_final) "
        f"(Cochrane Handbook 6.5.2.8, {HANDBOOK}).",
    )


def endpoint_from_change(
    mean_baseline: ArrayLike,
    sd_baseline: ArrayLike,
    mean_change: ArrayLike,
    sd_change: ArrayLike,
    r: ArrayLike,
    n: ArrayLike,
) -> ConvertedEndpoint:
    """Mean and SD at the end of one arm, from baseline and change (final minus baseline).

    The SD solves sd_f^2 - 2 r sd_b sd_f + sd_b^2 - sd_c^2 = 0. An SD of change at or above that of baseline leaves
    one positive solution at most; a smaller one leaves two, or none when r is too small for it. Of two, `sd` is the
    larger (less weight) and `sd_other` the smaller: show both. When not to use: with an r taken from nowhere; the
    answer depends on it more than that of `sd_change` does.

    Parameters
    ----------
    mean_baseline, sd_baseline, mean_change, sd_change : array_like
        Means and SDs of baseline and change, in the unit of the outcome.
    r : array_like
        Correlation between baseline and final values, from -1 to 1.
    n : array_like
        Patients measured at both times; handed on.

    References
    ----------
    Cochrane Handbook 6.5.2.8, doi:10.1002/9781119536604.ch6 (its formula, solved for the final SD).

    Examples
    --------
    >>> m = endpoint_from_change(28.0, 5.0, -10.0, 7.0, r=0.5, n=20)
    >>> print(m.mean[0], round(m.sd[0], 2))
    18.0 8.0
    """
    x = take(m_b=mean_baseline, sd_baseline=sd_baseline, m_c=mean_change, sd_change=sd_change, r=r, n=n)
    _need_sds(sd_baseline=x["sd_baseline"], sd_change=x["sd_change"])
    need_correlation(x["r"])
    need_sizes(1, n=x["n"])
    b, c = x["sd_baseline"], x["sd_change"]
    inside = c**2 - b**2 * (1 - x["r"] ** 2)
    # Where both roots meet, rounding leaves the term under the root just off 0.
    inside = np.where(np.abs(inside) < 1e-12 * b**2, 0, inside)
    root = np.sqrt(np.where(inside >= 0, inside, np.nan))
    larger, smaller = x["r"] * b + root, x["r"] * b - root
    tiny = 1e-12 * np.maximum(b, c)
    larger = np.where(larger > tiny, larger, np.nan)
    smaller = np.where((smaller > tiny) & (root > 0), smaller, np.nan)
    missing = np.isnan(b + c + x["r"])
    solutions = np.where(missing, -1, (~np.isnan(larger)).astype(np.int64) + ~np.isnan(smaller))
    text = (
        "Final mean = baseline + change; final SD solves SD_change^2 = SD_baseline^2 + SD_final^2 - 2 r SD_baseline "
        f"SD_final, {_assumed(x['r'])} (Cochrane Handbook 6.5.2.8, {HANDBOOK})"
    )
    if (solutions == 2).any():
        text += f"; two SDs fit{in_rows(solutions == 2)}, and the larger is taken"
    if (solutions == 0).any():
        text += f"; no SD fits{in_rows(solutions == 0)}"
    return ConvertedEndpoint(x["m_b"] + x["m_c"], larger, x["n"], text + ".", smaller, solutions)


def combine_arms(means: ArrayLike, sds: ArrayLike, ns: ArrayLike) -> ConvertedMean:
    """Mean, SD and size of several arms taken as one group, exactly as from the patients' own values.

    When not to use: with arms that share patients, or when the arms' difference is the question.

    Parameters
    ----------
    means, sds, ns : array_like
        Shape (..., arms): means, SDs (divisor n - 1) and sizes. A study with fewer arms than others has n = 0 in the
        spare places, whose means and SDs are not read; an arm of one patient needs no SD.

    References
    ----------
    Cochrane Handbook 6.5.2.10 and table 6.5.a, doi:10.1002/9781119536604.ch6.

    Examples
    --------
    >>> m = combine_arms([14.0, 16.0], [5.0, 6.0], [20, 22])
    >>> print(round(m.mean[0], 2), round(m.sd[0], 2), int(m.n[0]))
    15.05 5.57 42
    """
    x = take(means=means, sds=sds, ns=ns)
    m, sd, n = x.values()
    for arm in range(n.shape[-1]):
        named = {f"{name}[{arm}]": values[..., arm] for name, values in x.items()}
        refuse(n[..., arm] < 0, f"The size of arm {arm} is negative", "Give 0 for an absent arm.", **named)
        refuse(sd[..., arm] < 0, f"The SD of arm {arm} is negative", "A standard deviation is 0 or more.", **named)
    m, within = np.where(n == 0, 0, m), np.where(n <= 1, 0, (n - 1) * sd**2)
    total = np.atleast_1d(n.sum(axis=-1))
    refuse(total < 1, "All arms together have no patient", "Give the numbers of patients.", n=total)
    mean = np.atleast_1d((n * m).sum(axis=-1)) / total
    squares = np.atleast_1d((within + n * (m - mean.reshape((*n.shape[:-1], 1))) ** 2).sum(axis=-1))
    with np.errstate(divide="ignore", invalid="ignore"):
        pooled = np.sqrt(squares / np.where(total > 1, total - 1, np.nan))
    return ConvertedMean(
        mean,
        pooled,
        total,
        "Arms combined: N = sum n, mean = sum n m / N, SD = sqrt((sum (n - 1) SD^2 + sum n (m - mean)^2) / (N - 1)) "
        f"(Cochrane Handbook, table 6.5.a, {HANDBOOK}).",
    )


def combine_counts(events: ArrayLike, totals: ArrayLike) -> CombinedCounts:
    """Events and patients of several arms taken as one group: their sums.

    When not to use: with arms that share patients.

    Parameters
    ----------
    events, totals : array_like
        Shape (..., arms); an absent arm has 0 of 0.

    References
    ----------
    Cochrane Handbook 23.3.4, doi:10.1002/9781119536604.ch23.

    Examples
    --------
    >>> c = combine_counts([5, 7], [20, 22])
    >>> print(int(c.events[0]), int(c.total[0]))
    12 42
    """
    x = take(events=events, totals=totals)
    e, n = x.values()
    for arm in range(n.shape[-1]):
        absent = (n[..., arm] == 0) & (e[..., arm] == 0)
        check_counts(e[..., arm], np.where(absent, 1, n[..., arm]), f"events[{arm}]", f"totals[{arm}]")
    total = np.atleast_1d(n.sum(axis=-1))
    refuse(total < 1, "All arms together have no patient", "Give the numbers of patients.", n=total)
    text = "Arms combined by adding events and patients (Cochrane Handbook 23.3.4, doi:10.1002/9781119536604.ch23)."
    return CombinedCounts(np.atleast_1d(e.sum(axis=-1)), total, text)


def events_from_percent(percent: ArrayLike, n: ArrayLike, decimals: int | None = None) -> ConvertedCount:
    """Whole counts that a printed percentage allows at its decimals.

    A count e fits when 100 e / n lies within half a unit of the last printed decimal, bounds included. When not to
    use: with a percentage of another total (survivors, completers), a weighted or a Kaplan-Meier percentage.

    Parameters
    ----------
    percent : array_like
        The printed percentage, 0 to 100.
    n : array_like
        The whole number it is a percentage of.
    decimals : int, optional
        Decimals it was printed with. By default those of each number itself, where 12.0 counts as 12: give `decimals`
        when zeros were printed at the end.

    Examples
    --------
    >>> c = events_from_percent(64, 47)
    >>> print(int(c.value[0]), bool(c.unique[0]))
    30 True
    """
    x = take(percent=percent, n=n)
    need((x["percent"] >= 0) & (x["percent"] <= 100), "percent is not a percentage", "Give 0 to 100.", **x)
    need_sizes(1, n=x["n"])
    need(x["n"] == np.floor(x["n"]), "n is not a whole number", "Give the number of patients.", n=x["n"])
    if decimals is not None and (decimals != int(decimals) or decimals < 0):
        raise DataError(f"decimals = {decimals!r} is not a number of decimals. Give 0, 1, 2, ...")
    if decimals is None:
        shown = [np.format_float_positional(p, trim="-") for p in x["percent"].ravel()]
        places = np.array([len(s.partition(".")[2]) for s in shown], dtype=np.float64).reshape(x["percent"].shape)
    else:
        places = np.full(x["percent"].shape, float(decimals))
    half = 0.5 * 10.0**-places
    slack = 1e-9 * np.maximum(x["n"], 1)
    low = np.maximum(np.ceil(x["n"] * (x["percent"] - half) / 100 - slack), 0)
    high = np.minimum(np.floor(x["n"] * (x["percent"] + half) / 100 + slack), x["n"])
    none = low > high
    low, high = np.where(none, np.nan, low), np.where(none, np.nan, high)
    value = np.clip(np.rint(x["n"] * x["percent"] / 100), low, high)
    several = high > low
    text = "Count = n * percent / 100, the nearest whole number that gives the printed percentage at its decimals"
    if several.any():
        text += f"; several counts fit{in_rows(several)}"
    if none.any():
        text += f"; no count fits{in_rows(none)}"
    return ConvertedCount(value, low, high, low == high, text + ".")


def _need_sds(**columns: Array) -> None:
    for name, values in columns.items():
        refuse(values < 0, f"{name} is negative", "A standard deviation is 0 or more.", **{name: values})


def _assumed(r: Array) -> str:
    values = np.unique(r[~np.isnan(r)])
    return f"with r = {values[0]:g} assumed" if values.size == 1 else "with the r given for each study assumed"
