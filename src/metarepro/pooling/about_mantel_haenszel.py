"""Random effects as RevMan has them by "Mantel-Haenszel": tau2 from Q about the Mantel-Haenszel estimate."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from metarepro.effects.checks import Array
from metarepro.effects.core import EffectSizes
from metarepro.errors import ConfigError, DataError
from metarepro.notes import Note
from metarepro.pooling.counts import mantel_haenszel
from metarepro.pooling.fit import PooledFit, fit_effects
from metarepro.pooling.kernel import Mask, moments
from metarepro.pooling.problems import read_problems
from metarepro.pooling.tau2 import ABOUT_MANTEL_HAENSZEL

MEASURES = ("OR", "RR", "RD")


def pool_about_mantel_haenszel(
    studies: EffectSizes, ci: str | None = None, level: float = 0.95, pi: str = "HTS", seed: int = 1
) -> PooledFit:
    """Pool by inverse variance, with the DerSimonian-Laird tau2 of Q about the Mantel-Haenszel estimate.

    This is what RevMan 5 and RevMan Web compute for dichotomous outcomes by "Mantel-Haenszel" and random effects. The
    weights are those of inverse variance; Q, I2 and tau2 are about the Mantel-Haenszel estimate, so that tau2 is never
    below that of DL.

    Parameters
    ----------
    studies : EffectSizes
        What `effect_sizes` gives for OR, RR or RD, with its counts; studies without an effect are left out.
    ci, level, pi, seed
        As in `pool`.

    Returns
    -------
    PooledFit
        Its `q` and `i2_q` are about the Mantel-Haenszel estimate, too.

    Raises
    ------
    ConfigError
        Another measure.
    DataError
        Effects without counts, or no Mantel-Haenszel estimate.

    Notes
    -----
    The Mantel-Haenszel estimate is of the tables that the effects are of: with 1/2 in all cells of those with a zero
    cell, unless the effect is as counted. So do the totals in files of RevMan come out to their last digit.

    References
    ----------
    DerSimonian & Laird 1986, doi:10.1016/0197-2456(86)90046-2; Deeks, Altman & Bradburn 2001,
    doi:10.1002/9780470693926.ch15.
    """
    if studies.measure not in MEASURES or studies.yi.ndim != 1:
        raise ConfigError(
            f"tau2 = {ABOUT_MANTEL_HAENSZEL!r} is for {', '.join(MEASURES)} of one set of studies, not "
            f"{studies.measure}. Fix: tau2='DL'."
        )
    if not studies.inputs:
        raise DataError("There are no counts for Mantel-Haenszel. Fix: give what effect_sizes makes of them.")
    usable = np.isfinite(studies.yi) & np.isfinite(studies.vi)
    if usable.sum() < 2:
        fit = fit_effects(studies.yi, studies.vi, "DL", ci, level, pi=pi, seed=seed, studies=studies)
        return replace(fit, method=replace(fit.method, tau2=ABOUT_MANTEL_HAENSZEL))
    columns: dict[str, Any] = {name: np.where(usable, column, np.nan) for name, column in studies.inputs.items()}
    columns = _corrected(studies, columns)
    mean = mantel_haenszel(**columns, measure=studies.measure).beta
    if not np.isfinite(mean):
        raise DataError("There is no Mantel-Haenszel estimate: an arm has no event in any study. Fix: tau2='DL'.")
    around = dersimonian_laird_around(studies.yi[None], studies.vi[None], np.array([mean]), usable[None])
    tau2, q = float(around.tau2[0]), float(around.q[0])
    fit = fit_effects(studies.yi, studies.vi, tau2, ci, level, pi=pi, seed=seed, studies=studies)
    return replace(
        fit, q=q, i2_q=100 * (1 - fit.q_df / max(q, fit.q_df)), at_boundary=tau2 == 0,
        method=replace(fit.method, tau2=ABOUT_MANTEL_HAENSZEL), notes=(*fit.notes, Note("no_tau2_se")),
    )  # fmt: skip


@dataclass(frozen=True)
class AroundFit:
    """Random effects by DerSimonian and Laird, with Q around a given mean; arrays of the batch's shape."""

    beta: Array
    se: Array
    tau2: Array
    q: Array
    k: Array


def dersimonian_laird_around(yi: Array, vi: Array, mean: Array, mask: Mask) -> AroundFit:
    """Random effects with Q, and so tau2, around another pooled mean, such as that of Mantel and Haenszel.

    RevMan 5 and Stata's metan pool counts so when asked for Mantel-Haenszel and random effects.

    Parameters
    ----------
    yi, vi : ndarray, shape (k,) or (b, k)
        Effects of the single studies; those that are missing are left out.
    mean : ndarray, shape (b,)
    mask : ndarray of bool, shape (b, k)

    References
    ----------
    DerSimonian & Laird 1986, doi:10.1016/0197-2456(86)90046-2; Deeks, Altman & Bradburn 2001,
    doi:10.1002/9780470693926.ch15.
    """
    used = mask & np.isfinite(yi) & np.isfinite(vi)
    # A set without any study is computed with made-up ones and blanked.
    empty: Mask = np.asarray(~used.any(-1))
    shown = used | empty[:, None]
    problems, _, _ = read_problems(np.where(used, yi, 0.0), np.where(used, vi, 1.0), mask=shown)
    zero = problems.at_zero
    off = mean - problems.centre[:, 0] - zero.beta[:, 0]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        q = zero.rss + zero.sum_w * off**2
        tau2 = np.maximum(0, (q - (problems.k - 1)) / zero.tr_p)
        m = moments(problems, tau2)
    found = (m.beta[:, 0] + problems.centre[:, 0], np.sqrt(m.xwx_inv[:, 0, 0]), tau2, q)
    beta, se, tau2, q = (np.where(empty, np.nan, x) for x in found)
    return AroundFit(beta, se, tau2, q, np.where(empty, 0, problems.k))


def _corrected(studies: EffectSizes, columns: dict[str, Any]) -> dict[str, Any]:
    """Events and totals with the constant that was added to a table for its effect."""
    made = [n.values for n in studies.notes if n.code == "corrected" and n.values["cells"] in ("all", "events")]
    if not made:
        return columns
    added = np.zeros(studies.yi.shape)
    added[made[0]["rows"]] = made[0]["amount"]
    in_total = 2 if made[0]["cells"] == "all" else 1
    return {name: column + added * (1 if name in ("e1", "e2") else in_total) for name, column in columns.items()}
