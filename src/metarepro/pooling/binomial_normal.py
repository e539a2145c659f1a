"""The likelihood of the binomial-normal model, by adaptive Gauss-Hermite quadrature, and its global maximum."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cache
from typing import Protocol, Self, TypeVar

import numpy as np

from metarepro.pooling.kernel import Array

# Nodes of the Gauss-Hermite rules that are tried in turn, then of the stretched rule for what they cannot integrate.
HERMITE = (21, 41, 61, 81)
STRETCHED = (201, 401, 801)
# The quadrature is fine enough when more nodes change the log-likelihood by less.
SAME = 1e-8
# Largest standard deviation of true logits that is looked at: beyond it counts tell nothing.
TOP = 20.0


@dataclass(frozen=True)
class At:
    """Log-likelihood and its derivatives in (beta, tau), at g points: shapes (g,), (g, 2), (g, 2, 2).

    `information` is what each study knows of beta, shape (g, k).
    """

    value: Array
    gradient: Array
    hessian: Array
    information: Array


class CountsLikelihood(Protocol):
    """What the search for a maximum needs of a likelihood of counts with one random effect."""

    nodes: int
    stretched: bool
    scan: Array
    same: float

    @property
    def tells_tau(self) -> bool: ...  # noqa: D102

    @property
    def start(self) -> float: ...  # noqa: D102

    def rises_at(self, beta: float) -> bool: ...  # noqa: D102

    def with_rule(self, nodes: int, stretched: bool = False) -> Self: ...  # noqa: D102

    def at(self, beta: Array, tau: Array) -> At: ...  # noqa: D102

    def at_one(self, beta: float, tau: float) -> tuple[float, Array, Array]: ...  # noqa: D102

    def best_beta(self, tau: Array, start: Array) -> tuple[Array, At]: ...  # noqa: D102


Counts = TypeVar("Counts", bound=CountsLikelihood)


@dataclass
class BinomialNormal:
    """Likelihood of the counts `e` of `n` by quadrature with `nodes` nodes; `times` says how many studies have them.

    Adaptive Gauss-Hermite, or a trapezoidal rule stretched by a hyperbolic sine around the mode, which converges for
    the half-normal posteriors that studies with no event, or only events, have when tau is large.
    """

    e: Array
    n: Array
    nodes: int = HERMITE[0]
    stretched: bool = False
    times: Array | float = 1.0
    scan: Array = field(init=False)
    same: float = field(init=False)
    _own: tuple[Array, Array] = field(init=False)

    def __post_init__(self) -> None:
        # Values are relative to the saturated model: with millions of patients the likelihood has no digits left.
        with np.errstate(divide="ignore"):
            logit = np.log(self.e) - np.log(self.n - self.e)
        finite = np.clip(logit, -40, 40)
        own = self.e * finite - self.n * np.logaddexp(0, finite)
        self._own = finite, np.where(np.isfinite(logit), own, 0.0)
        # Values of tau to look at: from well below what sampling alone would hide.
        sampling = np.sqrt(1 / (self.e + 0.5) + 1 / (self.n - self.e + 0.5)).min()
        low = min(0.02, 0.05 * float(sampling))
        points = int(np.ceil(10 * np.log10(TOP / low)))
        self.scan = np.concatenate([[0.0], np.geomspace(low, TOP, points)])
        # Log-likelihoods this close are the same.
        self.same = SAME + 1e-14 * float((self.n * self.times).sum())

    @property
    def tells_tau(self) -> bool:
        """Whether the counts tell how true proportions differ; those of one study, or of one patient each, do not."""
        return float(np.broadcast_to(self.times, self.e.shape).sum()) > 1 and bool((self.n > 1).any())

    @property
    def start(self) -> float:
        """Logit of all events over all patients."""
        share = float((self.e * self.times).sum() / (self.n * self.times).sum())
        return math.log(share / (1 - share))

    def rises_at(self, beta: float) -> bool:
        """Whether the likelihood rises with tau2 at tau = 0, where its slope in tau vanishes by symmetry."""
        p = 1 / (1 + math.exp(-beta))
        spread = (self.e - self.n * p) ** 2 - self.n * p * (1 - p)
        return float((spread * self.times).sum()) > 0

    def with_rule(self, nodes: int, stretched: bool = False) -> BinomialNormal:
        """The same likelihood on other nodes."""
        return BinomialNormal(self.e, self.n, nodes, stretched, self.times)

    def at(self, beta: Array, tau: Array) -> At:
        """Value, gradient and Hessian at each of g points (beta, tau).

        Derivatives are posterior means over the random effect (Fisher's and Louis's identities) on the same nodes. The
        nodes are centred and scaled at the posterior mode and curvature first, then at the posterior mean and standard
        deviation, which fit a skewed posterior better (studies with events only and a large tau).
        """
        b, t = np.asarray(beta)[:, None], np.asarray(tau)[:, None]
        centre, scale = self._mode(b, t)
        b3, t3 = b[..., None], t[..., None]
        for _ in range(2):
            z, log_w = study_rule(centre, scale, self.nodes, self.stretched)
            eta = b3 + t3 * z
            small = np.exp(-np.abs(eta))
            soft = np.maximum(eta, 0) + np.log1p(small)
            term = self.e[:, None] * eta - self.n[:, None] * soft - self._own[1][:, None] - 0.5 * z * z + log_w
            top = term.max(-1, keepdims=True)
            posterior = np.exp(term - top)
            total = posterior.sum(-1, keepdims=True)
            posterior /= total
            value = (((top + np.log(total))[..., 0] + np.log(scale)) * self.times).sum(-1)
            mean = (posterior * z).sum(-1)
            spread = np.sqrt((posterior * (z - mean[..., None]) ** 2).sum(-1))
            if self.stretched or np.all(np.abs(spread / scale - 1) < 0.02):
                break
            centre, scale = mean, np.clip(spread, 0.5 * scale, 5 * scale)
        p = np.where(eta >= 0, 1, small) / (1 + small)
        residual, variance = self.e[:, None] - self.n[:, None] * p, self.n[:, None] * p * (1 - p)
        first = posterior * residual
        second = posterior * (residual * residual - variance)
        by_beta, by_tau = first.sum(-1), (first * z).sum(-1)
        second_z = second * z
        information = by_beta**2 - second.sum(-1)
        bb = -(information * self.times).sum(-1)
        bt = ((second_z.sum(-1) - by_beta * by_tau) * self.times).sum(-1)
        tt = (((second_z * z).sum(-1) - by_tau**2) * self.times).sum(-1)
        slopes = np.stack([(by_beta * self.times).sum(-1), (by_tau * self.times).sum(-1)], -1)
        hessian = np.stack([np.stack([bb, bt], -1), np.stack([bt, tt], -1)], -2)
        return At(value, slopes, hessian, information)

    def _mode(self, b: Array, t: Array) -> tuple[Array, Array]:
        """Posterior mode and scale of the standardised random effects; the log-posterior is concave."""
        from scipy.special import expit

        # From where the study's own logit lies, shrunk by what it knows.
        own = np.log((self.e + 0.5) / (self.n - self.e + 0.5))
        known = t * t / (1 / (self.e + 0.5) + 1 / (self.n - self.e + 0.5))
        mode = known / (1 + known) * (own - b) / np.where(t > 0, t, 1.0)
        for _ in range(100):
            p = expit(b + t * mode)
            information = 1 + self.n * p * (1 - p) * t * t
            # A bounded step keeps Newton from flying off where the likelihood is nearly flat.
            step = np.clip(((self.e - self.n * p) * t - mode) / information, -2, 2)
            mode = mode + step
            if np.abs(step).max() < 1e-12:
                break
        return mode, 1 / np.sqrt(information)

    def at_one(self, beta: float, tau: float) -> tuple[float, Array, Array]:
        """Value, gradient, Hessian at one point."""
        at = self.at(np.array([beta]), np.array([tau]))
        return float(at.value[0]), at.gradient[0], at.hessian[0]

    def saturated(self) -> float:
        """Log-likelihood with a proportion of its own for each study; all values here are relative to it."""
        from scipy.special import gammaln, xlog1py, xlogy

        p = self.e / self.n
        choose = gammaln(self.n + 1) - gammaln(self.e + 1) - gammaln(self.n - self.e + 1)
        return float(((xlogy(self.e, p) + xlog1py(self.n - self.e, -p) + choose) * self.times).sum())

    def best_beta(self, tau: Array, start: Array) -> tuple[Array, At]:
        """Maximum over beta for each tau; the likelihood is concave in beta."""
        beta = start.copy()
        at = self.at(beta, tau)
        before = math.inf
        for number in range(60):
            step = np.clip(-at.gradient[:, 0] / at.hessian[:, 0, 0], -3, 3)
            size = float(np.abs(step / (1 + np.abs(beta))).max())
            # Where the nodes do not suffice (a large tau), the steps stop falling.
            if size < 1e-10 or (number > 8 and size > 0.5 * before):
                break
            before = size
            beta = beta + step
            at = self.at(beta, tau)
        return beta, at


@cache
def hermite_rule(nodes: int) -> tuple[Array, Array]:
    """Nodes x, and the log weights that integrate exp(x^2/2) f(x) / sqrt(2 pi) with a normal density factored in f."""
    from scipy.special import roots_hermitenorm

    x, w = roots_hermitenorm(nodes)
    return x, np.log(w) - 0.5 * math.log(2 * math.pi) + 0.5 * x * x


def study_rule(centre: Array, scale: Array, nodes: int, stretched: bool) -> tuple[Array, Array]:
    """Nodes and log weights (but for `scale`) of each study's integral."""
    if not stretched:
        x, log_w = hermite_rule(nodes)
        return centre[..., None] + scale[..., None] * x, log_w
    # Far enough to leave nothing of a normal density outside, however narrow the middle.
    reach = np.arcsinh(14 / scale)[..., None]
    x = reach * np.linspace(-1, 1, nodes)
    step = 2 * reach / (nodes - 1)
    return centre[..., None] + scale[..., None] * np.sinh(x), np.log(step * np.cosh(x)) - 0.5 * math.log(2 * math.pi)


