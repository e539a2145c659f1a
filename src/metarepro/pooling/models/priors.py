"""Prior distributions of tau, the standard deviation between studies, for `metarepro.bayes`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from metarepro.errors import ConfigError, DataError
from metarepro.pooling.kernel import Array

LogDensity = Callable[..., Array]


@dataclass(frozen=True)
class Family:
    """A family of priors: its log density in tau, how it is named, and how heavy its tail is.

    Attributes
    ----------
    log_density : callable
        Of log tau and the parameters; given so, because tau may be smaller than any number.
    phrase : str
        The prior in words, with its parameters.
    tail : callable
        Of the parameters: a, where the density falls like tau^(-a); infinite where it falls faster than any power.
    bounded : str
        Name of the parameter that ends the range of tau; empty if there is none.
    at_zero : float
        Whether the density at tau = 0 is 0, something between (1), or infinite.
    """

    log_density: LogDensity
    phrase: str
    tail: Callable[..., float]
    bounded: str = ""
    at_zero: float = 1.0


def _half_normal(u: Array, scale: float) -> Array:
    return 0.5 * math.log(2 / math.pi) - math.log(scale) - 0.5 * np.exp(2 * (u - math.log(scale)))


def _half_t(u: Array, df: float, scale: float) -> Array:
    norm = math.lgamma((df + 1) / 2) - math.lgamma(df / 2) - 0.5 * math.log(df * math.pi)
    # log(1 + tau^2/(df scale^2)) without an overflow.
    heavy = np.logaddexp(0, 2 * (u - math.log(scale)) - math.log(df))
    return math.log(2) + norm - math.log(scale) - (df + 1) / 2 * heavy


def _uniform(u: Array, upper: float) -> Array:
    return np.where(u <= math.log(upper), -math.log(upper), -np.inf)


def _exponential(u: Array, rate: float) -> Array:
    return math.log(rate) - rate * np.exp(u)


def _log_normal(u: Array, meanlog: float, sdlog: float) -> Array:
    # Of tau^2: log tau^2 = 2u, and d(2u)/dtau = 2/tau.
    z = (2 * u - meanlog) / sdlog
    return -0.5 * z * z - math.log(sdlog) - 0.5 * math.log(2 * math.pi) + math.log(2) - u


def _log_t(u: Array, df: float, location: float, scale: float) -> Array:
    norm = math.lgamma((df + 1) / 2) - math.lgamma(df / 2) - 0.5 * math.log(df * math.pi)
    z = (2 * u - location) / scale
    return norm - math.log(scale) - (df + 1) / 2 * np.log1p(z * z / df) + math.log(2) - u


_FAST = math.inf
FAMILIES: dict[str, Family] = {
    "half-normal": Family(_half_normal, "half-normal({scale:g})", lambda scale: _FAST),
    "half-t": Family(_half_t, "half-t({df:g} df, {scale:g})", lambda df, scale: df + 1),
    "half-cauchy": Family(lambda u, scale: _half_t(u, 1.0, scale), "half-Cauchy({scale:g})", lambda scale: 2.0),
    "uniform": Family(_uniform, "uniform(0, {upper:g})", lambda upper: _FAST, "upper"),
    "exponential": Family(_exponential, "exponential(rate {rate:g})", lambda rate: _FAST),
    "log-normal tau2": Family(
        _log_normal, "log-normal({meanlog:g}, {sdlog:g}) of tau2", lambda meanlog, sdlog: _FAST, at_zero=0.0
    ),
    "log-t tau2": Family(
        _log_t, "log-t({df:g} df, {location:g}, {scale:g}) of tau2", lambda df, location, scale: 1.0, at_zero=math.inf
    ),
}  # fmt: skip


@dataclass(frozen=True)
class TauPrior:
    """A prior of tau: a family with its parameters, or a density of one's own."""

    family: str
    parameters: tuple[tuple[str, float], ...] = ()
    own: Callable[[Array], Array] | None = None
    log_mass: float = 0.0

    @property
    def given(self) -> Mapping[str, float]:
        """The parameters by name."""
        return dict(self.parameters)

    @property
    def upper(self) -> float:
        """End of the range of tau."""
        name = FAMILIES[self.family].bounded if self.own is None else "upper"
        return self.given.get(name, math.inf)

    @property
    def tail(self) -> float:
        """a, where the density falls like tau^(-a)."""
        if self.own is None:
            return FAMILIES[self.family].tail(**self.given)
        return _FAST if math.isfinite(self.upper) else self.given["tail"]

    @property
    def at_zero(self) -> float:
        """Whether the density at tau = 0 is 0, something between (1), or infinite."""
        return FAMILIES[self.family].at_zero if self.own is None else 1.0

    def log_density(self, u: Array) -> Array:
        """Log density of tau at tau = exp(u)."""
        if self.own is None:
            return FAMILIES[self.family].log_density(u, **self.given)
        with np.errstate(divide="ignore"):
            inside = np.asarray(self.own(np.exp(u)), dtype=np.float64)
            return np.where(u <= math.log(self.upper), np.log(inside) - self.log_mass, -np.inf)

    def __str__(self) -> str:
        return FAMILIES[self.family].phrase.format(**self.given) if self.own is None else "a density of one's own"


