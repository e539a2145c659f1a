"""Models of the counts themselves, without a normal approximation: the one way in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from numpy.typing import ArrayLike

from metarepro.effects.core import EffectSizes
from metarepro.effects.levels import check_level
from metarepro.errors import ConfigError, DataError
from metarepro.pooling.glmm_fit import fit_proportions
from metarepro.pooling.glmm_result import GLMM_CI, GlmmFit
from metarepro.pooling.inference import PI_METHODS, find_method
from metarepro.pooling.models.counts_fit import fit_arms, fit_correlated, fit_rates
from metarepro.pooling.models.given_counts import read_given_counts

# Models of each measure, the default first, and the columns that they are made of.
MODELS: dict[str, tuple[str, ...]] = {
    "PLO": ("BN", "BB"),
    "IRLN": ("PN",),
    "OR": ("CM.EL", "CM.AL", "UM.FS", "UM.RS", "BB"),
    "IRR": ("CM.EL", "UM.FS", "UM.RS"),
}
COLUMNS = {"PLO": ("e", "n"), "IRLN": ("e", "t"), "OR": ("e1", "n1", "e2", "n2"), "IRR": ("e1", "t1", "e2", "t2")}

# Models that are made of whole numbers only.
WHOLE = {"OR": ("CM.EL", "BB"), "PLO": ("BB",)}


def glmm(
    measure: str | EffectSizes = "PLO",
    *,
    e: ArrayLike | str | None = None,
    n: ArrayLike | str | None = None,
    t: ArrayLike | str | None = None,
    e1: ArrayLike | str | None = None,
    n1: ArrayLike | str | None = None,
    t1: ArrayLike | str | None = None,
    e2: ArrayLike | str | None = None,
    n2: ArrayLike | str | None = None,
    t2: ArrayLike | str | None = None,
    model: str | None = None,
    drop_double_zero: bool = True,
    ci: str = "t",
    level: float = 0.95,
    pi: str = "HTS",
    data: Any = None,
    labels: Any = None,
) -> GlmmFit:
    """Pool counts by a generalised linear mixed model: proportions, odds ratios, rates, rate ratios.

    Parameters
    ----------
    measure : {'PLO', 'OR', 'IRR', 'IRLN'}
        Proportions (on the logit scale), odds ratios, rate ratios, rates (on the log scale); `display` maps results.
    e, n, t, e1, n1, t1, e2, n2, t2 : array_like, shape (k,), or str
        Events, totals and person-times, of arms 1 and 2 where there are two; or names of columns of `data`. No
        constant is added to any count.
    model : str, optional
        ``CM.EL`` (default of OR and IRR): the events of arm 1 given those of both, so that nothing has to be assumed of
        the level of each study. OR: noncentral hypergeometric; IRR: binomial.
        ``CM.AL``: the same for OR with a binomial in its place, right for rare events only.
        ``UM.FS``: a level of its own for each study as a fixed parameter; with many small studies tau2 comes out low.
        ``UM.RS``: levels that are normally distributed, independent of the effects.
        ``BB``: beta-binomial (PLO, OR): one correlation of the patients of an arm; with OR all arms are stacked, so
        that the comparison within studies is given up.
        ``BN``, ``PN``: binomial- and Poisson-normal model, the defaults of PLO and IRLN.
    drop_double_zero : bool
        Whether studies without events in both arms, or with events only, are left out of UM.RS. The conditional models
        and UM.FS learn nothing from them; BB keeps them.
    ci : {'t', 'PL', 'PL-t', 'z'}
        Wald with t on k - 1 df (default: with two to ten studies it keeps its level and is the narrowest that does,
        docs/coverage.md); profile likelihood, which is too narrow for few studies that differ, or with the quantile of
        t, which is very wide for two to four; Wald with normal. UM.RS and BB have t and z.
    level : float
        Coverage of all intervals.
    pi : {'HTS', 't', 'z'}
        As in `pool`.
    data, labels
        As in `effect_sizes`. In the place of `measure` may stand what that gives, with its counts and names.

    Returns
    -------
    GlmmFit

    Raises
    ------
    DataError
        Impossible counts, with the rows; no study; no study with information on a ratio.
    ConfigError
        An unknown measure, model or option.

    Notes
    -----
    The likelihood is integrated by adaptive Gauss-Hermite quadrature, with nodes added until it changes by less than
    1e-8; where 81 nodes are not enough (some studies with all events and some with none), by a stretched trapezoidal
    rule. With one random effect the likelihood is concave in beta, so that all its maxima lie on one curve over tau,
    which is scanned before Newton steps with analytic first and second derivatives; UM.RS and BB are climbed from
    several starts. The log-likelihood has all binomial coefficients. Where an arm has no events in any study, or only
    events, the odds ratio is 0 or infinite; it is returned so, with a one-sided interval and a note. When not to use:
    expit(beta) is the proportion of a median study, not the mean of the proportions (`mean_proportion`); with 2 or 3
    studies tau2 is nearly unknown and maximum likelihood underestimates it.

    References
    ----------
    Hamza, van Houwelingen & Stijnen 2008, doi:10.1016/j.jclinepi.2007.03.016; Stijnen, Hamza & Ozdemir 2010,
    doi:10.1002/sim.4040 (CM.EL, CM.AL); Jackson et al. 2018, doi:10.1002/sim.7588 (comparison of all); Kuss 2015,
    doi:10.1002/sim.6383 (BB); Pinheiro & Bates 1995, doi:10.1080/10618600.1995.10474663 (quadrature).

    Examples
    --------
    >>> fit = glmm("PLO", e=[12, 5, 9], n=[17, 10, 20])
    >>> round(fit.beta, 3), fit.tau2
    (0.214, 0.0)
    >>> round(glmm("OR", e1=[1, 0, 3], n1=[40, 35, 50], e2=[4, 2, 7], n2=[41, 33, 52], model="CM.EL").beta, 3)
    -1.232
    """
    given: dict[str, Any] = {
        "e": e, "n": n, "t": t, "e1": e1, "n1": n1, "t1": t1, "e2": e2, "n2": n2, "t2": t2,
    }  # fmt: skip
    if isinstance(measure, EffectSizes):
        given, labels = dict(measure.inputs), measure.labels or labels
        measure = measure.measure
    if measure in ("RR", "RD"):
        raise ConfigError(
            f"{measure} has no model of counts whose parameters are free: a proportion stays within 0 and 1. Fix: "
            + (
                "of rare events, glmm('IRR', e1=, t1=, e2=, t2=) with the patients as person-times; else pool."
                if measure == "RR"
                else "pool, or mantel_haenszel."
            )
        )
    if measure not in MODELS:
        raise ConfigError(f"measure = {measure!r} is not known for models of counts. Allowed: {', '.join(MODELS)}.")
    chosen = MODELS[measure][0] if model is None else model
    if chosen not in MODELS[measure]:
        raise ConfigError(f"model = {model!r} is not known for {measure}. Allowed: {', '.join(MODELS[measure])}.")
    find_method("ci", ci, GLMM_CI)
    if pi not in PI_METHODS or pi == "NNF":
        raise ConfigError(f"pi = {pi!r} is not known. Allowed: HTS, t, z.")
    check_level(level)
    counts = read_given_counts(measure, COLUMNS[measure], given, data, labels)
    if not counts.known.any():
        raise DataError("There is no study with complete counts.")
    if chosen in WHOLE.get(measure, ()):
        counts.demand_whole(chosen)
    numbers, names = [x[counts.known] for x in counts.numbers], counts.names_of(counts.known)
    notes = list(counts.notes)
    if measure == "PLO" and chosen == "BN":
        fit = fit_proportions(numbers[0], numbers[1], ci, level, pi, notes)
    elif measure == "IRLN":
        fit = fit_rates(numbers[0], numbers[1], ci, level, pi, notes)
    elif chosen == "BB":
        fit = fit_correlated(measure, numbers, ci, level, notes)
    else:
        fit, informative = fit_arms(measure, chosen, numbers, drop_double_zero, ci, level, pi, notes)
        names = None if names is None else [x for x, kept in zip(names, informative, strict=True) if kept]
    return fit if names is None else replace(fit, studies=fit.studies.named(names))
