"""One door to all conversions: from what papers print to the numbers that effect sizes are made of."""

from metarepro.effects.arm_conversions import (
    change_from_baseline,
    combine_arms,
    combine_counts,
    correlation_from_change,
    endpoint_from_change,
    events_from_percent,
    sd_change,
)
from metarepro.effects.converted import (
    CombinedCounts,
    Converted,
    ConvertedCount,
    ConvertedEffect,
    ConvertedEndpoint,
    ConvertedMean,
    ConvertedQuantiles,
    SkewnessTest,
)
from metarepro.effects.effect_conversions import (
    log_hr_from_ci,
    log_hr_from_events,
    log_hr_from_logrank,
    log_hr_from_p,
    log_or_from_smd,
    r_from_smd,
    smd_from_f,
    smd_from_log_or,
    smd_from_r,
    smd_from_t,
)
from metarepro.effects.quantiles import mean_sd_from_quantiles, quantiles_look_skewed
from metarepro.effects.sd_conversions import (
    sd_from_ci,
    sd_from_se,
    sd_pooled_from_ci,
    sd_pooled_from_f,
    sd_pooled_from_p,
    sd_pooled_from_se,
    sd_pooled_from_t,
)

__all__ = [
    "CombinedCounts", "Converted", "ConvertedCount", "ConvertedEffect", "ConvertedEndpoint", "ConvertedMean",
    "ConvertedQuantiles", "SkewnessTest", "change_from_baseline", "combine_arms", "combine_counts",
    "correlation_from_change", "endpoint_from_change", "events_from_percent", "log_hr_from_ci", "log_hr_from_events",
    "log_hr_from_logrank", "log_hr_from_p", "log_or_from_smd", "mean_sd_from_quantiles", "quantiles_look_skewed",
    "r_from_smd", "sd_change", "sd_from_ci", "sd_from_se", "sd_pooled_from_ci", "sd_pooled_from_f",
    "sd_pooled_from_p", "sd_pooled_from_se", "sd_pooled_from_t", "smd_from_f", "smd_from_log_or", "smd_from_r",
    "smd_from_t",
]  # fmt: skip
