"""Result of a network meta-analysis: effects of all pairs, league table, inconsistency, node splits."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from metarepro.errors import DataError
from metarepro.notes import Note
from metarepro.pooling.fitted import read_only
from metarepro.pooling.inference import chi2_upper_tail, quantile, two_sided_p
from metarepro.pooling.kernel import Array
from metarepro.pooling.models.network_data import StudyContrasts
from metarepro.pooling.models.network_equations import (
    design_columns,
    estimate_tau2,
    likelihood_of,
    mean_columns,
    places_of_designs,
    stack,
)
from metarepro.pooling.protocol import Fit
from metarepro.pooling.result_parts import Component, Heterogeneity, Method

if TYPE_CHECKING:
    import pandas as pd


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
    def comparisons(self) -> dict[tuple[str, str], int]:
        """How many studies compare two treatments directly, by their names in alphabetical order."""
        pairs = [pair for s in self._studies for pair in combinations(sorted(s.arms), 2)]
        return {pair: pairs.count(pair) for pair in sorted(set(pairs))}

    @property
    def studies_with(self) -> dict[str, int]:
        """How many studies have each treatment."""
        return {t: sum(t in s.arms for s in self._studies) for t in self.treatments}

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
        x = design_columns(self._studies)
        stacks = stack(self._studies, [x[i] for i in range(len(self._studies))])
        extra = stacks[0].x.shape[-1] - self.beta.size
        if extra < 1:
            raise DataError("The network has no closed loop of several designs, so that nothing can be inconsistent.")
        likelihood = likelihood_of(stacks, "REML")
        tau2, point, _, _ = estimate_tau2(likelihood, method or self.method.tau2)
        place = {t: i for i, t in enumerate(self.coefficients)}
        mean_x = np.zeros((point.beta.size, self.beta.size))
        for key, first in places_of_designs(self._studies)[0].items():
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
        consistent = mean_columns(self._studies, self.treatments, self.reference)
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
            _, point, _, _ = estimate_tau2(
                likelihood_of(stack(self._studies, columns), self.method.tau2), self.method.tau2
            )
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
