"""Sources and names: as many numbers as a source says, labels that a reader can read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from metarepro.evidence.dataset import Dataset
from metarepro.evidence.integrity.findings import Check, Finding, Texts, finding

# Ids of records and names of files: PMC5406618, NCT00768430, smith_2010.csv.
_NO_NAME = re.compile(r"(PMC|PMID|NCT|doi:?)[ _-]?\d[\w./-]*( \(.*\))?|\S+\.(csv|xlsx?|pdf|tsv)", re.I)


def check_sources(dataset: Dataset, _text: Texts) -> Iterator[Finding]:
    """Numbers that a source says were read and entered, against the rows of the tables of numbers."""
    entered = Counter(row.source_id for row in dataset.number_rows)
    for source in dataset.sources.values():
        if source.numbers_entered is not None and source.numbers_entered != entered[source.source_id]:
            message = (
                f"{source.numbers_entered} numbers are said to be entered, and {entered[source.source_id]} rows of the "
                "tables of numbers name this source."
            )
            said = str(source.numbers_entered)
            yield finding("W046", "warning", source, "numbers_entered", said, message, "entry", "source_count")
        if source.numbers_read is not None and source.numbers_read < entered[source.source_id]:
            message = f"{source.numbers_read} numbers were read, but {entered[source.source_id]} entered."
            said = str(source.numbers_read)
            yield finding("W046", "warning", source, "numbers_read", said, message, "entry", "source_count")


def check_names(dataset: Dataset, _text: Texts) -> Iterator[Finding]:
    """Labels that name a record or a file, not a study."""
    for study in dataset.studies.values():
        if study.label and _NO_NAME.fullmatch(study.label.strip()):
            message = (
                f"The label {study.label!r} is the id of a record or the name of a file, which tells a reader nothing. "
                "Fix: authors and year, or a short description."
            )
            yield finding("W047", "warning", study, "label", study.label, message, "entry", "label_is_id")


CHECKS: tuple[Check, ...] = (check_sources, check_names)
