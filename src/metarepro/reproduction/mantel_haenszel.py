"""Mantel-Haenszel results of many sets of studies at once, and RevMan's random effects around them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.special import ndtri

from metarepro.effects.checks import Array
from metarepro.pooling.kernel import Mask
from metarepro.reproduction.printed import StudyInputs
from metarepro.reproduction.specifications import TO_ZERO, Effects, Pooled


def pool_counts(inputs: StudyInputs, effects: Effects, mask: Mask, level: float) -> Iterator[Pooled]:
    """Fixed effect, and DerSimonian-Laird with Q around the Mantel-Haenszel mean (RevMan 5), for OR, RR and RD.

    Parameters
    ----------
    inputs : StudyInputs
        Counts, of shape (k,).
    effects : Effects
        The studies' own effects, from which Q and the random-effects weights are made.
    mask : ndarray of bool, shape (s, k)

    References
    ----------
    Robins, Breslow & Greenland 1986, doi:10.2307/2531052 (OR); Greenland & Robins 1985, doi:10.2307/2530643 (RR, RD);
    Deeks & Higgins 2010, Statistical algorithms in Review Manager 5.
    """
    zero = (inputs.columns["e1"] == 0) | (inputs.columns["e2"] == 0)
    zero |= (inputs.columns["e1"] == inputs.columns["n1"]) | (inputs.columns["e2"] == inputs.columns["n2"])
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        mean, variance = _pooled(effects.measure, inputs.columns, np.zeros(zero.shape), mask)
        fixed = [("Mantel-Haenszel", mean, variance)]
        if effects.words == TO_ZERO and zero.any():
            other, of_corrected = _pooled(effects.measure, inputs.columns, np.where(zero, 0.5, 0.0), mask)
            fixed.append(("Mantel-Haenszel of corrected tables", other, of_corrected))
            if effects.measure == "RD":
                fixed.append(("Mantel-Haenszel, variance of corrected tables", mean, of_corrected))
        known = mask & np.isfinite(effects.yi) & np.isfinite(effects.vi)
        weight = np.where(known, 1 / effects.vi, 0.0)
        y = np.where(known, effects.yi, 0.0)
        q_mean = (weight * (y - mean[:, None]) ** 2).sum(-1)
        df = known.sum(-1) - 1
        tau2 = np.maximum(0, (q_mean - df) / (weight.sum(-1) - (weight**2).sum(-1) / weight.sum(-1)))
        random = np.where(known, 1 / (np.where(known, effects.vi, 1.0) + tau2[:, None]), 0.0)
        random_variance = 1 / random.sum(-1)
        pooled = (random * y).sum(-1) * random_variance
        i2 = np.where(df > 0, 100 * np.maximum(0, 1 - df / q_mean), 0.0)
    z = ndtri((1 + level) / 2)
    results = [(method, centre, var, np.zeros_like(tau2)) for method, centre, var in fixed]
    results.append(("Mantel-Haenszel, random (RevMan)", pooled, random_variance, tau2))
    for method, centre, var, t2 in results:
        half = z * np.sqrt(var)
        with np.errstate(invalid="ignore", over="ignore"):
            value, low, high = (np.exp(x) if effects.ratio else x for x in (centre, centre - half, centre + half))
        yield Pooled(effects.words, effects.measure, method, value, low, high, t2, i2, q_mean)


def _pooled(measure: str, columns: dict[str, Array], correction: Array, mask: Mask) -> tuple[Array, Array]:
    """Mantel-Haenszel mean (of logarithms for ratios) and its variance, of tables with something added to each cell."""
    a, c = ((columns[n] + correction) * mask for n in ("e1", "e2"))
    m1, m2 = ((columns[n] + 2 * correction) * mask for n in ("n1", "n2"))
    b, d, total = m1 - a, m2 - c, np.where(mask, columns["n1"] + columns["n2"] + 4 * correction, 1.0)
    if measure == "OR":
        r, s = a * d / total, b * c / total
        p, q = (a + d) / total, (b + c) / total
        sums = [x.sum(-1) for x in (r, s, p * r, p * s + q * r, q * s)]
        variance = sums[2] / (2 * sums[0] ** 2) + sums[3] / (2 * sums[0] * sums[1]) + sums[4] / (2 * sums[1] ** 2)
        return np.log(sums[0] / sums[1]), variance
    if measure == "RR":
        r, s = (a * m2 / total).sum(-1), (c * m1 / total).sum(-1)
        return np.log(r / s), ((m1 * m2 * (a + c) - a * c * total) / total**2).sum(-1) / (r * s)
    w = (m1 * m2 / total).sum(-1)
    terms = np.where(mask, (a * b * m2**3 + c * d * m1**3) / np.maximum(m1 * m2 * total**2, 1), 0.0)
    return (a * m2 / total - c * m1 / total).sum(-1) / w, terms.sum(-1) / w**2
