"""All integrity checks over a dataset."""

from __future__ import annotations

from metarepro.evidence.dataset import Dataset
from metarepro.evidence.integrity import (
    arm_checks,
    contrast_checks,
    count_checks,
    entry_checks,
    role_checks,
    score_checks,
)
from metarepro.evidence.integrity.findings import Finding, Printed, Texts, place


def check_integrity(dataset: Dataset, printed: Printed | None = None) -> tuple[Finding, ...]:
    """What does not fit in the tables, sorted by place; the same for the same tables.

    A finding is no verdict on a study: most are misprints, roundings or missing explanations. Rows that are not chosen
    are checked, too, since a finding is about what a source printed. The tables hold no mean and SD of a yes-no
    variable, so that DEBIT (`granularity.debit`) is not run here.

    Parameters
    ----------
    dataset : Dataset
    printed : mapping, optional
        Texts of cells as written, by (file, line) and column; those of `dataset` if left out. Where a text is not
        known it is rebuilt from the number, which only makes checks milder: `10.9` stands for more values than `10.90`.
    """
    printed = dataset.printed if printed is None else printed
    text = Texts(printed)
    found = [
        *count_checks.check_percentages(dataset),
        *count_checks.check_claims(dataset),
        *count_checks.check_printed_counts(dataset),
        *count_checks.check_sizes(dataset),
        *count_checks.check_remission(dataset),
        *count_checks.check_totals(dataset),
        *count_checks.check_visits(dataset),
        *count_checks.check_studies(dataset, text),
        *score_checks.check_granularity(dataset, text),
        *score_checks.check_ranges(dataset, text),
        *score_checks.check_sd_or_se(dataset, text),
        *score_checks.check_sd_or_variance(dataset, text),
        *score_checks.check_differences(dataset, text),
        *contrast_checks.check_effects(dataset, text),
        *arm_checks.check_against_arms(dataset, text),
        *entry_checks.check_entry(dataset, text),
        *role_checks.check_roles(dataset),
    ]
    # A count over the other arm's size is also above its own arm's size: said once.
    exchanged = {(f.file, f.line) for f in found if f.code == "W024"}
    # An SD that its scale has no room for is said to be so; that it may be a variance is one of the reasons.
    too_large = {(f.file, f.line) for f in found if f.code == "W015"}
    kept = [
        f
        for f in found
        if not (f.code == "W025" and (f.file, f.line) in exchanged)
        and not (f.code == "W042" and (f.file, f.line) in too_large)
    ]
    return tuple(sorted(dict.fromkeys(kept), key=place))
