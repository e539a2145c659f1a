"""Result of pooling counts without effect sizes in between; what is seldom read is computed when it is first read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from metarepro.effects.checks import Array
from metarepro.effects.core import EffectSizes, effect_sizes
from metarepro.notes import Note
from metarepro.pooling.count_tables import TESTS, CountTables, odds_ratio_tests, rate_test
from metarepro.pooling.engine import CHUNK
from metarepro.pooling.fitted import read_only
from metarepro.pooling.inference import chi2_upper_tail, quantile, two_sided_p
from metarepro.pooling.protocol import Fit
from metarepro.pooling.result_parts import PETO, Heterogeneity, Method


@dataclass(frozen=True)
class StudyOptions:
    """How the single studies' effects behind Q are made: options of `effect_sizes`, and names of the studies."""

    options: dict[str, Any]
    labels: Any = None


@dataclass(frozen=True, eq=False, repr=False)
class CountsFit(Fit):
    """Result of `mantel_haenszel` or `peto`. Floats for one problem of shape (k,), arrays of the batch's shape else.

    Attributes
    ----------
    beta, se, statistic, p_value, ci_low, ci_high
        Pooled effect on the working scale (log for OR, RR, IRR and Peto), its standard error, Wald test and interval;
        NaN with a note where the pooled ratio is 0, infinite or undefined.
    q, q_df, q_p, i2, h2
        Heterogeneity of the single studies' effects (with their own zero-cell correction) around the pooled one.
    cmh, cmh_p
        Cochran-Mantel-Haenszel chi2 (1 df) of no effect, with continuity correction; NaN but for OR and IRR.
    breslow_day, breslow_day_p, tarone, tarone_p
        Tests of equal odds ratios, the second with Tarone's correction; NaN but for OR.
    weights : ndarray
        Percent weight of each study; 0 for those that a mask leaves out.
    k
        Studies with a usable effect of their own.
    method : Method
    notes : tuple of Note
    studies : EffectSizes
        Effects of the single studies, with their counts.
    """

    beta: Any
    se: Any
    method: Method
    _measure: str
    _weight: Array
    _tables: CountTables
    _studies: StudyOptions
    _cmh_correction: bool = True

    # A common effect: a normal test, no variance between studies, no prediction interval.
    df = tau2 = pi_low = pi_high = np.nan
    converged, at_boundary = True, False

    def __post_init__(self) -> None:
        read_only(self.beta)
        read_only(self.se)

    @property
    def measure(self) -> str:
        """Code of the effect measure."""
        return self._measure

    @cached_property
    def studies(self) -> EffectSizes:  # type: ignore[override]  # computed when it is read
        """Effects of the single studies, with their counts."""
        given, made = self._tables.given, self._studies
        es = effect_sizes(self.measure, **given, **made.options, labels=made.labels)
        if "t1" in given:
            # A study without events in either arm says nothing about heterogeneity.
            silent = given["e1"] + given["e2"] == 0
            es = replace(es, yi=np.where(silent, np.nan, es.yi), vi=np.where(silent, np.nan, es.vi))
        return es.kept()

    @property
    def data(self) -> tuple[Array, Array]:
        """Effects and variances of the single studies."""
        return self.studies.yi, self.studies.vi

    @cached_property
    def weights(self) -> Array:
        """Percent weight of each study; 0 for those that a mask leaves out."""
        weight = np.where(self._tables.used, self._weight, 0.0)
        total = weight.sum(-1, keepdims=True)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(read_only(np.where(total > 0, 100 * weight / total, 0.0)))

    @cached_property
    def notes(self) -> tuple[Note, ...]:  # type: ignore[override]  # computed when it is read
        """What a reader must know of the result."""
        columns = self._tables.given.values()
        gaps = np.flatnonzero(np.isnan(np.array(list(columns))).any(0)) if self._tables.used.ndim == 1 else ()
        found = [Note("counts_missing", rows=[int(i) for i in gaps])] if len(gaps) else []
        found += [Note("ratio_undefined")] if np.isnan(self.beta).any() else []
        if (np.isfinite(self.beta) & ~(np.asarray(self.se) > 0)).any():
            found.append(Note("no_events"))
        if self.measure in ("OR", "RR", "PETO"):
            found += self._without_information()
        if self.method.model == PETO:
            t = self._tables
            if (np.abs(self.beta) > 1).any():
                found.append(Note("peto_large"))
            if (t.used & ((t.n1 / t.n2 > 2) | (t.n2 / t.n1 > 2))).any():
                found.append(Note("peto_uneven"))
        return tuple(found)

    def _without_information(self) -> list[Note]:
        """Studies that say nothing of a ratio, named; risk ratios count those with events only."""
        dropped = self.studies.flags.get("dropped")
        if dropped is not None and self.measure == "RR":
            dropped = dropped & (self.studies.inputs["e1"] == 0)
        rows = np.flatnonzero(dropped).tolist() if dropped is not None and dropped.ndim == 1 else []
        return [Note("double_zero_weightless", rows=rows)] if rows else []

    @cached_property
    def _wald(self) -> dict[str, Any]:
        normal = np.full(np.shape(self.beta), np.nan)
        with np.errstate(divide="ignore", invalid="ignore"):
            statistic = np.asarray(np.divide(self.beta, self.se))
        half = float(quantile((1 + self.level) / 2, np.array(np.nan))) * self.se
        return self._shown(
            statistic=statistic, p_value=two_sided_p(statistic, normal), ci_low=self.beta - half,
            ci_high=self.beta + half,
        )  # fmt: skip

    @cached_property
    def _around(self) -> dict[str, Any]:
        def compute(t: CountTables, yi: Array, vi: Array, beta: Array) -> tuple[Array, ...]:
            known = np.isfinite(yi) & t.used
            with np.errstate(divide="ignore", invalid="ignore"):
                return known.sum(-1), np.where(known, (yi - beta) ** 2 / vi, 0.0).sum(-1)

        k, q = in_chunks(compute, self._tables, *self.data, np.asarray(self.beta)[..., None])
        # One study has nothing to differ from, though its own effect is not that of the pooled table.
        df = np.maximum(k - 1, 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            q, above = np.where(df > 0, q, 0.0) + 0 * self.beta, np.where(df > 0, df, np.nan)
            return self._shown(
                k=k, q=q, q_df=df, q_p=chi2_upper_tail(q, df), h2=q / above, i2=100 * (1 - df / np.maximum(q, above))
            )

    @cached_property
    def _tests(self) -> dict[str, Any]:
        def compute(t: CountTables, beta: Array) -> tuple[Array, ...]:
            ratio, found = np.exp(beta[..., 0]), {}
            if self.measure == "OR":
                found = odds_ratio_tests(t, ratio, self._cmh_correction)
            elif self.measure == "IRR":
                found = rate_test(t, self._cmh_correction)
            return tuple(found.get(name, np.full(ratio.shape, np.nan)) for name in TESTS)

        values = in_chunks(compute, self._tables, np.asarray(self.beta)[..., None])
        return self._shown(**dict(zip(TESTS, values, strict=True)))

    def _shown(self, **numbers: Any) -> dict[str, Any]:
        """Plain numbers of one problem, read-only arrays of a batch."""
        if self._tables.used.ndim == 1:
            return {name: np.asarray(x).item() for name, x in numbers.items()}
        return {name: read_only(np.asarray(x)) for name, x in numbers.items()}

    statistic = property(lambda self: self._wald["statistic"])
    p_value = property(lambda self: self._wald["p_value"])
    ci_low = property(lambda self: self._wald["ci_low"])
    ci_high = property(lambda self: self._wald["ci_high"])
    k = property(lambda self: self._around["k"])
    q = property(lambda self: self._around["q"])
    q_df = property(lambda self: self._around["q_df"])
    q_p = property(lambda self: self._around["q_p"])
    i2 = property(lambda self: self._around["i2"])
    h2 = property(lambda self: self._around["h2"])
    cmh = property(lambda self: self._tests["cmh"])
    cmh_p = property(lambda self: self._tests["cmh_p"])
    breslow_day = property(lambda self: self._tests["breslow_day"])
    breslow_day_p = property(lambda self: self._tests["breslow_day_p"])
    tarone = property(lambda self: self._tests["tarone"])
    tarone_p = property(lambda self: self._tests["tarone_p"])

    @property
    def heterogeneity(self) -> Heterogeneity:
        """How the single studies' effects differ."""
        nan = np.nan
        return Heterogeneity((), self.i2, nan, nan, self.h2, self.i2, self.q, self.q_df, self.q_p)


def in_chunks(compute: Callable[..., Any], t: CountTables, *own: Array) -> Any:
    """What `compute` gives for tables and numbers of their own; a batch in parts that fit the processor's cache."""
    shape, k = t.used.shape[:-1], t.used.shape[-1]
    if t.used.size <= CHUNK or not shape:
        return compute(t, *own)
    tables, used = [x.reshape(-1, k) for x in (t.e1, t.n1, t.e2, t.n2)], t.used.reshape(-1, k)
    flat = [x if x.ndim == 1 else x.reshape(-1, x.shape[-1]) for x in own]
    parts = []
    for first in range(0, len(used), max(CHUNK // k, 1)):
        rows = slice(first, first + max(CHUNK // k, 1))
        e1, n1, e2, n2 = (x[rows] for x in tables)
        part = CountTables({}, e1, n1, e2, n2, used[rows])
        parts.append(compute(part, *(x if x.ndim == 1 else x[rows] for x in flat)))
    joined = (np.concatenate(several) for several in zip(*parts, strict=True))
    return tuple(x.reshape((*shape, *x.shape[1:])) for x in joined)
