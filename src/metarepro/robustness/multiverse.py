"""The multiverse of an analysis: every combination of choices about rows and methods, pooled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from metarepro.effects.core import EffectSizes
from metarepro.effects.levels import check_level
from metarepro.errors import ConfigError, DataError
from metarepro.pooling.fit import fit_effects
from metarepro.pooling.given_effects import studies_of
from metarepro.pooling.inference import CI_METHODS, check_whole, find_interval, find_method
from metarepro.pooling.kernel import Array, Mask
from metarepro.pooling.tau2 import ESTIMATORS
from metarepro.progress import with_progress

if TYPE_CHECKING:
    import pandas as pd

EFFECTS, TAU2, INTERVAL = "effects", "tau2", "ci"
# Specifications that are pooled at most; of more, a sample.
MOST = 50_000
# Fits of the test under the null at a time.
_CHUNK = 200_000


@dataclass(frozen=True)
class NullTest:
    """Whether a multiverse without any effect would look like this one, by flipping signs of studies.

    Attributes
    ----------
    median_p : float
        Share of flips with a median effect at least as far from 0.
    significant_p : float
        Share of flips in which as many specifications exclude 0 on one side as do here.
    draws, seed : int
    """

    median_p: float
    significant_p: float
    draws: int
    seed: int


@dataclass(frozen=True, eq=False)
class Multiverse:
    """Result of `multiverse`, on the working scale.

    Attributes
    ----------
    factors : dict of str to tuple of str
        Choices and their levels.
    choices : ndarray of int, shape (n, factors)
        Level of each choice in each specification.
    beta, ci_low, ci_high, p_value, tau2, k : ndarray, shape (n,)
    primary : int
        The specification of all first levels; -1 where it cannot be pooled.
    left_out : dict of str to int
        Combinations that are not pooled, by reason.
    combinations : int
        Of all levels, before any is left out or a sample is drawn.
    seed : int or None
        Of the sample; None where all are pooled.
    level : float
        Of the intervals.
    """

    factors: dict[str, tuple[str, ...]]
    choices: np.ndarray
    beta: Array
    ci_low: Array
    ci_high: Array
    p_value: Array
    tau2: Array
    k: np.ndarray
    primary: int
    left_out: dict[str, int]
    combinations: int
    seed: int | None
    _y: Array
    _v: Array
    _mask: Mask
    _sets: np.ndarray
    level: float

    @property
    def same_sign(self) -> float:
        """Share of specifications with the sign of the median effect."""
        sign = np.sign(np.median(self.beta))
        return float((np.sign(self.beta) == sign).mean())

    @property
    def excluding_null(self) -> float:
        """Share of specifications whose interval lies on the side of the median effect."""
        low, high = (self.ci_low, self.ci_high) if np.median(self.beta) >= 0 else (-self.ci_high, -self.ci_low)
        return float(((low > 0) & (high > 0)).mean())

    def to_frame(self) -> pd.DataFrame:
        """A data frame with one row a specification, the smallest effect first."""
        import pandas as pd

        columns: dict[str, Any] = {
            name: [levels[i] for i in self.choices[:, j]] for j, (name, levels) in enumerate(self.factors.items())
        }
        columns |= {n: getattr(self, n) for n in ("k", "beta", "ci_low", "ci_high", "p_value")}
        columns["tau2_estimate"] = self.tau2
        columns["primary"] = np.arange(self.beta.size) == self.primary
        return pd.DataFrame(columns).sort_values("beta", kind="stable", ignore_index=True)

    def variance_shares(self) -> dict[str, float]:
        """Share of the variance of the effects that goes with each choice by itself, the largest first.

        Eta squared of the means of a choice's levels; shares need not add up to 1, as choices act together.
        """
        found = {name: variance_share(self.beta, self.choices[:, j]) for j, name in enumerate(self.factors)}
        return dict(sorted(found.items(), key=lambda x: -x[1]))

    def null_test(self, draws: int = 500, seed: int = 1) -> NullTest:
        """Test the whole multiverse against no effect in any study.

        Parameters
        ----------
        draws : int, default 500
            Random flips of the studies' signs, the same in all specifications of a flip.
        seed : int, default 1

        Returns
        -------
        NullTest
            p-values are (1 + as extreme) / (1 + draws).

        References
        ----------
        Simonsohn, Simmons & Nelson 2020, doi:10.1038/s41562-020-0912-z.
        """
        check_whole("draws", draws, 1)
        check_whole("seed", seed, 0)
        random = np.random.default_rng(seed)
        sets, studies = self._y.shape
        here = abs(np.median(self.beta)), _one_sided(self.ci_low[None], self.ci_high[None])[0]
        extreme = np.zeros(2, dtype=int)
        at_once = max(1, _CHUNK // max(sets, 1))
        for start in with_progress("draws without an effect", range(0, draws, at_once)):
            flips = random.choice([-1.0, 1.0], (min(at_once, draws - start), 1, studies))
            beta, low, high = self._refit(flips * self._y)
            extreme[0] += (np.abs(np.median(beta, axis=-1)) >= here[0] * (1 - 1e-9)).sum()
            extreme[1] += (_one_sided(low, high) >= here[1]).sum()
        median, significant = (1 + extreme) / (1 + draws)
        return NullTest(float(median), float(significant), draws, seed)

    def _refit(self, y: Array) -> tuple[Array, Array, Array]:
        """All specifications with other effects, shape (draws, sets, studies)."""
        found = np.empty((3, y.shape[0], self.beta.size))
        names = list(self.factors)
        tau2, ci = self.factors[TAU2], self.factors[INTERVAL]
        columns = self.choices[:, [names.index(TAU2), names.index(INTERVAL)]]
        for a, b in {(int(a), int(b)) for a, b in columns}:
            where = np.flatnonzero((columns == (a, b)).all(-1))
            rows = self._sets[where]
            fit = fit_effects(y[:, rows], self._v[rows], tau2[a], ci[b], self.level, mask=self._mask[rows], pi="z")
            for i, name in enumerate(("beta", "ci_low", "ci_high")):
                found[i][:, where] = getattr(fit, name)
        return found[0], found[1], found[2]


def variance_share(effects: Array, levels: np.ndarray) -> float:
    """Share of the variance of the effects that goes with the levels of one choice (eta squared)."""
    whole = ((effects - effects.mean()) ** 2).sum()
    if not whole > 0:
        return 0.0
    parts = [effects[levels == i] for i in np.unique(levels)]
    return float(sum(p.size * (p.mean() - effects.mean()) ** 2 for p in parts) / whole)


def _one_sided(low: Array, high: Array) -> Array:
    """The larger number of intervals above and of intervals below 0, in each row."""
    return np.asarray(np.maximum((low > 0).sum(-1), (high < 0).sum(-1)))


def multiverse(
    yi: ArrayLike | EffectSizes | None = None, vi: ArrayLike | None = None, *,
    effects: Mapping[str, EffectSizes | tuple[ArrayLike, ArrayLike]] | None = None,
    rows: Mapping[str, Mapping[str, ArrayLike]] | None = None, tau2: Sequence[str] = ("REML", "DL", "PM"),
    ci: Sequence[str] = ("HK-ci", "z"), level: float = 0.95, least: int = 3, most: int = MOST, seed: int = 1,
) -> Multiverse:  # fmt: skip
    """Pool under every combination of choices.

    Parameters
    ----------
    yi, vi : array_like, shape (k,), or EffectSizes, optional
        Effects and variances, where there is one version of them.
    effects : mapping of str to EffectSizes or pair of array_like, optional
        Versions of the effects of the same k studies, by name: other rules for zero cells, other correlations. NaN
        where a version has no effect of a study.
    rows : mapping of str to mapping of str to array_like of bool, optional
        Choices about rows: for each its levels, and which studies each level keeps. A study is in if all choices keep
        it.
    tau2, ci : sequence of str
        Estimators and intervals, as in `pool`.
    level : float, default 0.95
    least : int, default 3
        Studies that a specification has at least.
    most : int, default 50,000
        Specifications that are pooled at most; of more, a random sample with `seed` that holds the primary one.
    seed : int, default 1

    Returns
    -------
    Multiverse
        The first level of each choice makes the primary specification. Left out, and counted by reason: fewer than
        `least` studies; the same studies with the same effects as another combination; Hartung-Knapp with a common
        effect.

    Raises
    ------
    DataError, ConfigError
        As `pool`; versions of different lengths; masks that do not fit; no choice.

    Notes
    -----
    Every (tau2, ci) is one batch. When not to use: as a better estimate. Combinations are not equally sensible, and
    their number depends on what was thought of: the curve shows how far a result hangs on choices.

    References
    ----------
    Steegen et al. 2016, doi:10.1177/1745691616658637; Voracek, Kossmeier & Tran 2019,
    doi:10.1027/2151-2604/a000357.

    Examples
    --------
    >>> y, v = [0.1, 0.3, 0.35, 0.9, 0.5], [0.02, 0.03, 0.05, 0.04, 0.06]
    >>> found = multiverse(y, v, rows={"bias": {"all": [True] * 5, "low": [True, True, True, False, True]}})
    >>> found.beta.size, found.same_sign, next(iter(found.variance_shares()))
    (12, 1.0, 'bias')
    """
    check_level(level)
    check_whole("least", least, 2)
    check_whole("most", most, 1)
    check_whole("seed", seed, 0)
    names, y, v = _versions(yi, vi, effects)
    choices = {name: _levels(name, levels, y.shape[-1]) for name, levels in (rows or {}).items()}
    codes = [find_method("tau2", t, ESTIMATORS).code for t in tau2], [find_method("ci", c, CI_METHODS).code for c in ci]
    if not codes[0] or not codes[1]:
        raise ConfigError("There is no method. Fix: give tau2 and ci.")
    factors: dict[str, tuple[str, ...]] = {EFFECTS: names} if len(names) > 1 else {}
    factors |= {name: tuple(levels) for name, levels in choices.items()}
    shape = [len(levels) for levels in factors.values()]
    sets = np.array(list(np.ndindex(*shape)), dtype=int).reshape(int(np.prod(shape)), len(shape))
    at, mask, kept, left_out = _sets_of(sets, names, list(choices.values()), y, v, least)
    methods = [(a, b) for a, b in product(range(len(codes[0])), range(len(codes[1])))]
    legal = [(a, b) for a, b in methods if not (codes[0][a] == "CE" and find_interval(codes[1][b], "DL").uses_hk)]
    if len(legal) < len(methods):
        left_out["Hartung-Knapp needs a random-effects model"] = (len(methods) - len(legal)) * kept.size
    left_out = {why: n * len(legal) if "Hartung" not in why else n for why, n in left_out.items()}
    combinations = len(sets) * len(methods)
    pairs = np.array([(s, m) for s in range(kept.size) for m in range(len(legal))], dtype=int).reshape(-1, 2)
    sampled = len(pairs) > most
    if sampled:
        drawn = np.random.default_rng(seed).permutation(len(pairs) - 1)[: most - 1] + 1
        pairs = pairs[np.sort(np.concatenate([[0], drawn]))]
    if not len(pairs):
        raise DataError(f"No combination has {least} studies or more. Fix: take other rows, or a smaller least.")
    found = {n: np.empty(len(pairs)) for n in ("beta", "ci_low", "ci_high", "p_value", "tau2", "k")}
    for m, (a, b) in enumerate(legal):
        where = np.flatnonzero(pairs[:, 1] == m)
        if not where.size:
            continue
        rows_of = pairs[where, 0]
        fit = fit_effects(y[at[rows_of]], v[at[rows_of]], codes[0][a], codes[1][b], level, mask=mask[rows_of], pi="z")
        for name, values in found.items():
            values[where] = getattr(fit, name)
    taken = np.column_stack([sets[kept[pairs[:, 0]]], np.array(legal)[pairs[:, 1]]])
    factors |= {TAU2: tuple(codes[0]), INTERVAL: tuple(codes[1])}
    first = np.flatnonzero((taken == 0).all(-1))
    return Multiverse(
        factors, taken, found["beta"], found["ci_low"], found["ci_high"], found["p_value"], found["tau2"],
        found["k"].astype(int), int(first[0]) if first.size else -1, left_out, combinations, seed if sampled else None,
        y[at], v[at], mask, pairs[:, 0], level,
    )  # fmt: skip


def _versions(yi: Any, vi: Any, effects: Mapping[str, Any] | None) -> tuple[tuple[str, ...], Array, Array]:
    """Names, effects and variances of the versions, shape (versions, k)."""
    if (effects is None) == (yi is None):
        raise DataError("Give yi and vi, or versions of them as effects, and not both.")
    given = {"as given": (yi, vi)} if effects is None else dict(effects)
    if not given:
        raise DataError("There is no version of the effects.")
    found: list[tuple[Array, Array]] = []
    for name, one in given.items():
        pair = (one, None) if isinstance(one, EffectSizes) else one
        studies = studies_of(*pair)
        if studies.yi.ndim != 1 or (found and studies.yi.size != found[0][0].size):
            raise DataError(f"The version {name!r} has not the studies of the first. Fix: the same k studies in each.")
        found.append((np.asarray(studies.yi, dtype=float), np.asarray(studies.vi, dtype=float)))
    return tuple(given), np.stack([a for a, _ in found]), np.stack([b for _, b in found])


def _levels(name: str, levels: Mapping[str, ArrayLike], k: int) -> dict[str, Mask]:
    if not levels:
        raise ConfigError(f"The choice {name!r} has no level.")
    if name in (EFFECTS, TAU2, INTERVAL):
        raise ConfigError(f"A choice about rows cannot be named {name!r}. Fix: another name.")
    found = {str(level): np.asarray(mask) for level, mask in levels.items()}
    for level, mask in found.items():
        if mask.dtype != np.bool_ or mask.shape != (k,):
            raise DataError(f"The rows of {name}: {level} must be {k} booleans, one a study.")
    return found


def _sets_of(
    sets: np.ndarray, names: Sequence[str], choices: Sequence[dict[str, Mask]], y: Array, v: Array, least: int
) -> tuple[np.ndarray, Mask, np.ndarray, dict[str, int]]:
    """Sets of studies with an effect: their version and mask, which combinations they are, and what is left out."""
    several = len(names) > 1
    at = sets[:, 0] if several else np.zeros(len(sets), dtype=int)
    mask = np.isfinite(y[at]) & np.isfinite(v[at])
    for j, levels in enumerate(choices):
        mask &= np.stack(list(levels.values()))[sets[:, j + several]]
    few = mask.sum(-1) < least
    kept, seen, repeated = [], set(), 0
    for i in np.flatnonzero(~few):
        print_of = (mask[i].tobytes(), y[at[i]][mask[i]].tobytes(), v[at[i]][mask[i]].tobytes())
        repeated += print_of in seen
        if print_of not in seen:
            seen.add(print_of)
            kept.append(i)
    chosen = np.array(kept, dtype=int)
    reasons = {f"fewer than {least} studies": int(few.sum()), "the same studies and effects as another": repeated}
    return at[chosen], mask[chosen], chosen, {why: n for why, n in reasons.items() if n}
