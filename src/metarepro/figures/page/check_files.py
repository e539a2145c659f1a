"""The gate: figures read back from their files, and everything that is not as it must be.

`faults.py` looks at a page before it is drawn. This looks at what lies on the disk, and knows nothing of how it was
made: the words and shapes of the SVG, the numbers of the CSV beside it, the text alternative, the fonts of the PDF.
"""

from __future__ import annotations

import csv
import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from metarepro.csv_output import as_meant
from metarepro.figures.page.check_page import SMALLEST_TEXT
from metarepro.figures.page.layout import LayoutError
from metarepro.figures.page.printed_numbers import unexplained

_SVG = "{http://www.w3.org/2000/svg}"
_POINT = re.compile(r"[ML]\s*(-?[\d.]+(?:e-?\d+)?)[ ,]+(-?[\d.]+(?:e-?\d+)?)")
# How far, in points, a mark may stand from where its number is: SVG rounds coordinates.
NEAR = 0.1
# Columns of a twin that hold what is printed rather than what was computed.
PRINTED = frozenset({"row", "page", "weight_printed"})
PLACED = frozenset({"square", "interval", "diamond"})
# Columns of a twin that hold words, even if these look like numbers (as a study called 1e5).
WORDS = frozenset({"row_kind", "label", "study_id", "group", "level", "panel"})
# Half the largest mark: how far a mark may reach beyond its axis.
LARGE = 8.0
_SIZE = re.compile(r"([\d.]+)px")
_DECIMAL = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?|-?inf", re.IGNORECASE)
Row = dict[str, str | float | None]


@dataclass(frozen=True)
class Word:
    """A text of a picture: its kind, its place, its size in points, the row of data it belongs to."""

    text: str
    kind: str
    x: float
    y: float
    size: float
    row: int | None


@dataclass(frozen=True)
class Shape:
    """A mark of a picture: its kind, its corners, the row of data it belongs to."""

    kind: str
    points: tuple[tuple[float, float], ...]
    row: int | None


@dataclass(frozen=True)
class Picture:
    """An SVG as read back."""

    title: str
    description: str
    words: tuple[Word, ...]
    shapes: tuple[Shape, ...]
    strange: tuple[str, ...] = ()


def read_picture(path: Path) -> Picture:
    """Read an SVG that `metarepro.figures.save` wrote."""
    root = ET.parse(path).getroot()
    words, shapes = [], []
    for group in root.iter(f"{_SVG}g"):
        kind = group.get("class", "")
        if not kind.startswith("mr-"):
            continue
        row = int(group.get("data-row", "-1"))
        for text in group.iter(f"{_SVG}text"):
            x, y = _place(group, text)
            size = float(m.group(1)) if (m := _SIZE.search(text.get("style", ""))) else math.nan
            words.append(Word("".join(text.itertext()), kind[3:], x, y, size, row if row >= 0 else None))
        for shape in group.iter(f"{_SVG}path"):
            points = tuple((float(x), float(y)) for x, y in _POINT.findall(shape.get("d", "")))
            shapes.append(Shape(kind[3:], points, row if row >= 0 else None))
    strange = _strange(root)
    title, description = (root.findtext(f"{_SVG}{name}") or "" for name in ("title", "desc"))
    return Picture(title, description, tuple(words), tuple(shapes), tuple(strange))


def _strange(root: ET.Element) -> list[str]:
    """What readers see and the gate would not: texts outside the groups it reads, and shapes that are moved."""
    groups = [g for g in root.iter(f"{_SVG}g") if g.get("class", "").startswith("mr-")]
    read = {id(t) for g in groups for t in g.iter(f"{_SVG}text")}
    found = [f"text {''.join(t.itertext())!r} is in no group" for t in root.iter(f"{_SVG}text") if id(t) not in read]
    parents = {child: parent for parent in root.iter() for child in parent}
    for path in (p for g in groups for p in g.iter(f"{_SVG}path")):
        above: ET.Element | None = path
        while above is not None and above.get("transform") is None:
            above = parents.get(above)
        if above is not None:
            found.append("a shape is moved by a transform")
    return found


def _place(group: ET.Element, text: ET.Element) -> tuple[float, float]:
    """Where a text is anchored."""
    if text.get("x"):
        return float(text.get("x", "nan")), float(text.get("y", "nan"))
    for element in (text, *group.iter(f"{_SVG}g")):
        if found := re.search(r"translate\((-?[\d.]+)[ ,]+(-?[\d.]+)", element.get("transform", "")):
            return float(found.group(1)), float(found.group(2))
    return math.nan, math.nan