def uphill(slope: float, bend: float, scale: float) -> float:
    """Newton step where the function bends down, at most half of `scale`; a step of that size uphill elsewhere."""
    limit = 0.5 * scale
    step = -slope / bend if bend < 0 else math.copysign(limit, slope)
    return min(max(step, -limit), limit)


@dataclass(frozen=True)
class Maximum:
    """A maximum of the likelihood; `maxima` counts those that were found."""

    beta: float
    tau: float
    value: float
    hessian: Array
    iterations: int
    converged: bool
    maxima: int = 1


def maximise(model: Counts) -> tuple[Counts, Maximum, Array]:
    """Global maximum, with as many nodes as it needs; also the scan of the profile over tau.

    The curve of best beta over tau is scanned and each of its maxima polished; then nodes are added until the highest
    does not change any more.
    """
    if not model.tells_tau:
        beta, at = model.best_beta(np.zeros(1), np.array([model.start]))
        maximum = Maximum(float(beta[0]), 0.0, float(at.value[0]), at.hessian[0], 0, True)
        return model, maximum, np.zeros(model.scan.size)
    betas, scan = model.best_beta(model.scan, np.full(model.scan.size, model.start))
    value = scan.value
    rises = model.rises_at(float(betas[0]))
    inner = (value[1:-1] > value[:-2] + 0.1 * model.same) & (value[1:-1] >= value[2:])
    peaks = [int(i) + 1 for i in np.flatnonzero(inner)]
    if value[-1] > value[-2]:
        peaks.append(model.scan.size - 1)
    if rises and not peaks:
        peaks.append(1)
    starts = [(float(betas[i]), float(model.scan[i])) for i in peaks]
    if not rises:
        starts.append((float(betas[0]), 0.0))
    best: Maximum | None = None
    rules = [(n, False) for n in HERMITE] + [(n, True) for n in STRETCHED]
    for nodes, stretched in rules:
        finer = model.with_rule(nodes, stretched)
        found = [_polish(finer, *start) for start in starts]
        now = max(found, key=lambda m: m.value)
        same = best is not None and abs(now.value - best.value) < model.same
        # The same maximum may have been reached from several starts.
        distinct = sum(all(abs(m.tau - o.tau) > 1e-6 * (1 + m.tau) for o in found[:i]) for i, m in enumerate(found))
        iterations = now.iterations + (best.iterations if best else 0)
        best = Maximum(now.beta, now.tau, now.value, now.hessian, iterations, bool(now.converged and same), distinct)
        if same:
            break
        starts = [(m.beta, m.tau) for m in found if m.tau <= TOP] or starts
    assert best is not None
    return finer, best, value


def _polish(model: CountsLikelihood, beta: float, tau: float) -> Maximum:
    """Newton steps in tau along the curve of best beta."""
    before = math.inf
    for number in range(100):
        b, at = model.best_beta(np.array([tau]), np.array([beta]))
        beta, h = float(b[0]), at.hessian[0]
        if tau < 1e-3 * model.scan[1]:
            return Maximum(beta, 0.0, float(at.value[0]), h, number, True)
        slope, bend = float(at.gradient[0, 1]), float(h[1, 1] - h[0, 1] ** 2 / h[0, 0])
        step = uphill(slope, bend, max(tau, model.scan[1]))
        size, scale = abs(step), max(tau, model.scan[1])
        # With very many patients rounding keeps the steps from falling all the way, and so do too few nodes.
        stalled = (size <= 1e-6 * scale or number > 25) and size >= 0.5 * before
        if size <= 1e-10 * scale or stalled or tau > 2 * TOP:
            return Maximum(beta, tau, float(at.value[0]), h, number, tau <= 2 * TOP)
        before = size
        tau = max(tau + step, 0.0)
    return Maximum(beta, tau, float(at.value[0]), h, 100, False)
