"""Effects and variances -> pooled results. One kernel under every fit; pure arrays, no files, no pandas."""

from typing import TYPE_CHECKING

from metarepro._lazy import lazy

if TYPE_CHECKING:
    from metarepro.pooling.counts import CountsFit, mantel_haenszel, peto
    from metarepro.pooling.fit import PooledFit, pool
    from metarepro.pooling.heterogeneity import HeterogeneityInterval, Interval, heterogeneity_interval
    from metarepro.pooling.subgroups import Subgroups, SubgroupTest, pool_subgroups

__getattr__ = lazy(
    __name__,
    {
        "CountsFit": "metarepro.pooling.counts",
        "mantel_haenszel": "metarepro.pooling.counts",
        "peto": "metarepro.pooling.counts",
        "PooledFit": "metarepro.pooling.fit",
        "pool": "metarepro.pooling.fit",
        "HeterogeneityInterval": "metarepro.pooling.heterogeneity",
        "Interval": "metarepro.pooling.heterogeneity",
        "heterogeneity_interval": "metarepro.pooling.heterogeneity",
        "SubgroupTest": "metarepro.pooling.subgroups",
        "Subgroups": "metarepro.pooling.subgroups",
        "pool_subgroups": "metarepro.pooling.subgroups",
    },
)
__all__ = [
    "CountsFit",
    "HeterogeneityInterval",
    "Interval",
    "PooledFit",
    "SubgroupTest",
    "Subgroups",
    "heterogeneity_interval",
    "mantel_haenszel",
    "peto",
    "pool",
    "pool_subgroups",
]