def read_data_csv(path: Path) -> list[Row]:
    """Rows of the CSV beside a figure; numbers as numbers, texts as they were, nothing as None."""
    with path.open(encoding="utf-8", newline="") as file:
        return [{k: _value(k, v) for k, v in row.items() if k is not None} for row in csv.DictReader(file)]


def _value(name: str, text: str | None) -> str | float | None:
    if not text:
        return None
    return float(text) if name not in WORDS and _DECIMAL.fullmatch(text) else as_meant(text)


def check_files(stem: Path, numbers: Iterable[float] | None = None) -> list[str]:
    """Everything that is not as it must be with the files of a figure; empty when all is well.

    Parameters
    ----------
    stem : Path
        Path without ending, as given to `metarepro.figures.write_figure`.
    numbers : iterable of float, optional
        All numbers of the results; every number of the twin must be one of them (counts may also be sums).

    Returns
    -------
    list of str
    """
    found = [f"{stem.name}.{kind} is missing" for kind in ("svg", "csv", "alt.txt") if not _beside(stem, kind).exists()]
    if found:
        return found
    rows = read_data_csv(_beside(stem, "csv"))
    pages = [_beside(stem, "svg"), *_further_pages(stem)]
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
        from metarepro.figures.page.compare_with_canvas import compare_with_canvas

        found = compare_with_canvas(pages if isinstance(pages, list | tuple) else [pages], stem, dpi)
    if found:
        raise LayoutError(f"{len(found)} faults in the figure {stem.name}: " + "; ".join(found[:5]))


def _beside(stem: Path, kind: str) -> Path:
    return stem.with_name(f"{stem.name}.{kind}")


def _further_pages(stem: Path) -> Iterator[Path]:
    number = 2
    while (page := stem.with_name(f"{stem.name}-{number}.svg")).exists():
        yield page
        number += 1


def check_picture(picture: Picture, rows: list[Row]) -> list[str]:
    """What is wrong with one picture, given the rows of its twin."""
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
            found.append(f"text {word.text!r} has no row {word.row} in the twin")
        elif wrong := unexplained(word.text, by_number[word.row]):
            found.append(f"text {word.text!r} shows {wrong[0]}, which is no number of row {word.row}")
    return [*found, *_check_marks(picture, by_number), *_check_places(picture, by_number)]


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


def _check_places(picture: Picture, rows: dict[int, Row]) -> list[str]:
    """Whether squares, intervals and diamonds stand where their numbers are, by the labels of the axis below them."""
    axes = [s for s in picture.shapes if s.kind == "axis"]
    marks = [s for s in picture.shapes if s.kind in PLACED and s.row in rows]
    # Where several axes stand beside or below each other, only rows of panels say that the nearest below is theirs.
    if len(axes) > 1:
        marks = [m for m in marks if m.row is not None and rows[m.row].get("panel")]
    found: list[str] = []
    for axis in axes if all(_is_flat(a) for a in axes) else ():
        own = [m for m in marks if _axis_of(m, axes) is axis]
        labels = [w for w in picture.words if w.kind == "tick" and _names(w, axis, axes)]
        if not own or any(_number(w.text) is None for w in labels):
            continue
        scales = _scales(labels)
        if len(labels) > 1 and not scales:
            found.append("the labels of the axis stand on no linear or logarithmic scale")
        # Whether an axis is in percent, or logarithmic with two labels, is in no attribute: what fits best is taken.
        faults: list[list[str]] = [_misplaced(own, rows, scale, axis) for scale in scales]
        found += sorted(faults, key=len)[0] if faults else []
    return found


def _is_flat(axis: Shape) -> bool:
    ys = [y for _, y in axis.points]
    return bool(ys) and max(ys) - min(ys) < NEAR


def _ends(shape: Shape) -> tuple[float, float]:
    xs = [x for x, _ in shape.points]
    return min(xs), max(xs)


