"""The likelihood of counts with a normal random effect: adaptive quadrature of one integral a study."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from metarepro.pooling.binomial_normal import HERMITE, TOP, At, study_rule
from metarepro.pooling.kernel import Array
from metarepro.pooling.models.count_kernels import Kernel, Terms

# Values of tau that are looked at, in each decade.
A_DECADE = 4


class _Means(NamedTuple):
    """Log of a study's integral and its derivatives in (level, beta, tau)."""

    value: Array
    a: Array
    b: Array
    t: Array
    aa: Array
    ab: Array
    at: Array
    bb: Array
    bt: Array
    tt: Array


class RandomSlope:
    """True effects beta + tau z, z standard normal; levels of studies, where a kernel has them, are profiled out."""

    def __init__(self, kernel: Kernel, nodes: int = HERMITE[0], stretched: bool = False) -> None:
        self.kernel, self.nodes, self.stretched = kernel, nodes, stretched
        sampling = float(np.sqrt(kernel.variance).min())
        low = min(0.02, 0.05 * sampling)
        self.scan = np.concatenate([[0.0], np.geomspace(low, TOP, int(np.ceil(A_DECADE * np.log10(TOP / low))))])
        self.same = 1e-10 * (1 + 1e-3 * abs(kernel.constant))

    @property
    def tells_tau(self) -> bool:
        """Whether there is more than one study."""
        return self.kernel.own.size > 1

    @property
    def start(self) -> float:
        """A rough mean of the studies' effects."""
        weights = 1 / self.kernel.variance
        return float(weights @ self.kernel.own / weights.sum())

    def rises_at(self, beta: float) -> bool:
        """Whether the likelihood rises with tau2 at tau = 0, where its slope in tau vanishes by symmetry."""
        level = self._levels(np.array([[beta]]), np.zeros((1, 1)))
        terms = self.kernel.at(np.full((1, self.kernel.own.size, 1), beta), level[..., None])
        return float((terms.b**2 + terms.bb).sum()) > 0

    def with_rule(self, nodes: int, stretched: bool = False) -> RandomSlope:
        """The same likelihood on other nodes."""
        return RandomSlope(self.kernel, nodes, stretched)

    def at(self, beta: Array, tau: Array) -> At:
        """Value, gradient and Hessian at each of g points (beta, tau)."""
        b, t = np.asarray(beta, dtype=np.float64)[:, None], np.asarray(tau, dtype=np.float64)[:, None]
        level = self._levels(b, t)
        m = self._means(b, t, level)
        if self.kernel.levels:
            # The level that fits best given the rest, by Newton steps on the integral itself.
            before = math.inf
            for number in range(30):
                step = np.clip(-m.a / m.aa, -2, 2)
                size = float(np.abs(step).max())
                # Where the nodes do not suffice (a large tau), the steps stop falling.
                if size < 1e-11 or (number > 4 and size > 0.5 * before):
                    break
                before = size
                level = level + step
                m = self._means(b, t, level)
            m = m._replace(bb=m.bb - m.ab**2 / m.aa, bt=m.bt - m.ab * m.at / m.aa, tt=m.tt - m.at**2 / m.aa)
        hessian = np.stack([np.stack([m.bb.sum(-1), m.bt.sum(-1)], -1), np.stack([m.bt.sum(-1), m.tt.sum(-1)], -1)], -2)
        return At(m.value.sum(-1), np.stack([m.b.sum(-1), m.t.sum(-1)], -1), hessian, -m.bb)

    def at_one(self, beta: float, tau: float) -> tuple[float, Array, Array]:
        """Value, gradient, Hessian at one point."""
        found = self.at(np.array([beta]), np.array([tau]))
        return float(found.value[0]), found.gradient[0], found.hessian[0]

    def best_beta(self, tau: Array, start: Array) -> tuple[Array, At]:
        """Maximum over beta for each tau; the likelihood is concave in beta."""
        beta = start.copy()
        found = self.at(beta, tau)
        before = math.inf
        for number in range(60):
            step = np.clip(-found.gradient[:, 0] / np.minimum(found.hessian[:, 0, 0], -1e-12), -3, 3)
            size = float(np.abs(step / (1 + np.abs(beta))).max())
            if size < 1e-10 or (number > 8 and size > 0.5 * before):
                break
            before = size
            beta = beta + step
            found = self.at(beta, tau)
        return beta, found

    def _levels(self, b: Array, t: Array) -> Array:
        """Levels from which the search starts: the modes of level and effect together."""
        level = np.broadcast_to(self.kernel.level, np.broadcast_shapes(b.shape, self.kernel.level.shape)).copy()
        if not self.kernel.levels:
            return level
        z = self._first_z(b, t)
        for _ in range(100):
            terms = self.kernel.at((b + t * z)[..., None], level[..., None])
            h = Terms(*(x[..., 0] for x in terms))
            slope_z, bend_z, mixed = t * h.b - z, t * t * h.bb - 1, t * h.ab
            determinant = h.aa * bend_z - mixed**2
            step_a = -(bend_z * h.a - mixed * slope_z) / determinant
            step_z = -(h.aa * slope_z - mixed * h.a) / determinant
            level, z = level + np.clip(step_a, -2, 2), z + np.clip(step_z, -2, 2)
            if max(np.abs(step_a).max(), np.abs(step_z).max()) < 1e-9:
                break
        return level

    def _first_z(self, b: Array, t: Array) -> Array:
        known = t * t / self.kernel.variance
        return known / (1 + known) * (self.kernel.own - b) / np.where(t > 0, t, 1.0)

    def _mode(self, b: Array, t: Array, level: Array) -> tuple[Array, Array]:
        """Posterior mode and scale of the standardised random effects."""
        z = self._first_z(b, t)
        for _ in range(100):
            terms = self.kernel.at((b + t * z)[..., None], level[..., None])
            information = 1 - t * t * terms.bb[..., 0]
            step = np.clip((t * terms.b[..., 0] - z) / information, -2, 2)
            z = z + step
            if np.abs(step).max() < 1e-9:
                break
        return z, 1 / np.sqrt(information)

    def _means(self, b: Array, t: Array, level: Array) -> _Means:
        centre, scale = self._mode(b, t, level)
        for _ in range(2):
            z, log_w = study_rule(centre, scale, self.nodes, self.stretched)
            terms = self.kernel.at(b[..., None] + t[..., None] * z, np.broadcast_to(level[..., None], z.shape))
            inside = terms.h - 0.5 * z * z + log_w
            top = inside.max(-1, keepdims=True)
            posterior = np.exp(inside - top)
            total = posterior.sum(-1, keepdims=True)
            posterior /= total
            mean = (posterior * z).sum(-1)
            spread = np.sqrt((posterior * (z - mean[..., None]) ** 2).sum(-1))
            if self.stretched or np.all(np.abs(spread / scale - 1) < 0.02):
                break
            # A skewed posterior is met better at its mean.
            centre, scale = mean, np.clip(spread, 0.5 * scale, 5 * scale)
        value = (top + np.log(total))[..., 0] + np.log(scale)

        def expect(x: Array) -> Array:
            return (posterior * x).sum(-1)

        first_b = expect(terms.b)
        curve = terms.b * terms.b + terms.bb
        first_t, bt = expect(z * terms.b), expect(z * curve)
        none = np.zeros_like(first_b)
        if self.kernel.levels:
            first_a, across = expect(terms.a), terms.a * terms.b + terms.ab
            aa, ab, at = expect(terms.a**2 + terms.aa), expect(across), expect(z * across)
        else:
            first_a, aa, ab, at = none, none, none, none
        return _Means(
            value, first_a, first_b, first_t, aa - first_a**2, ab - first_a * first_b, at - first_a * first_t,
            expect(curve) - first_b**2, bt - first_b * first_t, expect(z * z * curve) - first_t**2,
        )  # fmt: skip
