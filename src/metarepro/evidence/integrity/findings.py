"""What a check says about a row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from metarepro.evidence.dataset import Dataset
from metarepro.evidence.integrity.printed import MAX_DECIMALS, decimals_of, text_of
from metarepro.evidence.tables import Row

Severity = Literal["warning", "note"]
Printed = Mapping[tuple[str, int], Mapping[str, str]]


@dataclass(frozen=True)
class Finding:
    """One thing that does not fit, with its place. It says nothing about how it came about.

    Attributes
    ----------
    code : str
        Stable code of `WARNINGS`.
    severity : str
        `warning`: hardly right as printed; `note`: may be right, and a reader should know.
    study_id : str
        Study, or the review of a pooled result.
    table : str
        Name of the table.
    file : str
        File as the user knows it.
    line : int
        Physical line, from 1.
    column : str
        Name of the column.
    value : str
        The value as written.
    message : str
        What does not fit, and what it would have to be.
    reference : str
        Paper of the check.
    check : str
        Name of the check.
    accepted : str
        Why the configuration accepts it; empty if it does not.
    """

    code: str
    severity: Severity
    study_id: str
    table: str
    file: str
    line: int
    column: str
    value: str
    message: str
    reference: str
    check: str
    accepted: str = ""


REFERENCES: dict[str, str] = {
    "grim": "Brown & Heathers 2017, doi:10.1177/1948550616673876",
    "grimmer": "Anaya 2016, doi:10.7287/peerj.preprints.2400v1",
    "range": "Bhatia & Davis 2000, doi:10.1080/00029890.2000.12005203",
    "se": "Cochrane Handbook 6.5.2.2, doi:10.1002/9781119536604.ch6",
    "interval": "Altman & Bland 2011, doi:10.1136/bmj.d2090",
    "p": "Altman & Bland 2011, doi:10.1136/bmj.d2304",
    "baseline": "Austin 2009, doi:10.1002/sim.3697",
    "trial": "Mol et al. 2023 (TRACT checklist), doi:10.1186/s41073-023-00130-8",
    "entry": "Broman & Woo 2018, doi:10.1080/00031305.2017.1375989",
    "skew": "Altman & Bland 1996, doi:10.1136/bmj.313.7066.1200",
    "bias": "Sterne et al. 2019, doi:10.1136/bmj.l4898",
    "overlap": "Cochrane Handbook 4.6.2, doi:10.1002/9781119536604.ch4",
}


class Texts:
    """Texts of cells: as printed where they are known, else rebuilt from the numbers."""

    def __init__(self, printed: Printed | None = None) -> None:
        self._printed = printed or {}

    def __call__(self, row: Row, column: str) -> str:
        """The text of one cell; empty when the cell is."""
        known = self._printed.get((row.file, row.line), {}).get(column)
        value = getattr(row, column)
        if known is not None and _says(known, value):
            text = known.strip()
            # More decimals than the checks take are those of a computed number.
            return text if decimals_of(text) <= MAX_DECIMALS else text_of(round(float(text), MAX_DECIMALS))
        if value is None:
            return ""
        return text_of(value) if isinstance(value, float) else str(value)


# A check: what it finds in the tables, with the texts of their cells.
Check = Callable[[Dataset, Texts], Iterator[Finding]]


def _says(text: str, value: object) -> bool:
    """Whether a text is that of the value: a number that was changed since it was read has no printed text."""
    if not isinstance(value, int | float):
        return value is not None and text == str(value)
    try:
        return float(text) == value
    except ValueError:
        return False


def finding(
    code: str,
    severity: Severity,
    row: Row,
    column: str,
    value: str,
    message: str,
    source: str,
    check: str,
    study_id: str = "",
) -> Finding:
    """A finding about one cell of a row."""
    study = study_id or str(getattr(row, "study_id", "") or getattr(row, "review_id", ""))
    return Finding(
        code, severity, study, row.table, row.file, row.line, column, value, message, REFERENCES[source], check
    )


def place(found: Finding) -> tuple[str, int, str, str, str]:
    """What findings are sorted by."""
    return found.file, found.line, found.column, found.code, found.message
