"""`pool`: the one way in for effects, however they are given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from inspect import signature
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import ArrayLike

from metarepro.effects.checks import flat_columns, read_numbers
from metarepro.effects.core import EffectSizes, column_of, effect_sizes
from metarepro.effects.registry import get_measure
from metarepro.errors import ConfigError, DataError
from metarepro.pooling.about_mantel_haenszel import pool_about_mantel_haenszel
from metarepro.pooling.conventions import CONVENTIONS, Conventions
from metarepro.pooling.fit import PooledFit, fit_effects
from metarepro.pooling.given_effects import studies_of
from metarepro.pooling.inference import find_method
from metarepro.pooling.regression import MetaRegression, meta_regression
from metarepro.pooling.tau2 import ABOUT_MANTEL_HAENSZEL

if TYPE_CHECKING:
    from metarepro.pooling.models.robust import RobustFit

# What other programs call the options.
_MEANT = {
    "method": "tau2", "estimator": "tau2", "test": "ci", "hakn": "ci", "knha": "ci", "mods": "moderators",
    "formula": "moderators", "slab": "labels", "studlab": "labels", "sei": "se", "subset": "mask", "alpha": "level",
    "conf_level": "level", "prediction": "pi", "sm": "measure", "te": "yi", "sete": "se", "y": "yi", "v": "vi",
}  # fmt: skip


@overload
def pool(yi: Any = ..., vi: Any = ..., *, moderators: str, data: Any, **options: Any) -> MetaRegression: ...
@overload
def pool(
    yi: Any = ..., vi: Any = ..., tau2: str | float = ..., ci: str = ..., level: float = ..., **options: Any
) -> PooledFit: ...
def pool(
    yi: ArrayLike | EffectSizes | str | None = None,
    vi: ArrayLike | str | None = None,
    tau2: str | float = "REML",
    ci: str | None = None,
    level: float = 0.95,
    moderators: ArrayLike | str | None = None,
    mask: ArrayLike | None = None,
    pi: str = "HTS",
    weights: ArrayLike | str | None = None,
    intercept: bool = True,
    seed: int = 1,
    *,
    se: ArrayLike | str | None = None,
    data: Any = None,
    measure: str = "",
    labels: Any = None,
    cluster: ArrayLike | str | None = None,
    like: str | None = None,
    **unknown: Any,
) -> PooledFit | MetaRegression | RobustFit:
    """Pool effects by inverse variance.

    Parameters
    ----------
    yi : EffectSizes, array_like of shape (k,) or (..., k), or str
        What `effect_sizes` gives; or effects on the working scale (log for ratios, logit for PLO); or the name of their
        column in `data`.
    vi : array_like of the shape of yi, or str, optional
        Sampling variances; not with EffectSizes.
    tau2 : str or float, default 'REML'
        Code of the estimator, a row of `metarepro.pooling.tau2.ESTIMATORS` (docs/methods.md): ``CE`` (common effect,
        tau2 = 0), ``DL``, ``PM``, ``ML`` and others; or a number to be taken as it is. REML by default: nearly
        unbiased, and its likelihood says when several values fit. ``DL-MH`` is that of RevMan's random effects by
        Mantel-Haenszel: DL with Q about the Mantel-Haenszel estimate, for effect sizes of two-arm counts.
    ci : str, default 'HK-ci', and 'z' for a common effect
        ``HK-ci``, the wider of the Hartung-Knapp and the Wald interval, with its test: Wald is too narrow with few
        studies that differ, and Hartung-Knapp, where it comes out narrower than Wald, holds the truth in about 60 %
        only (docs/coverage.md); ``z``, ``t``, ``HK`` (Hartung-Knapp), ``HK-adhoc`` (with a standard error never below
        Wald's).
    level : float, default 0.95
        Coverage of the intervals.
    moderators : str, or array_like of shape (k,), (k, p) or (..., k, p), optional
        A formula such as ``"ablat + C(alloc)"`` on columns of `data`, which gives a `MetaRegression`; or covariates as
        numbers.
    mask : array_like of bool, shape (..., k), optional
        Studies to use in each problem; leading axes make a batch.
    pi : str, default 'HTS'
        ``HTS`` (t with k - 2 df), ``t`` (k - 1), ``z``, or ``NNF``, also called ``bootstrap`` (Nagashima's parametric
        bootstrap, which allows for the uncertainty of tau2; 25,000 draws from `seed`).
    weights : array_like, shape (k,) or (..., k), or str, optional
        Weights for the coefficients instead of 1/(vi + tau2), such as sample sizes. tau2 is estimated without them
        (but for GENQ); the standard error is that of a mean with such weights under the model.
    intercept : bool, default True
        Whether an intercept is put before the moderators.
    seed : int, default 1
        For ``NNF``.
    se : array_like or str, optional
        Standard errors, instead of `vi`.
    data : mapping of str to array_like, or data frame, optional
        Where the names given for yi, vi, se, weights and labels, and the moderators of a formula, are columns.
    measure : str, optional
        Code of the measure of plain `yi`, for `display`, `summary` and figures.
    labels : sequence of str, or str, optional
        Names of the studies.
    cluster : array_like of shape (k,), or str, optional
        Study of each effect, where a study has several: standard errors, test and interval are then cluster-robust
        (CR2). The weights stay those of independent effects; `multilevel` models the dependence.
    like : {'metafor', 'meta', 'revman'}, optional
        Take the conventions of another program where nothing else is given: estimator and intervals. Of effect sizes
        with their numbers also, for ``revman`` (RevMan 5), its zero cells and its variance of SMD, and for ``meta``,
        that studies without events in both arms say nothing of OR and RR. A row of
        `metarepro.pooling.conventions.CONVENTIONS`.

    Returns
    -------
    PooledFit or MetaRegression, or RobustFit with `cluster`

    Raises
    ------
    DataError
        Variances that are not positive, infinite effects, shapes that do not fit, no study, a singular design.
    ConfigError
        An unknown option or code; the message suggests the right one.

    Notes
    -----
    REML and ML are global maxima, solved to 1e-12: that there is no other maximum is proven for each fit, or all of
    them are found and the highest is taken. Batches run in chunks, and large ones compiled if numba is installed
    (`set_engine`); nothing loops over fits in Python. One study is returned as it is: tau2, I2 and the prediction
    interval are NaN, and the interval is the study's own normal one. With two studies HTS has no degree of freedom
    (NaN). Effects that are all equal have no error by
    plain ``HK`` (NaN). With two studies Hartung-Knapp intervals are very wide.

    References
    ----------
    Viechtbauer 2005, doi:10.3102/10769986030003261; Hartung & Knapp 2001, doi:10.1002/sim.791;
    Knapp & Hartung 2003, doi:10.1002/sim.1482; Röver, Knapp & Friede 2015, doi:10.1186/s12874-015-0091-1;
    Jackson et al. 2017, doi:10.1002/sim.7411 (HK-ci); Nagashima, Noma & Furukawa 2019,
    doi:10.1177/0962280218773520.

    Examples
    --------
    >>> fit = pool([0.10, 0.30, 0.35, 0.65], [0.03, 0.03, 0.05, 0.01])
    >>> round(fit.beta, 4), round(fit.tau2, 4)
    (0.3772, 0.0429)
    """
    _refuse_unknown(unknown)
    if cluster is not None:
        own = column_of(data, cluster, "cluster") if isinstance(cluster, str) else cluster
        given = {"moderators": moderators, "mask": mask, "pi": pi, "weights": weights, "intercept": intercept}
        given |= {"seed": seed, "se": se, "data": data, "measure": measure, "labels": labels, "like": like}
        independent: Any = pool
        robust: RobustFit = independent(yi, vi, tau2, ci, level, **given).robust(own)
        return robust
    named = {"yi": yi, "vi": vi, "se": se, "weights": weights, "labels": labels}
    found = {n: column_of(data, x, n) if isinstance(x, str) else x for n, x in named.items()}
    studies = studies_of(found["yi"], found["vi"], found["se"], measure, found["labels"])
    if like is not None:
        conventions = find_method("like", like, CONVENTIONS)
        studies = _effects_like(conventions, studies)
        tau2 = conventions.tau2_for(studies.measure) if tau2 == "REML" else tau2
        ci, pi = ci or conventions.ci, conventions.pi if pi == "HTS" else pi
        plain = moderators is None and mask is None and found["weights"] is None and studies.inputs
        tau2 = conventions.tau2 if tau2 == ABOUT_MANTEL_HAENSZEL and not plain else tau2
    if isinstance(moderators, str):
        if data is None:
            raise DataError(f"The moderators {moderators!r} are columns of data. Fix: give data=.")
        if mask is not None:
            raise ConfigError("A formula takes no mask. Fix: select rows of data.")
        if not intercept:
            raise ConfigError(f"A formula says itself whether it has an intercept. Fix: moderators='0 + {moderators}'.")
        _refuse_other_order(studies.labels, data)
        return meta_regression(
            studies.yi, studies.vi, moderators, data, tau2=tau2, ci=ci, level=level, pi=pi, weights=found["weights"],
            studies=studies.kept(),
        )  # fmt: skip
    weighted = None if found["weights"] is None else read_numbers(found["weights"], "weights")
    if studies.yi.ndim == 1 and studies.yi.size > 1:
        # A mask or weights of shape (k, 1) are those of k studies.
        _, mask, weighted = flat_columns(studies.yi, None if mask is None else np.ma.filled(mask, False), weighted)
    described = studies.measure != "GEN" or studies.labels or studies.inputs
    known = studies.kept() if described and studies.yi.ndim == 1 else None
    if tau2 == ABOUT_MANTEL_HAENSZEL:
        if not (moderators is None and mask is None and found["weights"] is None and intercept):
            raise ConfigError("tau2 = 'DL-MH' takes no moderators, mask or weights. Fix: tau2='DL'.")
        fit = pool_about_mantel_haenszel(studies.kept(), ci, level, pi, seed)
    else:
        fit = fit_effects(
            studies.yi, studies.vi, tau2, ci, level, moderators, mask, pi, weighted, intercept, seed, known
        )
    # What was done to the studies' numbers belongs to the result as well.
    return replace(fit, notes=(*studies.notes, *fit.notes)) if studies.notes else fit


def _effects_like(conventions: Conventions, studies: EffectSizes) -> EffectSizes:
    """Effects made anew as a program makes them; effects without the numbers that they were made of stay."""
    taken = conventions.options_for(get_measure(studies.measure)) if studies.inputs else {}
    if not taken:
        return studies
    return replace(effect_sizes(studies.measure, **studies.inputs, **taken), labels=studies.labels)


def _refuse_other_order(labels: tuple[str, ...], data: Any) -> None:
    """Refuse data whose rows are those of the effects in another order, where a column has the studies' names."""
    columns = {n: tuple(str(x) for x in data[n]) for n in getattr(data, "columns", data)} if labels else {}
    if labels in columns.values():  # another column may hold the same words, such as ranks beside numbers
        return
    for name, values in columns.items():
        if sorted(values) != sorted(labels):
            continue
        row = next(i for i, (a, b) in enumerate(zip(values, labels, strict=True)) if a != b)
        raise DataError(
            f"The rows of data are in another order than the effects: row {row} (counted from 0) is {values[row]} in "
            f"the column {name}, and {labels[row]} among the effects. Fix: make the effects of data itself, or sort it "
            "alike."
        )


def _refuse_unknown(unknown: Mapping[str, Any]) -> None:
    known = [n for n in signature(pool).parameters if n != "unknown"]
    for name in unknown:
        near = _MEANT.get(name.lower()) or next(iter(get_close_matches(name, known, n=1)), "")
        hint = f" Did you mean {near}?" if near else ""
        raise ConfigError(f"pool does not take {name}.{hint} It takes: {', '.join(known)}.")
