"""Equations of a network meta-analysis: design columns, covariance blocks, tau2."""

from __future__ import annotations

import math

import numpy as np

from metarepro.errors import DataError
from metarepro.pooling.kernel import Array
from metarepro.pooling.models.blocks import Likelihood, Point, Stack
from metarepro.pooling.models.highest import highest
from metarepro.pooling.models.network_data import StudyContrasts

NAN = math.nan


def mean_columns(studies: tuple[StudyContrasts, ...], treatments: tuple[str, ...], reference: str) -> list[Array]:
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


def places_of_designs(studies: tuple[StudyContrasts, ...]) -> tuple[dict[tuple[str, ...], int], int]:
    """Where the effects of each design start among those of all, each against its first treatment; and how many."""
    start: dict[tuple[str, ...], int] = {}
    size = 0
    for s in studies:
        key = tuple(sorted(s.arms))
        if key not in start:
            start[key] = size
            size += len(key) - 1
    return start, size


def design_columns(studies: tuple[StudyContrasts, ...]) -> list[Array]:
    """Design of each study with effects of its own for each set of treatments that are compared."""
    start, size = places_of_designs(studies)
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


def stack(studies: tuple[StudyContrasts, ...], columns: list[Array]) -> tuple[Stack, ...]:
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


def likelihood_of(stacks: tuple[Stack, ...], method: str) -> Likelihood:
    """Likelihood of tau2, restricted but for ML."""
    p = stacks[0].x.shape[-1]
    xx = sum((np.einsum("mip,miq->pq", s.x, s.x) for s in stacks), np.zeros((p, p)))
    return Likelihood(
        stacks, method not in ("ML", "CE"), float(np.linalg.slogdet(xx)[1]), sum(s.y.size for s in stacks)
    )


def estimate_tau2(likelihood: Likelihood, method: str) -> tuple[float, Point, float, bool]:
    """tau2, the likelihood there, the standard error of tau2, and whether it was solved."""
    p = likelihood.stacks[0].x.shape[-1]
    zero = likelihood.at(np.zeros(1))
    if method == "CE" or likelihood.k <= p:
        return 0.0, zero, NAN, True
    if method == "DL":
        # The expectation of Q is k - p + tau2 tr(P D); twice the slope of the log-likelihood is Q' - tr(P D).
        slope = trace_of_projection(likelihood)
        tau2 = max(0.0, (zero.rss - (likelihood.k - p)) / slope)
        return tau2, likelihood.at(np.array([tau2])), NAN, True
    peak, _ = highest(likelihood)
    tau2 = float(peak.sigma2[0])
    curve = float(peak.point.information[0, 0])
    return tau2, peak.point, 1 / math.sqrt(curve) if tau2 > 0 and curve > 0 else NAN, peak.converged


def trace_of_projection(likelihood: Likelihood) -> float:
    """Trace of P D at tau2 = 0, D the structure of the heterogeneity."""
    p = likelihood.stacks[0].x.shape[-1]
    whole, xwx, inner = 0.0, np.zeros((p, p)), np.zeros((p, p))
    for s, w, _ in likelihood.inverses(np.zeros(1)):
        wx, d = w @ s.x, s.same[0]
        whole += float(np.einsum("mij,mji->", w, d))
        xwx += np.einsum("mip,miq->pq", s.x, wx)
        inner += np.einsum("mip,mij,mjq->pq", wx, d, wx)
    return whole - float(np.trace(np.linalg.solve(xwx, inner)))


def refuse_parts(studies: tuple[StudyContrasts, ...], treatments: tuple[str, ...]) -> None:
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