def _axis_of(mark: Shape, axes: list[Shape]) -> Shape | None:
    """The nearest axis below a mark that reaches under it; the only one there is."""
    if len(axes) == 1:
        return axes[0]
    left, right = _ends(mark)
    y = max(y for _, y in mark.points)
    below = [
        a for a in axes if a.points[0][1] >= y - NEAR and _ends(a)[0] - LARGE <= left and right <= _ends(a)[1] + LARGE
    ]
    return min(below, key=lambda a: a.points[0][1], default=None)


def _names(word: Word, axis: Shape, axes: list[Shape]) -> bool:
    """Whether a label belongs to an axis: close under it, between its ends."""
    left, right = _ends(axis)
    under = word.y - axis.points[0][1]
    return len(axes) == 1 or (left - NEAR <= word.x <= right + NEAR and 0 < under < 20)


def _misplaced(marks: list[Shape], rows: dict[int, Row], scale: _Scale, axis: Shape) -> list[str]:
    low_end, high_end = _ends(axis)
    found = []
    for shape in marks:
        row = rows[shape.row or 0]
        xs = [x for x, _ in shape.points]
        square = shape.kind == "square"
        places = [(min(xs) + max(xs)) / 2] if square else [min(xs), max(xs)]
        wanted = _named(row, "estimate") if square else _ends_of(shape.kind, row)
        if wanted and not any(_stand(places, [row[n] for n in names], scale, low_end, high_end) for names in wanted):
            found.append(f"{shape.kind} of row {shape.row} does not stand at {' or '.join(map(' and '.join, wanted))}")
    return found


def _ends_of(kind: str, row: Row) -> list[tuple[str, ...]]:
    """Columns at which a mark may end: of a pooled row a diamond shows the interval, a bar the prediction."""
    if row.get("row_kind") in ("pooled", "model"):
        own = "ci" if kind == "diamond" else "pi"
        return [names for names in _named(row, "low", "high") if names[0] == f"{own}_low"] or [("no such columns",)]
    return _named(row, "low", "high")


def _named(row: Row, *ends: str) -> list[tuple[str, ...]]:
    """Columns of a row that end in these words and start alike: ci_low with ci_high, printed_low with printed_high."""
    starts = [n.removesuffix(ends[0]) for n, v in row.items() if n.endswith(ends[0]) and isinstance(v, float)]
    found = [tuple(start + end for end in ends) for start in starts]
    return [names for names in found if all(isinstance(row.get(n), float) for n in names)]


@dataclass(frozen=True)
class _Scale:
    slope: float
    offset: float
    log: bool
    factor: float

    def place(self, value: float) -> float:
        shown = value * self.factor
        return self.offset + self.slope * (math.log(max(shown, 1e-300)) if self.log else shown)


def _scales(labels: list[Word]) -> list[_Scale]:
    """Linear and logarithmic scales on which all labels of an axis stand, for values as they are and in percent."""
    if len(labels) < 2:
        return []
    xs, values = np.array([w.x for w in labels]), np.array([_number(w.text) for w in labels], dtype=float)
    found = []
    for log in (False, True) if (values > 0).all() else (False,):
        shown = np.log(values) if log else values
        slope, offset = np.polyfit(shown, xs, 1)
        if np.abs(slope * shown + offset - xs).max() <= NEAR:
            found += [_Scale(float(slope), float(offset), log, factor) for factor in (1.0, 100.0)]
    return found


def _number(text: str) -> float | None:
    try:
        return float(text.replace("\u2212", "-").replace("\u00b7", "."))
    except ValueError:
        return None


def _stand(places: list[float], values: list[object], scale: _Scale, low_end: float, high_end: float) -> bool:
    if any(not isinstance(v, float) for v in values):
        return False
    wanted = [min(max(scale.place(v), low_end), high_end) for v in values if isinstance(v, float)]
    return all(abs(a - b) <= NEAR for a, b in zip(places, wanted, strict=True))


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
    """Whether every number of the twin is one of the results, to the last digit; counts of pooled rows may be sums."""
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


def numbers_of(record: object) -> Iterator[float]:
    """All numbers inside plain values (as JSON gives them), those written as words as well."""
    if isinstance(record, bool):
        return
    if isinstance(record, int | float):
        yield float(record)
    elif isinstance(record, str):
        # Cells of a user's column may be numbers.
        if _DECIMAL.fullmatch(record.strip()):
            yield float(record)
    elif isinstance(record, dict):
        for value in record.values():
            yield from numbers_of(value)
    elif isinstance(record, list | tuple):
        for value in record:
            yield from numbers_of(value)
