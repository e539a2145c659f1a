"""Effects and variances -> pooled results. One kernel under every fit; pure arrays, no files, no pandas."""

from metarepro.pooling.fit import PooledFit, pool
from metarepro.pooling.heterogeneity import HeterogeneityInterval, Interval, heterogeneity_interval
from metarepro.pooling.subgroups import Subgroups, SubgroupTest, pool_subgroups

__all__ = [
    "HeterogeneityInterval",
    "Interval",
    "PooledFit",
    "SubgroupTest",
    "Subgroups",
    "heterogeneity_interval",
    "pool",
    "pool_subgroups",
]
