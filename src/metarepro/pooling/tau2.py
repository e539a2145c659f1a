"""Estimators of the between-study variance tau2. Each takes a stack of problems and returns one value a problem."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from metarepro.pooling.kernel import Array, Problems, generalised_q, moments
from metarepro.pooling.likelihood import maximise


@dataclass(frozen=True)
class Tau2:
    """Estimate of tau2 for each problem of a stack.

    Attributes
    ----------
    value, se : ndarray, shape (b,)
        tau2 and its asymptotic standard error (NaN where no formula is established).
    iterations : ndarray of int
        0 for closed forms.
    converged, at_boundary : ndarray of bool
        Whether the defining equation was solved to 1e-12; whether the estimate is 0 because it may not be negative.
    maxima : ndarray of int
        Number of local maxima of the likelihood (1 for the moment estimators).
    """

    value: Array
    se: Array
    iterations: np.ndarray
    converged: np.ndarray
    at_boundary: np.ndarray
    maxima: np.ndarray


def _closed(raw: Array, se: Array) -> Tau2:
    value = np.maximum(raw, 0)
    ones = np.ones(value.shape, dtype=int)
    return Tau2(value, se, 0 * ones, ones.astype(bool), raw <= 0, ones)


def _quadratic_se(problems: Problems, value: Array, weights: Array, divisor: Array) -> Array:
    """SE of (y'By - c)/a for B the projection with fixed weights: sqrt(2 tr(B S B S))/a, S = V + tau2 I."""
    w = weights * problems.mask
    s = (problems.v + value[:, None]) * problems.mask
    if problems.x is None:
        sum_w = w.sum(-1)
        first = (w * s * w * s).sum(-1)
        second = (w * w * s * w * s).sum(-1) / sum_w
        third = (w * w * s).sum(-1) / sum_w
        return np.sqrt(2 * np.maximum(first - 2 * second + third**2, 0)) / divisor
    x = problems.x * problems.mask[..., None]
    xw = np.swapaxes(x * w[..., None], -1, -2)
    inverse = np.linalg.inv(xw @ x)
    ws = w * s
    once = np.swapaxes(x * (ws * w)[..., None], -1, -2) @ x
    twice = np.swapaxes(x * (ws * ws * w)[..., None], -1, -2) @ x
    part = inverse @ once
    trace = (ws * ws).sum(-1) - 2 * np.einsum("bij,bji->b", inverse, twice) + np.einsum("bij,bji->b", part, part)
    return np.sqrt(2 * np.maximum(trace, 0)) / divisor


def common_effect(problems: Problems) -> Tau2:
    """tau2 = 0 by assumption (CE)."""
    zero = np.zeros(problems.k.shape)
    ones = np.ones(zero.shape, dtype=int)
    return Tau2(zero, np.full(zero.shape, np.nan), 0 * ones, ones.astype(bool), np.zeros(zero.shape, bool), ones)


def dersimonian_laird(problems: Problems) -> Tau2:
    """Moment estimator from Cochran's Q (DL). DerSimonian & Laird 1986, doi:10.1016/0197-2456(86)90046-2."""
    m = problems.at_zero
    df = problems.k - problems.p
    raw = (m.rss - df) / m.tr_p
    value = np.maximum(raw, 0)
    # tr(P S P S) for P at tau2 = 0 and S = V + tau2 I, because P V P = P.
    se = np.sqrt(2 * (df + 2 * value * m.tr_p + value**2 * m.tr_pp)) / m.tr_p
    return _closed(raw, se)


def hedges(problems: Problems) -> Tau2:
    """Unweighted moment estimator (HE), also called Cochran's ANOVA estimator (CA).

    Hedges & Olkin 1985, doi:10.1016/C2009-0-03396-0; DerSimonian & Kacker 2007, doi:10.1016/j.cct.2006.04.004.
    """
    ones = problems.mask.astype(float)
    m = moments(problems, np.zeros(problems.k.shape), weights=ones)
    df = problems.k - problems.p
    raw = (m.rss - _trace_pv(problems, ones)) / df
    return _closed(raw, _quadratic_se(problems, np.maximum(raw, 0), ones, df))


def two_step(problems: Problems, first: Callable[[Problems], Tau2]) -> Tau2:
    """General moment estimator with the weights 1/(v + tau2) of a first estimate (DL2 after DL, CA2 after HE).

    (y'By - tr(BV)) / tr(B) with B the projection of those weights. Closer to the solution of Paule and Mandel, which
    is what repeating the step without end leads to.

    DerSimonian & Kacker 2007, doi:10.1016/j.cct.2006.04.004
    """
    weights = 1 / (problems.v + first(problems).value[:, None])
    m = moments(problems, np.zeros(problems.k.shape), weights=weights)
    raw = (m.rss - _trace_pv(problems, weights)) / m.tr_p
    return _closed(raw, _quadratic_se(problems, np.maximum(raw, 0), weights, m.tr_p))


def hunter_schmidt(problems: Problems, corrected: bool = False) -> Tau2:
    """Hunter-Schmidt estimator (HS), or with the small-sample factor k/(k - p) on Q (HSk).

    Hunter & Schmidt 2004, doi:10.4135/9781412985031; Brannick et al. 2019, doi:10.1002/jrsm.1365 (HSk).
    """
    m = problems.at_zero
    factor = problems.k / (problems.k - problems.p) if corrected else np.ones(problems.k.shape)
    raw = (factor * m.rss - problems.k) / m.sum_w
    se = _quadratic_se(problems, np.maximum(raw, 0), 1 / problems.v, m.sum_w) * factor
    return _closed(raw, se)


def sidik_jonkman(problems: Problems) -> Tau2:
    """Two-step estimator from the unweighted variance of the effects (SJ), positive unless all effects are equal.

    Sidik & Jonkman 2005, doi:10.1111/j.1467-9876.2005.00489.x
    """
    ones = problems.mask.astype(float)
    # The starting value is the plain variance of the effects, with or without moderators.
    mean = (problems.y * ones).sum(-1, keepdims=True) / problems.k[:, None]
    start = (ones * (problems.y - mean) ** 2).sum(-1) / problems.k
    # Effects that differ by less than the smallest numbers a computer has are equal.
    differ = start > 1e-290 * np.where(problems.mask, problems.v, 0).max(-1)
    safe = np.where(differ, start, 1.0)
    weights = 1 / (problems.v / safe[:, None] + 1)
    df = problems.k - problems.p
    m = moments(problems, np.zeros(problems.k.shape), weights=weights)
    raw = np.where(differ, m.rss / df, 0.0)
    return _closed(raw, np.where(differ, _quadratic_se(problems, raw, weights, df), np.nan))


def paule_mandel(problems: Problems) -> Tau2:
    """Root of Q(tau2) = k - p (PM). The empirical Bayes estimator (EB) solves the same equation.

    The standard error is that of the empirical Bayes form, sqrt(2 k^2 / (k - p)) / sum(w).

    Paule & Mandel 1982, doi:10.6028/jres.087.022; Morris 1983, doi:10.1080/01621459.1983.10477920;
    Viechtbauer et al. 2015, doi:10.1111/bmsp.12047 (their identity).
    """
    k, df = problems.k, problems.k - problems.p
    value, iterations, converged = solve_q(problems, df)
    se = np.sqrt(2 * k**2 / df) / moments(problems, value).sum_w
    return Tau2(value, se, iterations, converged, value == 0, np.ones(value.shape, dtype=int))


def solve_q(problems: Problems, target: Array) -> tuple[Array, np.ndarray, np.ndarray]:
    """Solve Q(tau2) = target for tau2 >= 0; 0 where Q(0) <= target.

    Q is decreasing and convex, so Newton steps from the left rise monotonically to the root and cannot overshoot.
    """
    value = np.zeros(problems.k.shape)
    iterations = np.zeros(value.shape, dtype=int)
    active = generalised_q(problems, value) > target
    for _ in range(1000):
        index = np.flatnonzero(active)
        if not index.size:
            break
        # dQ/dtau2 = -y'PPy, so the step is (Q - target) / y'PPy.
        m = moments(problems.rows(index), value[index])
        move = (m.rss - target[index]) / m.y_pp_y
        value[index] += np.maximum(move, 0)
        iterations[index] += 1
        active[index[move <= 1e-15 * value[index]]] = False
    return value, iterations, ~active


def restricted_maximum_likelihood(problems: Problems) -> Tau2:
    """Restricted maximum likelihood (REML), global maximum. Viechtbauer 2005, doi:10.3102/10769986030003261."""
    best = maximise(problems, "REML")
    m = moments(problems, best.tau2)
    return Tau2(best.tau2, np.sqrt(2 / m.tr_pp), best.iterations, best.converged, best.tau2 == 0, best.maxima)


def maximum_likelihood(problems: Problems) -> Tau2:
    """Maximum likelihood (ML), global maximum. Biased downwards in few studies; REML is not."""
    best = maximise(problems, "ML")
    m = moments(problems, best.tau2)
    return Tau2(best.tau2, np.sqrt(2 / m.sum_w2), best.iterations, best.converged, best.tau2 == 0, best.maxima)


def _trace_pv(problems: Problems, weights: Array) -> Array:
    """tr(PV) for the projection with the given weights."""
    w = weights * problems.mask
    v = problems.v * problems.mask
    if problems.x is None:
        return (w * v).sum(-1) - (w * w * v).sum(-1) / w.sum(-1)
    x = problems.x * problems.mask[..., None]
    xw = np.swapaxes(x * w[..., None], -1, -2)
    inner = xw @ (x * (w * v)[..., None])
    return (w * v).sum(-1) - np.trace(np.linalg.inv(xw @ x) @ inner, axis1=-2, axis2=-1)


def generalised_q_estimator(problems: Problems) -> Tau2:
    """Moment estimator from a generalised Q with fixed weights (GENQ): those of the user, else 1/sqrt(v).

    (y'By - tr(BV)) / tr(B) with B the projection of the weights. 1/sqrt(v) is what Jackson recommends where little is
    known of the heterogeneity; 1/v gives DL, equal weights give HE.

    DerSimonian & Kacker 2007, doi:10.1016/j.cct.2006.04.004; Jackson 2013, doi:10.1002/jrsm.1081.
    """
    weights = 1 / np.sqrt(problems.v) if problems.weights is None else problems.weights
    m = moments(problems, np.zeros(problems.k.shape), weights=weights)
    raw = (m.rss - _trace_pv(problems, weights)) / m.tr_p
    return _closed(raw, _quadratic_se(problems, np.maximum(raw, 0), weights, m.tr_p))


@dataclass(frozen=True)
class Estimator:
    """An estimator of tau2: one row of the table that code, messages, configuration and methods read.

    Attributes
    ----------
    code : str
        What `pool` takes and a result carries.
    find : callable
        From a stack of problems to `Tau2`.
    name, phrase : str
        Name, and the model in a sentence on methods; ``{weights}`` in it are those of the estimator itself.
    tried : bool
        Whether the search for the method behind a printed result tries it: not what no program has as a usual way.
    also : tuple of str
        Other codes that are taken for it.
    meant : tuple of str
        What people write for it elsewhere; messages suggest the code.
    """

    code: str
    find: Callable[[Problems], Tau2]
    name: str
    phrase: str
    tried: bool = True
    also: tuple[str, ...] = ()
    meant: tuple[str, ...] = ()


_RANDOM = "random effects with "
ESTIMATORS: dict[str, Estimator] = {
    e.code: e
    for e in (
        Estimator(
            "CE", common_effect, "common effect", "a common-effect model",
            meant=("FE", "EE", "FIXED", "COMMON", "IV", "FIXED EFFECT", "COMMON EFFECT"),
        ),
        Estimator(
            "DL", dersimonian_laird, "DerSimonian-Laird", f"{_RANDOM}the DerSimonian-Laird τ²",
            meant=("D+L", "DERSIMONIAN-LAIRD", "DSL", "RANDOM"),
        ),
        Estimator(
            "DL2", lambda problems: two_step(problems, dersimonian_laird), "two-step DerSimonian-Laird",
            f"{_RANDOM}the two-step DerSimonian-Laird τ²", tried=False,
        ),
        Estimator("HE", hedges, "Hedges", f"{_RANDOM}the Hedges τ²", also=("CA",), meant=("VC", "HEDGES")),
        Estimator(
            "CA2", lambda problems: two_step(problems, hedges), "two-step Cochran ANOVA",
            f"{_RANDOM}the two-step Cochran ANOVA τ²", tried=False,
        ),
        Estimator("HS", hunter_schmidt, "Hunter-Schmidt", f"{_RANDOM}the Hunter-Schmidt τ²"),
        Estimator(
            "HSk", lambda problems: hunter_schmidt(problems, corrected=True), "Hunter-Schmidt, small-sample corrected",
            f"{_RANDOM}the Hunter-Schmidt τ², small-sample corrected", tried=False,
        ),
        Estimator("SJ", sidik_jonkman, "Sidik-Jonkman", f"{_RANDOM}the Sidik-Jonkman τ²"),
        Estimator(
            "ML", maximum_likelihood, "maximum likelihood", f"{_RANDOM}τ² by maximum likelihood", meant=("MLE",)
        ),
        Estimator(
            "REML", restricted_maximum_likelihood, "restricted maximum likelihood",
            f"{_RANDOM}τ² by restricted maximum likelihood", meant=("RML", "REMLE"),
        ),
        Estimator("EB", paule_mandel, "empirical Bayes", f"{_RANDOM}the empirical Bayes τ²", meant=("MORRIS",)),
        Estimator("PM", paule_mandel, "Paule-Mandel", f"{_RANDOM}the Paule-Mandel τ²", meant=("MP", "PAULE-MANDEL")),
        Estimator(
            "GENQ", generalised_q_estimator, "generalised Q",
            f"{_RANDOM}τ² from a generalised Q{{weights}}", tried=False, meant=("QGEN", "GENERALISED-Q"),
        ),
    )
}  # fmt: skip
# What needs counts, so that it is no function of effects and variances: names and phrases by code.
ABOUT_MANTEL_HAENSZEL = "DL-MH"
ESTIMATORS_OF_COUNTS = {
    ABOUT_MANTEL_HAENSZEL: {
        "name": "DerSimonian-Laird about Mantel-Haenszel",
        "phrase": f"{_RANDOM}the DerSimonian-Laird τ², Q taken about the Mantel-Haenszel estimate (as RevMan does)",
    }
}
GIVEN = "given"


def given_tau2(value: float) -> Estimator:
    """An estimator that takes tau2 as given."""

    def find(problems: Problems) -> Tau2:
        found = np.full(problems.k.shape, value)
        ones = np.ones(found.shape, dtype=int)
        return Tau2(found, np.full(found.shape, np.nan), 0 * ones, ones > 0, np.zeros(found.shape, bool), ones)

    return Estimator(GIVEN, find, "given", f"{_RANDOM}a τ² that is given")
