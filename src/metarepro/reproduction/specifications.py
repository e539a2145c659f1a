"""All defensible ways from the numbers of studies to a pooled result, computed in a few batched calls."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, islice, product
from typing import Any, Literal

import numpy as np

from metarepro.effects.checks import Array
from metarepro.effects.core import effect_sizes, from_display, to_display
from metarepro.effects.generic import se_from_interval
from metarepro.effects.means import matched_smd_variance
from metarepro.errors import DataError
from metarepro.pooling.about_mantel_haenszel import dersimonian_laird_around
from metarepro.pooling.counts import mantel_haenszel
from metarepro.pooling.engine import estimate
from metarepro.pooling.inference import quantile
from metarepro.pooling.intervals import half_widths
from metarepro.pooling.kernel import Mask
from metarepro.pooling.models.glmm import glmm
from metarepro.pooling.problems import open_batch
from metarepro.pooling.tau2 import ESTIMATORS
from metarepro.reproduction.collapsed import mid_p_odds_ratio
from metarepro.reproduction.printed import COUNTS, PrintedResult, StudyInputs
from metarepro.reproduction.ways import (
    CI,
    COLLAPSED,
    COUNT_MODELS,
    TAU2,
    TO_ZERO,
    Formula,
    Way,
    formulas,
    tells_model_of_counts,
)

# Common effects by Mantel-Haenszel: what of them is corrected, means, standard errors.
Fixed = list[tuple[Literal["", "tables", "variance"], Array, Array]]
# Weights of the ways that make no effects of the studies first.
OF_COUNTS = ("collapsed", "GLMM")
# At most this many sets of studies, of all formulas together, are held at once.
MOST_ROWS = 20_000
# In larger arms the beta-binomial model is not tried.
MOST_PATIENTS = 5_000


@dataclass(frozen=True)
class Effects:
    """Effects of all studies by one formula, yi and vi of shape (k,) or (s, k); `n` are the sizes of proportions."""

    formula: Formula
    yi: Array
    vi: Array
    n: Array | None = None


@dataclass(frozen=True)
class Pooled:
    """Results of one way of computing for many sets of studies, of their shape, on the display scale."""

    way: Way
    estimate: Array
    ci_low: Array
    ci_high: Array
    tau2: Array
    i2: Array
    q: Array

    def turned(self) -> Pooled:
        """The same results with the arms exchanged."""
        ratio = self.way.formula.ratio
        with np.errstate(divide="ignore", invalid="ignore"):
            value, low, high = (1 / x if ratio else -x for x in (self.estimate, self.ci_high, self.ci_low))
        return replace(self, way=replace(self.way, turned=True), estimate=value, ci_low=low, ci_high=high)


def on_display(measure: str, *values: Array, sizes: Array | None = None) -> list[Array]:
    """Values of the working scale, of one shape, on the display scale; Freeman-Tukey values are those at `sizes`."""
    if measure == "PFT":
        assert sizes is not None
        return [freeman_tukey_proportion(v, sizes) for v in values]
    return list(to_display(measure, values))


def effects_by(formula: Formula, inputs: StudyInputs) -> Effects:
    """Effects by one formula, of studies (k,) or sets of them (s, k).

    References
    ----------
    Elbourne et al. 2002, doi:10.1093/ije/31.1.140 (crossover trials; SMD on the scale of parallel ones).
    """
    c, measure, r = inputs.columns, formula.measure, formula.correlation
    if formula.kind == "effects":
        y, low, high = (from_display(measure, c[n]) for n in ("estimate", "ci_low", "ci_high"))
        return Effects(formula, y, se_from_interval(low, high, inputs.level) ** 2)
    es = effect_sizes(measure, **c, **dict(formula.options))
    if formula.kind == "proportions":
        return Effects(formula, es.yi, es.vi, c["n"])
    if r is None:
        return Effects(formula, es.yi, es.vi)
    if measure == "MD":
        both = {n: c[n] for n in ("m1", "sd1", "m2", "sd2")}
        own = effect_sizes("MC", **both, n=np.minimum(c["n1"], c["n2"]), r=r).vi
    elif measure == "SMD":
        own = matched_smd_variance(es.yi, np.minimum(c["n1"], c["n2"]), r)
    else:
        own = es.vi.copy()
        for i in np.flatnonzero(np.asarray(inputs.paired) & (c["n1"] == c["n2"])):
            # Margins that make the correlation impossible keep the variance of parallel arms.
            with contextlib.suppress(DataError):
                own[i] = effect_sizes(f"MP{measure}M", e1=c["e1"][i], e2=c["e2"][i], n=c["n1"][i], r=r).vi[0]
    return Effects(formula, es.yi, np.where(inputs.paired, own, es.vi))


def all_effects(inputs: StudyInputs, measure: str) -> list[Effects]:
    """Effects by each formula in use; the first of those that give the same numbers stands for all.

    Raises
    ------
    DataError
        The measure cannot be made of these numbers.
    """
    kept: list[Effects] = []
    for effects in (effects_by(f, inputs) for f in formulas(inputs, measure)):
        if not any(f.formula.measure == effects.formula.measure and _same(f, effects) for f in kept):
            kept.append(effects)
    return kept


def _same(a: Effects, b: Effects) -> bool:
    pairs = ((a.yi, b.yi), (a.vi, b.vi))
    return all(np.allclose(x, y, rtol=1e-12, atol=0, equal_nan=True) for x, y in pairs)


def all_specifications(
    inputs: StudyInputs, printed: PrintedResult, mask: Mask | None = None, only: Way | None = None
) -> Iterator[Pooled]:
    """Results of all ways, or of one, for all sets of studies; in either sign if the printed one asks for it.

    `mask`, of shape (s, k), says which studies make each set; all of `inputs` if left out.
    """
    if mask is None:
        mask = np.ones(np.atleast_2d(next(iter(inputs.columns.values()))).shape, dtype=bool)
    # Of all studies only: nobody sums tables and leaves one out, and what takes long or is rare is tried once.
    whole = mask.shape[0] == 1 and bool(mask.all())
    if whole and (only is None or only.weights in OF_COUNTS):
        yield from (r for r in _of_counts(inputs, printed) if only is None or r.way == only)
    if only is not None and only.weights in OF_COUNTS:
        return
    by_formula = all_effects(inputs, printed.measure) if only is None else [effects_by(only.formula, inputs)]
    fixed: Fixed = []
    if inputs.kind == "counts" and (only is None or only.weights == "MH"):
        fixed = _mantel_haenszel(inputs, printed.measure, mask)
    for group in _in_groups(by_formula, mask.shape[0]):
        for effects, results in zip(group, _inverse_variance(group, mask, printed.level, only), strict=True):
            if fixed and effects.formula.measure != "PETO":
                results += _around_mantel_haenszel(fixed, effects, mask, printed.level)
            if inputs.beside and (whole or only):
                results += _with_shared_tau2(effects, inputs.beside, mask, printed.level)
            if only.turned if only else _other_side(results, printed, effects.formula):
                results += [r.turned() for r in results]
            yield from (r for r in results if only is None or r.way == only)


def _other_side(results: list[Pooled], printed: PrintedResult, formula: Formula) -> bool:
    """Whether a result of any set lies on the other side of no effect than the printed one."""
    null = 1.0 if formula.ratio else 0.0
    estimates = np.concatenate([r.estimate for r in results])
    return bool(((estimates - null) * ((printed.value("estimate") or 0.0) - null) < 0).any())


def _in_groups(by_formula: Sequence[Effects], sets: int) -> Iterator[list[Effects]]:
    """Formulas whose effects are pooled together: of one measure, and not too many sets of studies at once."""
    most = max(1, MOST_ROWS // sets)
    for _, same in groupby(by_formula, lambda e: e.formula.measure):
        while group := list(islice(same, most)):
            yield group


def _inverse_variance(group: list[Effects], mask: Mask, level: float, only: Way | None) -> list[list[Pooled]]:
    """For each formula, results by every inverse-variance method (Peto's by a common effect), or by that of one way."""
    k = mask.shape[1]
    yi, vi = (np.stack([np.broadcast_to(getattr(e, a), mask.shape) for e in group]) for a in ("yi", "vi"))
    known = np.isfinite(yi) & np.isfinite(vi) & (vi > 0)
    used = mask & known
    enough = used.any(-1)
    # A set without any study is computed with all of them and blanked.
    y, v, chosen = np.where(known, yi, 0.0), np.where(known, vi, 1.0), used | ~enough[..., None]
    batch = open_batch(y.reshape(-1, k), v.reshape(-1, k), mask=chosen.reshape(-1, k))
    blank = np.where(enough, 0.0, np.nan)
    sizes = None
    if group[0].n is not None:
        sizes = used.sum(-1) / np.where(used, 1 / group[0].n, 0.0).sum(-1)
    measure = group[0].formula.measure
    weights: Literal["Peto", "IV"] = "Peto" if measure == "PETO" else "IV"
    found: list[list[Pooled]] = [[] for _ in group]
    for tau2 in ("CE",) if weights == "Peto" else TAU2:
        intervals = [ci for ci in CI if not (tau2 == "CE" and ci.startswith("HK"))]
        if only is not None:
            intervals = [ci for ci in intervals if (tau2, ci, weights) == (only.tau2, only.ci, only.weights)]
        if not intervals:
            continue
        e, _ = estimate(batch, ESTIMATORS[tau2])
        half = half_widths(e, level, intervals)
        of_all = e.beta[:, 0], e.tau2, _i2(e.q, e.k), e.q
        centre, *others = (a.reshape(enough.shape) for a in of_all)
        centre = centre + blank
        (value,) = on_display(measure, centre, sizes=sizes)
        for ci in intervals:
            width = half[ci].reshape(enough.shape)
            ends = on_display(measure, centre - width, centre + width, sizes=sizes)
            for results, effects, *numbers in zip(found, group, value, *ends, *others, strict=True):
                results.append(Pooled(Way(effects.formula, weights, tau2, ci), *numbers))
    return found


def _mantel_haenszel(inputs: StudyInputs, measure: str, mask: Mask) -> Fixed:
    """Mantel-Haenszel means and standard errors, of tables as they are and corrected for zero cells, for OR, RR, RD."""
    e1, n1, e2, n2 = (inputs.columns[n] for n in COUNTS)
    zero = (e1 == 0) | (e2 == 0) | (e1 == n1) | (e2 == n2)
    plain = mantel_haenszel(e1, n1, e2, n2, measure=measure, mask=mask, rd_variance="GR")
    found: Fixed = [("", plain.beta, plain.se)]
    if zero.any():
        tables = e1 + zero / 2, n1 + zero, e2 + zero / 2, n2 + zero
        corrected = mantel_haenszel(*tables, measure=measure, mask=mask, rd_variance="GR")
        found.append(("tables", corrected.beta, corrected.se))
        if measure == "RD":
            found.append(("variance", plain.beta, corrected.se))
    return found


def _around_mantel_haenszel(fixed: Fixed, effects: Effects, mask: Mask, level: float) -> Iterator[Pooled]:
    """The fixed effect, and DerSimonian-Laird with Q around the Mantel-Haenszel mean (RevMan 5)."""
    formula = effects.formula
    z = float(quantile((1 + level) / 2, np.array(np.nan)))
    usual = formula.options == TO_ZERO and formula.correlation is None
    plain = dersimonian_laird_around(effects.yi, effects.vi, fixed[0][1], mask)
    for corrected, beta, se in fixed if usual else fixed[:1]:
        way, i2 = Way(formula, "MH", "CE", "z", corrected), _i2(plain.q, plain.k)
        yield _shown(effects, way, beta, z * se, (np.zeros(i2.shape), i2, plain.q))
    for corrected, beta, _ in fixed:
        # The mean of corrected tables, as in RevMan, where effects are of corrected tables.
        if corrected == "variance":
            continue
        around = plain if not corrected else dersimonian_laird_around(effects.yi, effects.vi, beta, mask)
        random = Way(formula, "MH", "DL", "z", corrected)
        yield _shown(effects, random, around.beta, z * around.se, (around.tau2, _i2(around.q, around.k), around.q))


def _of_counts(inputs: StudyInputs, printed: PrintedResult) -> Iterator[Pooled]:
    """Ways that make no effects of the studies first: one table of all, models of the counts.

    Those of two arms take a tenth of a second each, and are tried only for a report that tells of one.
    """
    if inputs.kind == "counts" and printed.measure == "OR":
        way = Way(Formula("counts", "OR", COLLAPSED), "collapsed", "CE", "mid-p")
        e1, n1, e2, n2 = (float(np.sum(inputs.columns[n])) for n in COUNTS)
        yield _single(way, mid_p_odds_ratio(e1, n1, e2, n2, printed.level))
        if tells_model_of_counts(printed.model):
            arms: dict[str, Any] = {n: inputs.columns[n] for n in COUNTS}
            # The beta-binomial likelihood is a sum over all patients.
            large = max(float(np.max(x)) for x in arms.values()) > MOST_PATIENTS
            models = [o for o in COUNT_MODELS if not (large and ("model", "BB") in o)]
            for options, ci in product(models, ("z", "t")):
                with contextlib.suppress(DataError):
                    fit = glmm("OR", **arms, **dict(options), ci=ci, level=printed.level)
                    shown = to_display("OR", np.array([fit.beta, fit.ci_low, fit.ci_high]))
                    yield _single(Way(Formula("counts", "OR", options), "GLMM", "ML", ci), shown, fit.tau2)
    if inputs.kind == "proportions" and printed.measure == "PR":
        for ci in ("z", "t"):
            # Counts that are not whole have no binomial distribution.
            with contextlib.suppress(DataError):
                fit = glmm("PLO", e=inputs.columns["e"], n=inputs.columns["n"], ci=ci, level=printed.level)
                shown = to_display("PLO", np.array([fit.beta, fit.ci_low, fit.ci_high]))
                yield _single(Way(Formula("proportions", "PLO"), "GLMM", "ML", ci), shown, fit.tau2)


def _single(way: Way, shown: Iterable[float], tau2: float = np.nan) -> Pooled:
    """One result: its estimate and interval on the display scale."""
    return Pooled(way, *(np.array([float(x)]) for x in (*shown, tau2, np.nan, np.nan)))


def _with_shared_tau2(effects: Effects, groups: Sequence[StudyInputs], mask: Mask, level: float) -> Iterator[Pooled]:
    """Random effects with one tau2 of several subgroups, estimated within them; normal intervals."""
    parts = [effects, *(effects_by(effects.formula, group) for group in groups)]
    yi, vi = (
        np.concatenate([np.broadcast_to(a, (len(mask), a.shape[-1])) for a in arrays], axis=-1)
        for arrays in ([p.yi for p in parts], [p.vi for p in parts])
    )
    known = np.isfinite(yi) & np.isfinite(vi) & (vi > 0)
    k = mask.shape[1]
    known[:, :k] &= mask
    # A subgroup without studies has no mean, and a set without any of its own no result.
    member = np.repeat(np.arange(len(parts)), [p.yi.shape[-1] for p in parts])
    if any(not known[:, member == g].any(-1).all() for g in range(len(parts))):
        return
    design = np.broadcast_to(member[:, None] == np.arange(len(parts)), (*yi.shape, len(parts))) * 1.0
    y, v = np.where(known, yi, 0.0), np.where(known, vi, 1.0)
    batch = open_batch(y, v, design, mask=known, intercept=False)
    alone, _ = estimate(open_batch(y[:, :k], v[:, :k], mask=known[:, :k]), ESTIMATORS["CE"])
    z = float(quantile((1 + level) / 2, np.array(np.nan)))
    for tau2 in TAU2:
        if tau2 != "CE":
            e, _ = estimate(batch, ESTIMATORS[tau2])
            half = z * np.sqrt(e.covariance[:, 0, 0])
            way = Way(effects.formula, "shared", tau2, "z")
            yield _shown(effects, way, e.beta[:, 0], half, (e.tau2, _i2(alone.q, alone.k), alone.q))


def _i2(q: Array, k: Array) -> Array:
    """I2 from Q in percent, as reports print it: 0 for one study."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(k > 1, 100 * np.maximum(0, 1 - (k - 1) / q), 0.0)


def freeman_tukey_proportion(value: Array, n: Array) -> Array:
    """The proportion of which a Freeman-Tukey value is the transform at a size `n`; 0 or 1 beyond its range.

    References
    ----------
    Miller 1978, doi:10.1080/00031305.1978.10479283.
    """
    # Half the sum of two arcsines: Miller's is the sum.
    lowest, highest = (np.arcsin(np.sqrt(1 / (n + 1))) / 2, (np.arcsin(np.sqrt(n / (n + 1))) + np.pi / 2) / 2)
    t = 2 * np.clip(value, lowest, highest)
    inner = np.sin(t) + (np.sin(t) - 1 / np.sin(t)) / n
    return np.asarray((1 - np.sign(np.cos(t)) * np.sqrt(np.maximum(0.0, 1 - inner**2))) / 2)


def _shown(effects: Effects, way: Way, centre: Array, half: Array, others: tuple[Array, Array, Array]) -> Pooled:
    value, low, high = on_display(effects.formula.measure, centre, centre - half, centre + half)
    return Pooled(way, value, low, high, *others)
