"""All subsets of the studies, pooled: graphical display of study heterogeneity (GOSH)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from metarepro.effects.core import EffectSizes
from metarepro.errors import DataError
from metarepro.notes import Note
from metarepro.pooling.fit import fit_effects
from metarepro.pooling.given_effects import one_set
from metarepro.pooling.inference import check_whole
from metarepro.pooling.kernel import Array, Mask
from metarepro.progress import with_progress
from metarepro.robustness.refits import row_name

if TYPE_CHECKING:
    import pandas as pd

# All subsets are fitted up to this many studies; of more, a sample.
MOST_STUDIES, SAMPLE = 20, 100_000
# Subsets that are fitted at a time.
_CHUNK = 1 << 16
# Steps to the two groups of subsets.
_STEPS = 100


@dataclass(frozen=True)
class SubsetGroup:
    """One of two groups into which subsets fall.

    Attributes
    ----------
    share : float
        Of all subsets.
    beta, i2 : float
        Means of the group.
    over, under : tuple of str
        Studies that are in its subsets much more, or less, often than in the others (by 20 percentage points or more).
    """

    share: float
    beta: float
    i2: float
    over: tuple[str, ...]
    under: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Gosh:
    """Result of `gosh`: a fit for each subset.

    Attributes
    ----------
    subsets : ndarray of bool, shape (n, k)
        Which studies; k are those with a usable effect.
    k, beta, tau2, i2, h2, q : ndarray, shape (n,)
        tau2, I2 and H2 of a single study are NaN.
    labels : tuple of str
        Of the k studies.
    exact : bool
        Whether these are all subsets.
    notes : tuple of Note
    """

    subsets: Mask
    k: np.ndarray
    beta: Array
    tau2: Array
    i2: Array
    h2: Array
    q: Array
    labels: tuple[str, ...]
    exact: bool
    notes: tuple[Note, ...]

    def to_frame(self) -> pd.DataFrame:
        """A data frame with one row a subset."""
        import pandas as pd

        return pd.DataFrame({n: getattr(self, n) for n in ("k", "beta", "tau2", "i2", "h2", "q")})

    def by_study(self) -> pd.DataFrame:
        """For each study the mean effect and I2 of the subsets with it and without it, the largest difference first."""
        import pandas as pd

        found = {}
        several = self.k > 1
        for name, values in (("beta", self.beta), ("i2", self.i2)):
            kept = np.where(several, values, 0.0)
            inside = self.subsets & several[:, None]
            outside = ~self.subsets & several[:, None]
            found[f"{name}_with"] = (kept @ inside) / inside.sum(0)
            found[f"{name}_without"] = (kept @ outside) / np.maximum(outside.sum(0), 1)
        frame = pd.DataFrame(found, index=pd.Index(self.labels, name="study"))
        frame["shift"] = (frame["beta_with"] - frame["beta_without"]) / self.beta[several].std()
        order = frame["shift"].abs().sort_values(ascending=False, kind="stable").index
        return frame.loc[order]

    def groups(self) -> tuple[SubsetGroup, SubsetGroup]:
        """Two groups of subsets by effect and I2 (2-means), the lower effect first, and which studies make them."""
        several = np.flatnonzero(self.k > 1)
        points = np.column_stack([self.beta[several], np.nan_to_num(self.i2[several])])
        spread = points.std(0)
        scaled = points / np.where(spread > 0, spread, 1.0)
        middle = np.quantile(scaled, [0.1, 0.9], axis=0)
        second = np.zeros(several.size, dtype=bool)
        for _ in range(_STEPS):
            distance = ((scaled[:, None, :] - middle) ** 2).sum(-1)
            new = distance[:, 1] < distance[:, 0]
            if (new == second).all() or new.all() or not new.any():
                break
            second = new
            middle = np.stack([scaled[~second].mean(0), scaled[second].mean(0)])
        found = []
        for inside in (~second, second):
            chosen, others = self.subsets[several[inside]], self.subsets[several[~inside]]
            gap = chosen.mean(0) - others.mean(0) if inside.any() and not inside.all() else np.zeros(len(self.labels))
            over, under = (tuple(n for n, g in zip(self.labels, s * gap, strict=True) if g >= 0.2) for s in (1, -1))
            mean = points[inside].mean(0) if inside.any() else np.full(2, np.nan)
            found.append(SubsetGroup(float(inside.mean()), float(mean[0]), float(mean[1]), over, under))
        first, last = sorted(found, key=lambda g: g.beta)
        return first, last


def gosh(
    yi: ArrayLike | EffectSizes | str, vi: ArrayLike | str | None = None, *, data: Any = None, labels: Any = None,
    tau2: str | float = "REML", subsets: int | None = None, smallest: int = 1, seed: int = 1,
) -> Gosh:  # fmt: skip
    """Pool every subset of the studies, or a random sample of subsets.

    Parameters
    ----------
    yi, vi, data, labels
        As in `pool`: effects and variances of shape (k,), `EffectSizes`, or names of columns of `data`.
    tau2
        As in `pool`. DL is the fastest.
    subsets : int, optional
        Number of random subsets. By default all of them for at most 20 studies, and 100,000 random ones for more.
    smallest : int, default 1
        Studies that a subset has at least.
    seed : int, default 1
        Of the random subsets. Each study is in with a chance of one half, so that sizes follow their frequency.

    Returns
    -------
    Gosh

    Raises
    ------
    DataError
        As `pool`; fewer than three studies; impossible numbers.

    Notes
    -----
    Effects that fall into two heaps show that the studies are of two kinds, or that one study stands apart: `groups`
    and `by_study` name it. When not to use: as a result. Subsets share studies, so that their spread is no interval.

    References
    ----------
    Olkin, Dahabreh & Trikalinos 2012, doi:10.1002/jrsm.1053.

    Examples
    --------
    >>> found = gosh([0.1, 0.2, 0.15, 1.5], [0.02, 0.03, 0.02, 0.02], tau2="DL", labels=["a", "b", "c", "d"])
    >>> len(found.beta), found.by_study().index[0]
    (15, 'd')
    """
    studies, y, v, known, notes = one_set(yi, vi, data, labels, "gosh")
    rows = np.flatnonzero(known)
    y, v, k = y[rows], v[rows], rows.size
    check_whole("smallest", smallest, 1)
    check_whole("seed", seed, 0)
    if k < 3 or smallest > k:
        raise DataError(f"GOSH needs at least {max(3, smallest)} studies with a usable effect; there are {k}.")
    exact = subsets is None and k <= MOST_STUDIES
    if exact:
        mask = ((np.arange(1, 1 << k)[:, None] >> np.arange(k)) & 1).astype(bool)
    else:
        number = SAMPLE if subsets is None else subsets
        check_whole("subsets", number, 1)
        mask = _sample(k, number, smallest, seed)
        notes = (*notes, Note("subsets_sampled", drawn=number, total=2**k - 1, seed=seed))
    mask = mask[mask.sum(-1) >= smallest]
    columns: dict[str, list[Any]] = {n: [] for n in ("k", "beta", "tau2", "i2", "h2", "q")}
    for start in with_progress("subsets", range(0, mask.shape[0], _CHUNK)):
        fit = fit_effects(y, v, tau2, "z", mask=mask[start : start + _CHUNK], pi="z")
        for name, parts in columns.items():
            parts.append(np.broadcast_to(getattr(fit, name), np.shape(fit.k)))
    joined = {name: np.concatenate(parts) for name, parts in columns.items()}
    return Gosh(mask, **joined, labels=tuple(row_name(studies, int(i)) for i in rows), exact=exact, notes=notes)


def _sample(k: int, number: int, smallest: int, seed: int) -> Mask:
    random = np.random.default_rng(seed)
    drawn: list[Mask] = []
    have = 0
    while have < number:
        some = random.random((number, k)) < 0.5
        some = some[some.sum(-1) >= smallest]
        if not some.size:
            # So large a subset is hardly drawn by chance: take that many studies.
            some = np.zeros((number, k), dtype=bool)
            np.put_along_axis(some, random.random((number, k)).argsort(-1)[:, :smallest], True, axis=-1)
        drawn.append(some)
        have += some.shape[0]
    return np.concatenate(drawn)[:number]
