"""metarepro: meta-analysis from extracted trial data, exact and reproducible.

>>> import metarepro as mr
>>> es = mr.effect_sizes("RR", e1=[4, 6], n1=[123, 306], e2=[11, 29], n2=[139, 303])
>>> fit = mr.pool(es.yi, es.vi, tau2="DL", ci="z")
>>> round(es.to_display(fit.beta), 3)
0.256
"""

from metarepro.effects import EffectSizes, effect_sizes
from metarepro.errors import ConfigError, DataError, MetareproError
from metarepro.pooling import (
    HeterogeneityInterval,
    PooledFit,
    Subgroups,
    heterogeneity_interval,
    pool,
    pool_subgroups,
)

__version__ = "0.1.0"
__all__ = [
    "ConfigError",
    "DataError",
    "EffectSizes",
    "HeterogeneityInterval",
    "MetareproError",
    "PooledFit",
    "Subgroups",
    "effect_sizes",
    "heterogeneity_interval",
    "pool",
    "pool_subgroups",
]