def _prior(family: str, **parameters: float) -> TauPrior:
    found: list[tuple[str, float]] = []
    for name, value in parameters.items():
        free = name in ("meanlog", "location")
        number = not isinstance(value, bool) and isinstance(value, int | float | np.number) and math.isfinite(value)
        if not number or not (free or value > 0):
            allowed = "a number" if free else "a number above 0"
            raise ConfigError(f"{name} = {value!r} of the {family} prior must be {allowed}.")
        found.append((name, float(value)))
    return TauPrior(family, tuple(found))


def half_normal(scale: float) -> TauPrior:
    """Half-normal: |z| times `scale`, z standard normal. 0.5 is usual for log ratios and SMD (Rover et al. 2021).

    Examples
    --------
    >>> print(half_normal(0.5))
    half-normal(0.5)
    """
    return _prior("half-normal", scale=scale)


def half_cauchy(scale: float) -> TauPrior:
    """Half-Cauchy: half of the tau are below `scale`; its heavy tail lets a few studies say little of tau.

    Examples
    --------
    >>> print(half_cauchy(0.5))
    half-Cauchy(0.5)
    """
    return _prior("half-cauchy", scale=scale)


def half_t(df: float, scale: float) -> TauPrior:
    """Half-t with `df` degrees of freedom.

    Examples
    --------
    >>> print(half_t(4, 0.5))
    half-t(4 df, 0.5)
    """
    return _prior("half-t", df=df, scale=scale)


def uniform(upper: float) -> TauPrior:
    """Uniform from 0 to `upper`.

    Examples
    --------
    >>> print(uniform(2))
    uniform(0, 2)
    """
    return _prior("uniform", upper=upper)


def exponential(rate: float) -> TauPrior:
    """Exponential with mean 1/`rate`.

    Examples
    --------
    >>> print(exponential(2))
    exponential(rate 2)
    """
    return _prior("exponential", rate=rate)


def log_normal_tau2(meanlog: float, sdlog: float) -> TauPrior:
    """Log-normal of tau2: log tau2 has mean `meanlog` and standard deviation `sdlog` (Turner et al. 2012).

    Examples
    --------
    >>> print(log_normal_tau2(-2.56, 1.74))
    log-normal(-2.56, 1.74) of tau2
    """
    return _prior("log-normal tau2", meanlog=meanlog, sdlog=sdlog)


def log_t_tau2(df: float, location: float, scale: float) -> TauPrior:
    """Log-t of tau2: (log tau2 - location)/scale is t with `df` degrees of freedom (Rhodes et al. 2015).

    Examples
    --------
    >>> print(log_t_tau2(5, -3.44, 2.59))
    log-t(5 df, -3.44, 2.59) of tau2
    """
    return _prior("log-t tau2", df=df, location=location, scale=scale)


def own(density: Callable[[Array], Array], upper: float = math.inf, tail: float = 2.0) -> TauPrior:
    """A density of one's own, of tau; it need not integrate to 1.

    Parameters
    ----------
    density : callable
        Takes an array of tau and returns the density there.
    upper : float
        End of the range of tau.
    tail : float
        a, where the density falls like tau^(-a): which posterior moments exist depends on it.

    Raises
    ------
    DataError
        The density has no mass, or its mass is infinite, or it is negative or not a number somewhere.

    Examples
    --------
    >>> import numpy as np
    >>> print(own(lambda tau: np.exp(-tau)))
    a density of one's own
    """
    limits = {"upper": upper, "tail": tail}
    for name, value in limits.items():
        if not value > 0:
            raise ConfigError(f"{name} = {value!r} of a prior of one's own must be a number above 0.")
    x, w = np.polynomial.legendre.leggauss(16)
    edges = np.linspace(-60.0, min(60.0, math.log(upper)), 481)
    half = np.diff(edges)[:, None] / 2
    u = (edges[:-1, None] + half) + half * x
    with np.errstate(all="ignore"):
        values = np.asarray(density(np.exp(u)), dtype=np.float64)
    if values.shape != u.shape or not np.isfinite(values).all() or (values < 0).any():
        raise DataError("The prior density of tau must be a number of 0 or more for every tau. Fix: mend the function.")
    mass = float((values * np.exp(u) * half * w).sum())
    end = float((values[-1] * np.exp(u[-1])).max())
    if not (math.isfinite(mass) and mass > 0):
        raise DataError("The prior density of tau has no mass. Fix: a density that is above 0 somewhere.")
    if math.isinf(upper) and end > 1e-6 * mass:
        raise DataError("The prior density of tau does not integrate. Fix: give upper, where its range ends.")
    return TauPrior("own", tuple(limits.items()), density, math.log(mass))


# Predictive distributions of tau2 in the meta-analyses of the Cochrane Database, where nothing is said of the outcome:
# log odds ratios (Turner et al. 2012, doi:10.1093/ije/dys041) and standardized mean differences (Rhodes, Turner &
# Higgins 2015, doi:10.1016/j.jclinepi.2014.08.012).
EMPIRICAL: Mapping[str, TauPrior] = {
    "turner_general": log_normal_tau2(-2.56, 1.74),
    "rhodes_general": log_t_tau2(5.0, -3.44, 2.59),
}


def read_prior(prior: Any) -> TauPrior:
    """A prior that was given.

    Raises
    ------
    ConfigError
        It is none.
    """
    if isinstance(prior, TauPrior):
        return prior
    raise ConfigError(
        f"prior_tau = {prior!r} is no prior. Allowed: metarepro.priors.half_normal(0.5), half_cauchy, half_t, uniform, "
        "exponential, log_normal_tau2, log_t_tau2, own."
    )
