"""The gate: figures read back from their files, and everything that is not as it must be.

`check_page` looks at a page before it is drawn. This looks at what lies on the disk, and knows nothing of how it was
made: the words and shapes of the SVG, the numbers of the CSV beside it, the text alternative, the fonts of the PDF.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from metarepro.figures.page.check_page import SMALLEST_TEXT
from metarepro.figures.page.compare_with_canvas import compare_with_canvas
from metarepro.figures.page.layout import LayoutError
from metarepro.figures.page.printed_numbers import unexplained
from metarepro.figures.page.read_back import Picture, Row, read_data_csv, read_picture

# Columns that hold what is printed rather than what was computed.
PRINTED = frozenset({"row", "page", "weight_printed"})


def check_files(stem: Path, numbers: Iterable[float] | None = None) -> list[str]:
    """Everything that is not as it must be with the files of a figure; empty when all is well.

    Parameters
    ----------
    stem : Path
        Path without ending, as given to `metarepro.figures.write_figure`.
    numbers : iterable of float, optional
        All numbers of the results; every number of the CSV must be one of them (counts may also be sums).

    Returns
    -------
    list of str
    """
    found = [f"{stem.name}.{kind} is missing" for kind in ("svg", "csv", "alt.txt") if not _beside(stem, kind).exists()]
    if found:
        return found
    rows = read_data_csv(_beside(stem, "csv"))
    pages = [_beside(stem, "svg"), *further_pages(stem)]
    for number, page in enumerate(pages, 1):
        own = [r for r in rows if r.get("page", number) == number]
        found += [f"{page.name}: {fault}" for fault in check_picture(read_picture(page), own)]
    if not _beside(stem, "alt.txt").read_text(encoding="utf-8").strip():
        found.append(f"{stem.name}.alt.txt is empty")
    if _beside(stem, "pdf").exists():
        pdf = _beside(stem, "pdf").read_bytes()
        faults = _check_fonts(pdf)
        if (count := len(re.findall(rb"/Type\s*/Page\b", pdf))) != len(pages):
            faults.append(f"{count} pages, but {len(pages)} pictures")
        found += [f"{stem.name}.pdf: {fault}" for fault in faults]
    found += [f"{stem.name}.csv: {fault}" for fault in _check_weights(rows)]
    if numbers is not None:
        found += [f"{stem.name}.csv: {fault}" for fault in _check_numbers(rows, numbers)]
    return found


def demand_files(stem: Path, numbers: Iterable[float] | None = None, pages: Any = None, dpi: int | None = None) -> None:
    """Raise LayoutError with the first faults of a figure's files, if there are any.

    With the figures that were written (`pages`, one or a list) the files are compared with what was drawn, too.
    """
    found = check_files(stem, numbers)
    if pages is not None and not found:
        found = compare_with_canvas(pages if isinstance(pages, list | tuple) else [pages], stem, dpi)
    if found:
        raise LayoutError(f"{len(found)} faults in the figure {stem.name}: " + "; ".join(found[:5]))


def _beside(stem: Path, kind: str) -> Path:
    return stem.with_name(f"{stem.name}.{kind}")


def further_pages(stem: Path) -> Iterator[Path]:
    """Pictures of the second page and those after it."""
    number = 2
    while (page := stem.with_name(f"{stem.name}-{number}.svg")).exists():
        yield page
        number += 1


def check_picture(picture: Picture, rows: list[Row]) -> list[str]:
    """What is wrong with one picture, given the rows of its data."""
    found = list(picture.strange)
    if not picture.title.strip() or not picture.description.strip():
        found.append("title or description is missing")
    if not picture.words:
        found.append("no text is kept as text")
    by_number = {int(n): r for r in rows if isinstance(n := r.get("row"), float)}
    for word in picture.words:
        if word.size < SMALLEST_TEXT:
            found.append(f"text {word.text!r} has {word.size:g} pt, less than {SMALLEST_TEXT:g}")
        if word.row is None:
            continue
        if word.row not in by_number:
            found.append(f"text {word.text!r} has no row {word.row} in the CSV")
        elif wrong := unexplained(word.text, by_number[word.row]):
            found.append(f"text {word.text!r} shows {wrong[0]}, which is no number of row {word.row}")
    return [*found, *_check_marks(picture, by_number)]


def _check_marks(picture: Picture, rows: dict[int, Row]) -> list[str]:
    """Whether each study with an estimate has its words, and a square or an arrow."""
    shown = {(s.row, s.kind) for s in picture.shapes}
    said = {w.row for w in picture.words}
    found = []
    for number, row in rows.items():
        if row.get("row_kind") == "study" and isinstance(row.get("estimate"), float) and "weight" in row:
            if not {(number, "square"), (number, "arrow")} & shown:
                found.append(f"row {number} has no mark")
            if number not in said:
                found.append(f"row {number} has no words")
    return found


def _check_fonts(pdf: bytes) -> list[str]:
    found = []
    if b"/FontFile2" not in pdf:
        found.append("no TrueType font is embedded")
    if b"/Type3" in pdf:
        found.append("a Type 3 font is embedded")
    return found


def _check_weights(rows: list[Row]) -> list[str]:
    """Whether the printed weights of the studies sum to 100.0; all are 0 where nothing is pooled."""
    printed = [v for r in rows if r.get("row_kind") == "study" and isinstance(v := r.get("weight_printed"), float)]
    total = sum(round(10 * v) for v in printed)
    return [] if total in (0, 1000) else [f"the printed weights sum to {total / 10:.1f}"]


def _check_numbers(rows: list[Row], numbers: Iterable[float]) -> list[str]:
    """Whether every number of the CSV is one of the results, to the last digit; counts of pooled rows may be sums."""
    known = {x for x in numbers if math.isfinite(x)}
    used = [r for r in rows if r.get("row_kind") == "study" and isinstance(r.get("estimate"), float)]
    found = []
    for row in rows:
        members = [r for r in used if row.get("group") in (None, r.get("group"))]
        for name, value in row.items():
            if not isinstance(value, float) or name in PRINTED or not math.isfinite(value) or value in known:
                continue
            own = [v for r in members if isinstance(v := r.get(name), float)]
            if not (row.get("row_kind") == "pooled" and value.is_integer() and value == sum(own)):
                found.append(f"{name} = {value!r} of {row.get('label') or 'a row'} is no number of the results")
    return found
