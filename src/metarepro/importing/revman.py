"""Files of Review Manager (RevMan), the program of Cochrane reviews -> a project.

Two formats are read, each as it was found in public files:

- RevMan 5 files (``.rm5``), XML with the root ``COCHRANE_REVIEW``. Seen: the review "Antibiotics for sore throat"
  (CD000023.pub4) in github.com/IEBH/revman-replicant, test/data/antibiotics-for-sore-throat.rm5, for studies, subgroups
  and counts. That analyses of other kinds are ``CONT_``, ``IV_``, ``IPD_`` and ``OTHER_OUTCOME``, that ``IV_`` and
  ``IPD_OUTCOME`` name their effect measure in an element of its own, and the attributes ``MEAN_1``, ``SD_1``,
  ``ESTIMATE``, ``SE``, ``O_E`` and ``VAR`` of their data, was seen in public programs that read such files.
- The analysis data that RevMan Web exports and the Cochrane Library offers with its reviews: ``<id>-data-rows.csv``,
  and beside it ``<id>-overall-estimates-and-settings.csv``. Columns and words as in the documentation of the public
  data collection github.com/mahmood789/Pairwise70 and in public programs that read or write these files.

Cochrane's own descriptions: RevMan 5 user guide, and https://documentation.cochrane.org/revman-kb.
"""

from __future__ import annotations

from pathlib import Path

from metarepro.errors import DataError, Problem
from metarepro.evidence.bias_tools import BIAS_TOOLS
from metarepro.evidence.reader import MAX_BYTES
from metarepro.figures.page.fonts import undrawable
from metarepro.importing.project import ImportedProject
from metarepro.importing.revman_account import left_out_csv, with_account
from metarepro.importing.revman_config import make_config
from metarepro.importing.revman_csv import ROWS, beside_file, read_csv
from metarepro.importing.revman_package import files_of
from metarepro.importing.revman_review import Review
from metarepro.importing.revman_tables import NUMBERS, Tables, make_tables
from metarepro.importing.revman_xml import read_xml

# Bytes that XML can start with, in the encodings that name themselves.
_XML = (b"<", b"\xff\xfe<", b"\xfe\xff\x00<", b"<\x00", b"\x00<")
_SHOWN_AT_MOST = 40


def read_revman(path: Path) -> ImportedProject:
    """Read a file of RevMan 5 or the data rows of RevMan Web; its content decides which of them it is.

    Parameters
    ----------
    path : Path

    Returns
    -------
    ImportedProject

    Raises
    ------
    DataError
        E001: no such file, or too large. E040: no RevMan export. E041: something in it cannot be used. Other codes: a
        broken CSV table.
    """
    shown = path.name
    raw = _read(path, shown)
    start = raw[:100].removeprefix(b"\xef\xbb\xbf").lstrip()
    review = read_xml(raw, shown) if start.startswith(_XML) else _tables(raw, path, shown)
    made = make_tables(review, _drawable)
    title = review.title or "Imported review"
    config = make_config(made, _drawable(title))
    files = {"left-out.csv": left_out_csv(made.left_out)} if made.left_out else {}
    return with_account(ImportedProject(title, made.rows, config, tuple(_notes(made)), files), made)


def _tables(raw: bytes, path: Path, shown: str) -> Review:
    """A review from its tables: beside each other in a folder, or in a package."""
    if not raw.startswith(b"PK\x03\x04"):
        return read_csv(raw, path.name, beside_file(path), shown)
    files = files_of(raw, shown)
    rows = [name for name in files if name.endswith(ROWS)]
    if len(rows) != 1:
        what = f"the package holds {len(rows) or 'no'} tables of data rows (...{ROWS})"
        details = ("Allowed: the data package that RevMan Web exports.", "Fix: if it is a workbook of your own: "
                   f"metarepro import table {shown}")  # fmt: skip
        raise DataError([Problem("E040", what, shown, details=details)])
    stem = rows[0].removesuffix(ROWS)
    return read_csv(files[rows[0]], rows[0], lambda ending: files.get(stem + ending), shown)


def _read(path: Path, shown: str) -> bytes:
    try:
        if not path.is_file():
            raise FileNotFoundError
        size = path.stat().st_size
        if size > MAX_BYTES:
            what = f"the file has {size:,} bytes; at most {MAX_BYTES:,} are read"
            raise DataError([Problem("E001", what, shown)])
        return path.read_bytes()
    except OSError as error:
        what = "there is no such file" if isinstance(error, FileNotFoundError) else f"cannot be read: {error.strerror}"
        raise DataError([Problem("E001", what, shown)]) from None


def _drawable(text: str) -> str:
    """The text with a question mark for each character that the figures' fonts lack."""
    while character := undrawable(text):
        text = text.replace(character, "?")
    return text


def _notes(made: Tables) -> list[str]:
    kinds = {part.outcome.kind for part in made.parts}
    notes = [
        f"Read: {made.review.shown}, a {made.review.kind}. All numbers are those entered in the review (level: "
        "secondary), not read in the studies' own reports.",
        "Each study is taken as randomised, with parallel groups; RevMan does not say.",
        "RevMan holds no times of measurement; `timepoint_h` is empty.",
        *made.review.notes,
    ]
    if "means" in kinds:
        notes.append("Means are taken as scores at the end (statistic: endpoint); RevMan does not say whether they are "
                     "changes. Their rating scales are not named either.")  # fmt: skip
    notes.append("Texts, tables and excluded studies of the review are not carried over.")
    if made.bias_tool is not None:
        tool = made.bias_tool
        called = tool.name if tool.id in BIAS_TOOLS else "the domains of the review, under risk_of_bias in config.yaml"
        judged = len(made.rows["risk_of_bias"])
        notes.append(f"Risk of bias: {judged} of {len(made.rows['studies'])} studies are judged ({called}).")
    footnotes = sum("footnote" in row for name in NUMBERS for row in made.rows[name])
    if footnotes:
        notes.append(f"Footnotes stand in the column `footnote` of {footnotes} rows.")
    for what, where in made.said.items():
        more = f" and {len(where) - _SHOWN_AT_MOST} more" if len(where) > _SHOWN_AT_MOST else ""
        notes.append(f"{what}: {'; '.join(where[:_SHOWN_AT_MOST])}{more}.")
    return notes
