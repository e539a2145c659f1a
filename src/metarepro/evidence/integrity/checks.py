"""All integrity checks over a dataset."""

from __future__ import annotations

from metarepro.evidence.dataset import Dataset
from metarepro.evidence.integrity import (
    arm_checks,
    bias_checks,
    contrast_checks,
    count_checks,
    entry_checks,
    input_checks,
    role_checks,
    score_checks,
    source_checks,
)
from metarepro.evidence.integrity.findings import Finding, Printed, Texts, place

# Each has a tuple of checks; a further one is a function there, and a row in `codes.WARNINGS`.
MODULES = (
    count_checks,
    score_checks,
    contrast_checks,
    arm_checks,
    entry_checks,
    role_checks,
    bias_checks,
    source_checks,
    input_checks,
)


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
    found = [f for module in MODULES for check in module.CHECKS for f in check(dataset, text)]
    # A count over the other arm's size is also above its own arm's size: said once.
    exchanged = {(f.file, f.line) for f in found if f.code == "W024"}
    # An SD that its scale has no room for is said to be so; it says no more of a variance or of skew.
    too_large = {(f.file, f.line) for f in found if f.code == "W015"}
    kept = [
        f
        for f in found
        if not (f.code == "W025" and (f.file, f.line) in exchanged)
        and not (f.code in ("W042", "W044") and (f.file, f.line) in too_large)
    ]
    return tuple(sorted(dict.fromkeys(kept), key=place))
