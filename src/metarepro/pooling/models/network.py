"""Network meta-analysis of treatment comparisons: contrasts of studies, multi-arm covariances exact."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from metarepro.effects.checks import is_missing, read_numbers
from metarepro.effects.core import column_of
from metarepro.effects.levels import check_level
from metarepro.errors import ConfigError, DataError
from metarepro.notes import Note, list_rows
from metarepro.pooling.fitted import read_only
from metarepro.pooling.inference import chi2_upper_tail, quantile, two_sided_p
from metarepro.pooling.kernel import Array
from metarepro.pooling.models.blocks import Likelihood, Point, Stack
from metarepro.pooling.models.highest import highest
from metarepro.pooling.models.network_data import ArmContrasts, StudyContrasts, from_arms, from_pairs
from metarepro.pooling.protocol import Fit
from metarepro.pooling.result_parts import NETWORK, Component, Heterogeneity, Method

if TYPE_CHECKING:
    import pandas as pd

METHODS = ("REML", "ML", "DL", "CE")
NAN = math.nan


class NetworkEffect(NamedTuple):
    """Effect of a treatment against another, on the working scale; `pi_low`, `pi_high` predict that in a new study."""

    beta: float
    se: float
    statistic: float
    p_value: float
    ci_low: float
    ci_high: float
    pi_low: float
    pi_high: float


class DesignTest(NamedTuple):
    """Test that all designs agree: chi2 with `df`; `tau2` is estimated within designs."""

    statistic: float
    df: int
    p_value: float
    tau2: float


@dataclass(frozen=True, eq=False, repr=False)
class NetworkFit(Fit):
    """Result of `network`.

    Attributes
    ----------
    treatments : tuple of str
        In alphabetical order.
    reference : str
    beta, se, statistic, p_value, ci_low, ci_high : ndarray, shape (treatments - 1,)
        Effect of every other treatment against the reference, with normal tests and intervals.
    covariance : ndarray
        Of `beta`.
    tau2, tau2_se : float
        One variance between studies for all comparisons; in studies of several arms effects correlate by 1/2.
    q, q_df, q_p, q_heterogeneity, q_heterogeneity_df, q_heterogeneity_p, q_inconsistency, q_inconsistency_df,
    q_inconsistency_p : float
        Cochran's Q of the network with tau2 = 0, split into differences within designs (studies of the same
        treatments) and between designs.
    i2, h2 : float
        From Q.
    k, contrasts : int
        Studies, and independent contrasts of them.
    log_likelihood : float
    designs : dict of str to int
        How many studies compare which treatments.
    """

    treatments: tuple[str, ...]
    reference: str
    beta: Array
    se: Array
    statistic: Array
    p_value: Array
    ci_low: Array
    ci_high: Array
    covariance: Array
    tau2: float
    tau2_se: float
    q: float
    q_df: int
    q_p: float
    q_heterogeneity: float
    q_heterogeneity_df: int
    q_heterogeneity_p: float
    q_inconsistency: float
    q_inconsistency_df: int
    q_inconsistency_p: float
    i2: float
    h2: float
    k: int
    contrasts: int
    log_likelihood: float
    designs: Mapping[str, int]
    converged: bool
    at_boundary: bool
    method: Method
    notes: tuple[Note, ...]
    better: str
    _studies: tuple[StudyContrasts, ...]
    _measure: str = "GEN"

    df = pi_low = pi_high = NAN

    def __post_init__(self) -> None:
        for values in (self.beta, self.se, self.covariance):
            read_only(values)

    @property
    def measure(self) -> str:
        """Code of the effect measure; GEN if the fit was not told."""
        return self._measure

    @property
    def coefficients(self) -> tuple[str, ...]:
        """The treatments, each against the reference."""
        return tuple(t for t in self.treatments if t != self.reference)

    @property
    def data(self) -> tuple[Array, Array]:
        """Contrasts of all studies, against the first arm of each, and their variances."""
        return np.concatenate([s.y for s in self._studies]), np.concatenate([np.diagonal(s.v) for s in self._studies])

    @property
    def weights(self) -> Array:
        """Not defined: each comparison has its own."""
        return np.full(self.contrasts, NAN)

    @property
    def heterogeneity(self) -> Heterogeneity:
        """How true effects differ between studies of the same comparison."""
        component = Component("between studies", self.tau2, self.tau2_se)
        return Heterogeneity((component,), self.i2, NAN, NAN, self.h2, self.i2, self.q, self.q_df, self.q_p)

    def effect(self, treatment: str, reference: str | None = None) -> NetworkEffect:
        """Effect of one treatment against another; left out, against the reference of the network.

        Raises
        ------
        DataError
            A treatment that the network does not have.
        """
        first, second = self._place(treatment), self._place(self.reference if reference is None else reference)
        pick = np.zeros(len(self.treatments))
        pick[first] += 1
        pick[second] -= 1
        beta, variance = float(pick @ self._all), float(pick @ self._spread @ pick)
        se = math.sqrt(max(variance, 0.0))
        statistic = beta / se if se > 0 else NAN
        half = float(quantile((1 + self.level) / 2, np.array(NAN))) * se
        df = self.contrasts - self.beta.size
        wide = NAN
        if df >= 1 and se > 0 and self.method.tau2 != "CE":
            wide = float(quantile((1 + self.level) / 2, np.array(float(df)))) * math.sqrt(variance + self.tau2)
        p = float(two_sided_p(np.array(statistic), np.array(NAN))) if se > 0 else NAN
        return NetworkEffect(beta, se, statistic, p, beta - half, beta + half, beta - wide, beta + wide)

    def predict(self, moderators: Any = None) -> Any:
        """Not defined: `effect` and `table` compare any two treatments, with prediction intervals."""
        raise DataError("A network has an effect for each pair. Fix: fit.effect(treatment, reference), or fit.table().")

    def table(self, reference: str | None = None) -> pd.DataFrame:
        """Effects of all other treatments against one, on the working scale: a row a treatment."""
        import pandas as pd

        about = self.reference if reference is None else reference
        rows = {t: self.effect(t, about)._asdict() for t in self.treatments if t != about}
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis(f"against {about}")

    def league(self) -> pd.DataFrame:
        """Every treatment (row) against every other (column), estimate with interval as text on the display scale."""
        import pandas as pd

        from metarepro.effects.core import to_display
        from metarepro.pooling.printed_fit import number

        def cell(a: str, b: str) -> str:
            if a == b:
                return "–"
            e = self.effect(a, b)
            shown = (number(float(to_display(self.measure, x))) for x in (e.beta, e.ci_low, e.ci_high))
            return "{} ({} to {})".format(*shown)

        return pd.DataFrame({b: {a: cell(a, b) for a in self.treatments} for b in self.treatments})

    @cached_property
    def p_scores(self) -> pd.Series:
        """Mean certainty, over the other treatments, that each is better than they are: 1 is best.

        A rank is no effect: treatments may differ by nothing that matters, and few small trials of one raise or lower
        its score much.
        """
        import pandas as pd

        sign = 1.0 if self.better == "high" else -1.0
        found = {}
        for a in self.treatments:
            others = [self.effect(a, b) for b in self.treatments if b != a]
            found[a] = float(np.mean([0.5 * math.erfc(-sign * e.beta / (e.se * math.sqrt(2))) for e in others]))
        return pd.Series(found, name="P-score")

    def design_by_treatment(self, method: str | None = None) -> DesignTest:
        """Test of inconsistency: whether studies of different designs agree, by the design-by-treatment interaction.

        Raises
        ------
        DataError
            No closed loop: nothing can disagree.
        """
        x = _design_columns(self._studies)
        stacks = _stacks(self._studies, [x[i] for i in range(len(self._studies))])
        extra = stacks[0].x.shape[-1] - self.beta.size
        if extra < 1:
            raise DataError("The network has no closed loop of several designs, so that nothing can be inconsistent.")
        likelihood = _likelihood(stacks, "REML")
        tau2, point, _, _ = _estimate(likelihood, method or self.method.tau2)
        place = {t: i for i, t in enumerate(self.coefficients)}
        mean_x = np.zeros((point.beta.size, self.beta.size))
        for key, first in _places_of_designs(self._studies)[0].items():
            for i, arm in enumerate(key[1:]):
                for name, sign in ((arm, 1.0), (key[0], -1.0)):
                    if name != self.reference:
                        mean_x[first + i, place[name]] = sign
        inverse = np.linalg.inv(point.covariance)
        expected = mean_x @ np.linalg.solve(mean_x.T @ inverse @ mean_x, mean_x.T @ inverse @ point.beta)
        off = point.beta - expected
        statistic = float(off @ inverse @ off)
        return DesignTest(statistic, extra, float(chi2_upper_tail(np.array(statistic), np.array(extra))), tau2)

    def node_split(self) -> pd.DataFrame:
        """Direct against indirect evidence, for every comparison that has both: a row each.

        Studies of both treatments get one further parameter, how much their difference departs from what the rest of
        the network says; tau2 is estimated anew. In studies of several arms it is shared by both arms, half each.
        """
        import pandas as pd

        rows = {}
        consistent = _mean_columns(self._studies, self.treatments, self.reference)
        for a, b in combinations(self.treatments, 2):
            if not any({a, b} <= set(s.arms) for s in self._studies):
                continue
            columns = []
            for s, mean in zip(self._studies, consistent, strict=True):
                both = {a, b} <= set(s.arms)
                part = {arm: (0.5 if arm == a else -0.5 if arm == b else 0.0) if both else 0.0 for arm in s.arms}
                columns.append(np.column_stack([mean, [part[arm] - part[s.arms[0]] for arm in s.arms[1:]]]))
            whole = np.concatenate(columns)
            if np.linalg.matrix_rank(whole) < whole.shape[1]:
                continue
            _, point, _, _ = _estimate(_likelihood(_stacks(self._studies, columns), self.method.tau2), self.method.tau2)
            pick = np.zeros(point.beta.size)
            for treatment, sign in ((a, 1.0), (b, -1.0)):
                if treatment != self.reference:
                    pick[self.coefficients.index(treatment)] = sign
            last = np.eye(point.beta.size)[-1]
            found = {}
            for name, contrast in (("direct", pick + last), ("indirect", pick), ("difference", last)):
                found[name] = float(contrast @ point.beta)
                found[f"{name}_se"] = math.sqrt(float(contrast @ point.covariance @ contrast))
            z = found["difference"] / found["difference_se"]
            rows[f"{a} v {b}"] = {**found, "p_value": float(two_sided_p(np.array(z), np.array(NAN)))}
        if not rows:
            raise DataError("No comparison has both direct and indirect evidence, so that none can be split.")
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("comparison")

    def _place(self, treatment: str) -> int:
        if treatment not in self.treatments:
            raise DataError(f"The network has no {treatment!r}. Treatments: {', '.join(self.treatments)}.")
        return self.treatments.index(treatment)

    @cached_property
    def _all(self) -> Array:
        return np.insert(self.beta, self._place(self.reference), 0.0)

    @cached_property
    def _spread(self) -> Array:
        at = self._place(self.reference)
        return np.insert(np.insert(self.covariance, at, 0.0, axis=0), at, 0.0, axis=1)


def network(
    yi: ArrayLike | str,
    vi: ArrayLike | str,
    treat1: Any,
    treat2: Any,
    study: Any,
    *,
    reference: str | None = None,
    method: str = "REML",
    better: str = "high",
    level: float = 0.95,
    measure: str = "GEN",
    data: Any = None,
) -> NetworkFit:
    """Compare several treatments through all studies that compare any of them.

    Parameters
    ----------
    yi, vi : array_like, shape (c,), or str
        Effects of `treat1` against `treat2` on the working scale, and their variances; or names of columns of `data`.
        A study of several arms has all its pairs.
    treat1, treat2, study : array_like, shape (c,), or str
    reference : str, optional
        Treatment that `beta` compares with; the first in the alphabet if left out.
    method : {'REML', 'ML', 'DL', 'CE'}
        Estimator of tau2; CE takes it as 0.
    better : {'high', 'low'}
        Whether a high effect is good, for `p_scores`.
    level : float
        Coverage of all intervals.
    measure : str
        Code of the measure of `yi`, for `league`.
    data : mapping or data frame, optional

    Returns
    -------
    NetworkFit

    Raises
    ------
    DataError
        A network in parts that nothing connects, with the parts; a study of several arms without all its pairs, or
        whose pairs contradict each other; missing names, impossible variances, with the rows.

    Notes
    -----
    When not to use: where studies of different comparisons differ in what changes the effect (severity, dose,
    blinding), indirect evidence is biased (transitivity). Inconsistency tests have little power.

    References
    ----------
    Lu & Ades 2004, doi:10.1002/sim.1875; White et al. 2012, doi:10.1002/jrsm.1045; Rucker 2012,
    doi:10.1002/jrsm.1058; Rucker & Schwarzer 2015, doi:10.1186/s12874-015-0060-8 (P-scores); Higgins et al. 2012,
    doi:10.1002/jrsm.1044 (design-by-treatment); Senn et al. 2013, doi:10.1177/0962280211432220.

    Examples
    --------
    >>> fit = network([-0.5, -0.2, -0.4], [0.04, 0.05, 0.06], ["a", "a", "b"], ["b", "c", "c"], [1, 2, 3])
    >>> round(fit.effect("a", "c").beta, 3)
    -0.433
    """
    named = {"yi": yi, "vi": vi, "treat1": treat1, "treat2": treat2, "study": study}
    found = {n: column_of(data, x, n) if isinstance(x, str) else x for n, x in named.items()}
    y, v = (read_numbers(found[n], n).ravel() for n in ("yi", "vi"))
    names = {n: _names(found[n], n, y.size) for n in ("treat1", "treat2", "study")}
    bad = np.flatnonzero(~np.isfinite(y) | ~(np.isfinite(v) & (v > 0)))
    if bad.size:
        raise DataError(f"yi is missing, or vi not positive, in {list_rows(bad.tolist())}. Fix: leave these rows out.")
    same = [i for i in range(y.size) if names["treat1"][i] == names["treat2"][i]]
    if same:
        raise DataError(f"treat1 and treat2 are the same in {list_rows(same)}.")
    studies = from_pairs(y, v, names["treat1"], names["treat2"], names["study"])
    return _fit(studies, reference, method, better, level, measure, ())


def network_from_arms(
    measure: str,
    *,
    study: Any,
    treatment: Any,
    reference: str | None = None,
    method: str = "REML",
    better: str = "high",
    level: float = 0.95,
    data: Any = None,
    **columns: Any,
) -> NetworkFit:
    """A network from a table of arms: one row an arm.

    Parameters
    ----------
    measure : {'OR', 'RR', 'RD', 'MD'}
    study, treatment : array_like, shape (arms,), or str
    reference, method, better, level, data
        As in `network`.
    **columns
        ``e`` and ``n`` for counts, ``m``, ``sd`` and ``n`` for means.

    Returns
    -------
    NetworkFit

    Notes
    -----
    The arms of a study share its first arm, so that their contrasts correlate; the covariance is that arm's variance.
    A study with a zero or full arm gets 1/2 added to events and non-events of all its arms; one without any event, or
    with events only, says nothing of a ratio and is left out.

    Examples
    --------
    >>> fit = network_from_arms(
    ...     "MD", study=["x", "x", "y", "y"], treatment=["a", "b", "b", "c"], m=[1, 2, 2, 4], sd=[1] * 4, n=[20] * 4,
    ... )
    >>> round(fit.effect("c", "a").beta, 2)
    3.0
    """
    given = {"study": study, "treatment": treatment, **columns}
    found = {n: column_of(data, x, n) if isinstance(x, str) else x for n, x in given.items()}
    numbers = {n: read_numbers(found[n], n).ravel() for n in columns}
    size = len(list(found["study"]))
    names = {n: _names(found[n], n, size) for n in ("study", "treatment")}
    made: ArmContrasts = from_arms(measure, names["study"], names["treatment"], numbers)
    return _fit(made.studies, reference, method, better, level, measure, made.notes)


def _names(values: Any, option: str, size: int) -> list[str]:
    found = list(values)
    if len(found) != size:
        raise DataError(f"{option} has {len(found)} entries for {size} rows.")
    missing = [i for i, x in enumerate(found) if is_missing(x) or not str(x).strip()]
    if missing:
        raise DataError(f"{option} is missing in {list_rows(missing)}.")
    return [str(x).strip() for x in found]


def _fit(
    studies: tuple[StudyContrasts, ...], reference: str | None, method: str, better: str, level: float, measure: str,
    notes: tuple[Note, ...],
) -> NetworkFit:  # fmt: skip
    check_level(level)
    for option, value, allowed in (("method", method, METHODS), ("better", better, ("high", "low"))):
        if value not in allowed:
            raise ConfigError(f"{option} = {value!r} is not known. Allowed: {', '.join(allowed)}.")
    treatments = tuple(sorted({arm for s in studies for arm in s.arms}, key=lambda t: (t.casefold(), t)))
    _refuse_parts(studies, treatments)
    about = treatments[0] if reference is None else reference
    if about not in treatments:
        raise DataError(f"The network has no {about!r}. Treatments: {', '.join(treatments)}.")
    columns = _mean_columns(studies, treatments, about)
    likelihood = _likelihood(_stacks(studies, columns), method)
    tau2, point, tau2_se, converged = _estimate(likelihood, method)
    alone = likelihood.at(np.zeros(1))
    contrasts, p = likelihood.k, len(treatments) - 1
    df = contrasts - p
    within = _likelihood(_stacks(studies, _design_columns(studies)), "CE")
    inside = within.at(np.zeros(1)).rss
    inside_df = contrasts - within.stacks[0].x.shape[-1]
    between, between_df = max(alone.rss - inside, 0.0), df - inside_df
    se = np.sqrt(np.diagonal(point.covariance))
    statistic = point.beta / se
    normal = np.full(p, NAN)
    half = float(quantile((1 + level) / 2, np.array(NAN))) * se

    def tail(q: float, free: int) -> float:
        return float(chi2_upper_tail(np.array(q), np.array(free))) if free > 0 else NAN

    if not converged:
        notes = (*notes, Note("not_converged", estimator=method))
    designs: dict[str, int] = {}
    for s in studies:
        designs[" : ".join(sorted(s.arms))] = designs.get(" : ".join(sorted(s.arms)), 0) + 1
    return NetworkFit(
        treatments, about, point.beta, se, statistic, two_sided_p(statistic, normal), point.beta - half,
        point.beta + half, point.covariance, tau2, tau2_se, alone.rss, df, tail(alone.rss, df), inside, inside_df,
        tail(inside, inside_df), between, between_df, tail(between, between_df),
        100 * max(0.0, 1 - df / alone.rss) if df > 0 and alone.rss > 0 else NAN, alone.rss / df if df > 0 else NAN,
        len(studies), contrasts, point.value, designs, converged, tau2 == 0, Method(NETWORK, method, "z", "t", level),
        notes, better, studies, measure,
    )  # fmt: skip


def _mean_columns(studies: tuple[StudyContrasts, ...], treatments: tuple[str, ...], reference: str) -> list[Array]:
    """Design of each study under consistency."""
    place = {t: i for i, t in enumerate(t for t in treatments if t != reference)}
    found = []
    for s in studies:
        x = np.zeros((s.y.size, len(place)))
        for i, arm in enumerate(s.arms[1:]):
            if arm != reference:
                x[i, place[arm]] += 1
            if s.arms[0] != reference:
                x[i, place[s.arms[0]]] -= 1
        found.append(x)
    return found


def _places_of_designs(studies: tuple[StudyContrasts, ...]) -> tuple[dict[tuple[str, ...], int], int]:
    """Where the effects of each design start among those of all, each against its first treatment; and how many."""
    start: dict[tuple[str, ...], int] = {}
    size = 0
    for s in studies:
        key = tuple(sorted(s.arms))
        if key not in start:
            start[key] = size
            size += len(key) - 1
    return start, size


def _design_columns(studies: tuple[StudyContrasts, ...]) -> list[Array]:
    """Design of each study with effects of its own for each set of treatments that are compared."""
    start, size = _places_of_designs(studies)
    found = []
    for s in studies:
        key = tuple(sorted(s.arms))
        x = np.zeros((s.y.size, size))
        for i, arm in enumerate(s.arms[1:]):
            for name, sign in ((arm, 1.0), (s.arms[0], -1.0)):
                if name != key[0]:
                    x[i, start[key] + key.index(name) - 1] += sign
        found.append(x)
    return found


def _stacks(studies: tuple[StudyContrasts, ...], columns: list[Array]) -> tuple[Stack, ...]:
    """Studies of one number of arms stacked; effects of one study correlate by 1/2 through their shared arm."""
    first = np.cumsum([0, *(s.y.size for s in studies)])
    stacks = []
    for n in sorted({s.y.size for s in studies}):
        chosen = [i for i, s in enumerate(studies) if s.y.size == n]
        rows = np.array([np.arange(first[i], first[i] + n) for i in chosen])
        half = np.broadcast_to(0.5 * (np.eye(n) + 1), (1, len(chosen), n, n))
        stacks.append(
            Stack(
                rows, np.array([studies[i].y for i in chosen]), np.array([columns[i] for i in chosen]),
                np.array([studies[i].v for i in chosen]), half,
            )
        )  # fmt: skip
    return tuple(stacks)


def _likelihood(stacks: tuple[Stack, ...], method: str) -> Likelihood:
    p = stacks[0].x.shape[-1]
    xx = sum((np.einsum("mip,miq->pq", s.x, s.x) for s in stacks), np.zeros((p, p)))
    return Likelihood(
        stacks, method not in ("ML", "CE"), float(np.linalg.slogdet(xx)[1]), sum(s.y.size for s in stacks)
    )


def _estimate(likelihood: Likelihood, method: str) -> tuple[float, Point, float, bool]:
    """tau2, the likelihood there, the standard error of tau2, and whether it was solved."""
    p = likelihood.stacks[0].x.shape[-1]
    zero = likelihood.at(np.zeros(1))
    if method == "CE" or likelihood.k <= p:
        return 0.0, zero, NAN, True
    if method == "DL":
        # The expectation of Q is k - p + tau2 tr(P D); twice the slope of the log-likelihood is Q' - tr(P D).
        slope = _trace(likelihood)
        tau2 = max(0.0, (zero.rss - (likelihood.k - p)) / slope)
        return tau2, likelihood.at(np.array([tau2])), NAN, True
    peak, _ = highest(likelihood)
    tau2 = float(peak.sigma2[0])
    curve = float(peak.point.information[0, 0])
    return tau2, peak.point, 1 / math.sqrt(curve) if tau2 > 0 and curve > 0 else NAN, peak.converged


def _trace(likelihood: Likelihood) -> float:
    """Trace of P D at tau2 = 0, D the structure of the heterogeneity."""
    p = likelihood.stacks[0].x.shape[-1]
    whole, xwx, inner = 0.0, np.zeros((p, p)), np.zeros((p, p))
    for s, w, _ in likelihood.inverses(np.zeros(1)):
        wx, d = w @ s.x, s.same[0]
        whole += float(np.einsum("mij,mji->", w, d))
        xwx += np.einsum("mip,miq->pq", s.x, wx)
        inner += np.einsum("mip,mij,mjq->pq", wx, d, wx)
    return whole - float(np.trace(np.linalg.solve(xwx, inner)))


def _refuse_parts(studies: tuple[StudyContrasts, ...], treatments: tuple[str, ...]) -> None:
    """Refuse a network in parts that no study connects."""
    part = {t: i for i, t in enumerate(treatments)}
    for s in studies:
        joined = {part[arm] for arm in s.arms}
        lowest = min(joined)
        part = {t: lowest if p in joined else p for t, p in part.items()}
    groups = sorted({tuple(t for t in treatments if part[t] == p) for p in part.values()}, key=lambda g: (-len(g), g))
    if len(groups) > 1:
        shown = "; ".join(", ".join(g) for g in groups)
        raise DataError(
            f"The network is in {len(groups)} parts that no study connects: {shown}. Fix: analyse one part, or add a "
            "study that compares treatments of two."
        )
