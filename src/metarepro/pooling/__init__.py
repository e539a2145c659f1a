"""Effects and variances -> pooled results. One kernel under every fit; pure arrays, no files, no pandas."""

from typing import TYPE_CHECKING

from metarepro._lazy import lazy

if TYPE_CHECKING:
    from metarepro.pooling.counts import mantel_haenszel, peto
    from metarepro.pooling.counts_result import CountsFit
    from metarepro.pooling.engine import set_engine
    from metarepro.pooling.fit import PooledFit
    from metarepro.pooling.glmm_result import GlmmFit
    from metarepro.pooling.heterogeneity import HeterogeneityInterval, Interval, heterogeneity_interval
    from metarepro.pooling.models.glmm import glmm
    from metarepro.pooling.pool_effects import pool
    from metarepro.pooling.regression import MetaRegression, meta_regression
    from metarepro.pooling.subgroups import Subgroups, SubgroupTest, between_subgroups, pool_subgroups

__getattr__ = lazy(
    __name__,
    {
        "CountsFit": "metarepro.pooling.counts_result",
        "mantel_haenszel": "metarepro.pooling.counts",
        "peto": "metarepro.pooling.counts",
        "set_engine": "metarepro.pooling.engine",
        "GlmmFit": "metarepro.pooling.glmm_result",
        "glmm": "metarepro.pooling.models.glmm",
        "MetaRegression": "metarepro.pooling.regression",
        "meta_regression": "metarepro.pooling.regression",
        "between_subgroups": "metarepro.pooling.subgroups",
        "PooledFit": "metarepro.pooling.fit",
        "pool": "metarepro.pooling.pool_effects",
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
    "GlmmFit",
    "HeterogeneityInterval",
    "Interval",
    "MetaRegression",
    "PooledFit",
    "SubgroupTest",
    "Subgroups",
    "between_subgroups",
    "glmm",
    "heterogeneity_interval",
    "mantel_haenszel",
    "meta_regression",
    "peto",
    "pool",
    "pool_subgroups",
    "set_engine",
]
