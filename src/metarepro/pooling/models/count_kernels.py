"""Log-likelihoods of each study's counts, given its true effect: what models with a random effect integrate."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from metarepro.pooling.kernel import Array, Mask

# So many terms of noncentral hypergeometric sums are held at a time.
CHUNK = 2_000_000


class Terms(NamedTuple):
    """Log-likelihood h of studies at effects b (and levels a), and its derivatives."""

    h: Array
    b: Array
    bb: Array
    a: Array
    ab: Array
    aa: Array


class Kernel(Protocol):
    """Counts of k studies.

    Attributes
    ----------
    levels : bool
        Whether each study has a level of its own, beside its effect.
    own, variance, level : ndarray, shape (k,)
        A rough effect of each study, its variance, and its level: where searches start.
    constant : float
        Log-likelihood of the saturated model; what `at` gives is relative to it.
    """

    levels: bool
    own: Array
    variance: Array
    level: Array
    constant: float

    def at(self, b: Array, a: Array) -> Terms:
        """Terms at effects and levels of shape (g, k, n)."""
        ...


def _softplus(eta: Array) -> tuple[Array, Array]:
    """log(1 + exp(eta)) and its slope, the proportion."""
    small = np.exp(-np.abs(eta))
    return np.maximum(eta, 0) + np.log1p(small), np.where(eta >= 0, 1.0, small) / (1 + small)


def log_choose(n: Array, x: Array) -> Array:
    """Logarithms of binomial coefficients."""
    from scipy.special import gammaln

    found: Array = gammaln(n + 1) - gammaln(x + 1) - gammaln(n - x + 1)
    return found


def _binomial_top(e: Array, n: Array) -> Array:
    """Largest log-likelihood of e of n, without the coefficient."""
    from scipy.special import xlog1py, xlogy

    found: Array = xlogy(e, e / n) + xlog1py(n - e, -e / n)
    return found


def _poisson_top(e: Array) -> Array:
    from scipy.special import xlogy

    found: Array = xlogy(e, e) - e
    return found


class OneBinomial:
    """e of n with logit b + offset: a proportion; or a comparison of two arms, given the sum of their events."""

    levels = False

    def __init__(self, e: Array, n: Array, offset: Array) -> None:
        self.e, self.n, self.offset = e[:, None], n[:, None], offset[:, None]
        self.own = np.log(e + 0.5) - np.log(n - e + 0.5) - offset
        self.variance = 1 / (e + 0.5) + 1 / (n - e + 0.5)
        self.level = np.zeros(e.size)
        top = _binomial_top(e, n)
        self.top = top[:, None]
        self.constant = float((top + log_choose(n, e)).sum())

    def at(self, b: Array, a: Array) -> Terms:
        """Terms at effects."""
        eta = b + self.offset
        soft, p = _softplus(eta)
        return Terms(self.e * eta - self.n * soft - self.top, self.e - self.n * p, -self.n * p * (1 - p), a, a, a)


class OnePoisson:
    """e events in a time t at the rate exp(b)."""

    levels = False

    def __init__(self, e: Array, t: Array) -> None:
        from scipy.special import gammaln, xlogy

        self.e, self.log_t = e[:, None], np.log(t)[:, None]
        self.own, self.variance = np.log(e + 0.5) - np.log(t), 1 / (e + 0.5)
        self.level = np.zeros(e.size)
        self.top = (xlogy(e, e) - e)[:, None]
        self.constant = float((_poisson_top(e) - gammaln(e + 1)).sum())

    def at(self, b: Array, a: Array) -> Terms:
        """Terms at effects."""
        eta = b + self.log_t
        mean = np.exp(np.minimum(eta, 700.0))
        return Terms(self.e * eta - mean - self.top, self.e - mean, -mean, a, a, a)


class Hypergeometric:
    """Events of arm 1 given the events of both: noncentral hypergeometric with log odds ratio b."""

    levels = False

    def __init__(self, e1: Array, n1: Array, e2: Array, n2: Array) -> None:
        t = e1 + e2
        low, high = np.maximum(0, t - n2), np.minimum(n1, t)
        sizes = (high - low + 1).astype(np.intp)
        self.first = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        self.sizes = sizes
        x = np.concatenate([np.arange(a, b + 1) for a, b in zip(low, high, strict=True)])
        each = np.repeat(np.arange(e1.size), sizes)
        # Counted from what was seen, so that the sum at a study's own effect keeps its digits.
        self.x = x - e1[each]
        weights = log_choose(n1[each], x) + log_choose(n2[each], t[each] - x)
        own = weights[self.first + (e1 - low).astype(np.intp)]
        self.weights = weights - own[each]
        self.level = np.zeros(e1.size)
        cells = [c + 0.5 for c in (e1, n1 - e1, e2, n2 - e2)]
        self.own = np.log(cells[0] * cells[3] / (cells[1] * cells[2]))
        self.variance = np.sum([1 / c for c in cells], axis=0)
        self.top = self._highest(np.asarray(e1 == low), np.asarray(e1 == high))
        self.constant = float(self.top.sum())

    def _highest(self, lowest: Mask, highest: Mask) -> Array:
        """Largest log-likelihood of each study; 0 where it is reached at an infinite effect."""
        b = self.own.copy()
        free = ~(lowest | highest)
        for _ in range(100):
            _, slope, bend = self._sums(b[None, :, None])
            step = np.where(free, np.clip(-slope[0, :, 0] / np.minimum(bend[0, :, 0], -1e-300), -1, 1), 0.0)
            b = b + step
            if np.abs(step).max() < 1e-12:
                break
        return np.where(free, self._sums(b[None, :, None])[0][0, :, 0], 0.0)

    def _sums(self, b: Array) -> tuple[Array, Array, Array]:
        g, k, n = b.shape
        flat = np.moveaxis(b, 1, 2).reshape(g * n, k)
        parts = max(1, CHUNK // self.x.size)
        found = [self._some(flat[i : i + parts]) for i in range(0, g * n, parts)]
        h, first, second = (np.moveaxis(np.concatenate(f).reshape(g, n, k), 2, 1) for f in zip(*found, strict=True))
        return h, first, second

    def _some(self, b: Array) -> tuple[Array, Array, Array]:
        terms = np.repeat(b, self.sizes, axis=1) * self.x + self.weights
        top = np.maximum.reduceat(terms, self.first, axis=1)
        terms -= np.repeat(top, self.sizes, axis=1)
        np.exp(terms, out=terms)
        total = np.add.reduceat(terms, self.first, axis=1)
        terms *= self.x
        mean = np.add.reduceat(terms, self.first, axis=1) / total
        terms *= self.x
        variance = np.add.reduceat(terms, self.first, axis=1) / total - mean**2
        return -(top + np.log(total)), -mean, -np.maximum(variance, 0.0)

    def at(self, b: Array, a: Array) -> Terms:
        """Terms at effects."""
        h, first, second = self._sums(b)
        return Terms(h - self.top[:, None], first, second, a, a, a)


class TwoBinomials:
    """Both arms, with logits a + b/2 and a - b/2."""

    levels = True

    def __init__(self, e1: Array, n1: Array, e2: Array, n2: Array) -> None:
        self.arms = ((e1[:, None], n1[:, None]), (e2[:, None], n2[:, None]))
        cells = [c + 0.5 for c in (e1, n1 - e1, e2, n2 - e2)]
        logits = np.log(cells[0] / cells[1]), np.log(cells[2] / cells[3])
        self.own, self.level = logits[0] - logits[1], (logits[0] + logits[1]) / 2
        self.variance = np.sum([1 / c for c in cells], axis=0)
        top = _binomial_top(e1, n1) + _binomial_top(e2, n2)
        self.top = top[:, None]
        self.constant = float((top + log_choose(n1, e1) + log_choose(n2, e2)).sum())

    def at(self, b: Array, a: Array) -> Terms:
        """Terms at effects and levels."""
        h, slopes, bends = -self.top, [], []
        for (e, n), half in zip(self.arms, (0.5, -0.5), strict=True):
            eta = a + half * b
            soft, p = _softplus(eta)
            h = h + e * eta - n * soft
            slopes.append(e - n * p)
            bends.append(n * p * (1 - p))
        return _two_arms(h, slopes, bends)


class TwoPoissons:
    """Both arms, with log rates a + b/2 and a - b/2."""

    levels = True

    def __init__(self, e1: Array, t1: Array, e2: Array, t2: Array) -> None:
        from scipy.special import gammaln

        self.arms = ((e1[:, None], np.log(t1)[:, None]), (e2[:, None], np.log(t2)[:, None]))
        logs = np.log(e1 + 0.5) - np.log(t1), np.log(e2 + 0.5) - np.log(t2)
        self.own, self.level = logs[0] - logs[1], (logs[0] + logs[1]) / 2
        self.variance = 1 / (e1 + 0.5) + 1 / (e2 + 0.5)
        top = _poisson_top(e1) + _poisson_top(e2)
        self.top = top[:, None]
        self.constant = float((top - gammaln(e1 + 1) - gammaln(e2 + 1)).sum())

    def at(self, b: Array, a: Array) -> Terms:
        """Terms at effects and levels."""
        h, slopes, bends = -self.top, [], []
        for (e, log_t), half in zip(self.arms, (0.5, -0.5), strict=True):
            eta = a + half * b + log_t
            mean = np.exp(np.minimum(eta, 700.0))
            h = h + e * eta - mean
            slopes.append(e - mean)
            bends.append(mean)
        return _two_arms(h, slopes, bends)


def _two_arms(h: Array, slopes: list[Array], bends: list[Array]) -> Terms:
    both, apart = bends[0] + bends[1], bends[0] - bends[1]
    return Terms(h, (slopes[0] - slopes[1]) / 2, -both / 4, slopes[0] + slopes[1], -apart / 2, -both)
